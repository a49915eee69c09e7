"""Processes that a user's module starts while the command imports it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ending_children() -> Iterator[None]:
    """End at the end of a block the children of this process that were started in it, on Linux."""
    from ..measure import children_of

    before = children_of(os.getpid())
    try:
        yield
    finally:
        if not {*children_of(os.getpid())} <= {*before}:
            from ..measure import end_children

            end_children(keep=before)
