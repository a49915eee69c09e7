"""Limit OpenBLAS to one thread while a law is fitted.

OpenBLAS, which comes with NumPy and SciPy, starts a thread for each core. A law's matrices are so
small that these threads mostly wait for one another, which keeps every core busy. torch's libraries
are not affected.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit OpenBLAS to one thread within the block."""
    with _openblas().limit(limits=1):
        yield


@cache  # searching all loaded libraries takes milliseconds
def _openblas() -> ThreadpoolController:
    return ThreadpoolController().select(internal_api="openblas")
