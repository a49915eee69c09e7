"""Processes that a user's module starts while the command imports it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def ending_children() -> Iterator[None]:
    """End at the end of a block the children of this process that were started in it, on Linux."""
    before = _children()
    try:
        yield
    finally:
        if _children() - before:
            from ..measure import end_children

            end_children(keep=before)


def _children() -> set[int]:
    """Return the ids of this process's children; empty where the system does not list them."""
    found: set[int] = set()
    for thread in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended
            found |= {*map(int, thread.read_text().split())}
    return found
