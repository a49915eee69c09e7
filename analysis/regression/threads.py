"""One thread for the algebra of fits.

OpenBLAS, which comes with NumPy and SciPy, begins a thread for each core. Matrices of a law are so
small that the threads mostly wait for one another, and each core is busy with that. torch's
libraries are left as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Let OpenBLAS take one thread, and as many as before afterwards."""
    with _openblas().limit(limits=1):
        yield


@cache  # to look through all libraries that are loaded takes milliseconds
def _openblas() -> ThreadpoolController:
    return ThreadpoolController().select(internal_api="openblas")
