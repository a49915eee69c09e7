"""Passes that were made ready, kept for later rounds as far as memory allows."""

from __future__ import annotations

from .budget import LARGE, free_memory, standing_bytes
from .case import Case
from .modes import Pass
from .workload import prepare

#: Bytes that a process keeps at most, and share of what is free as it begins. The largest of the
#: standard profile's layers has passes of 334 MiB.
MOST, SHARE = 3 * 2**27, 1 / 32


class Kept:
    """Makes passes ready, or gives those of an earlier round.

    To draw a case's weights and inputs takes a tenth of the time in which it is measured. Where
    they lie in memory stays the same in a process, and differs from one to the next.

    Parameters
    ----------
    most
        Bytes to keep, those that come first: each round has all of them once, in another order, so
        none is wanted sooner than others. By default `MOST`, or `SHARE` of what is free where that
        is less.
    """

    def __init__(self, most: float | None = None) -> None:
        self._most = min(MOST, SHARE * free_memory()) if most is None else most
        self._passes: dict[tuple[Case, int, bool], Pass] = {}
        self._held = 0.0

    def __call__(self, case: Case, seed: int = 0, *, zeros: bool = False) -> Pass:
        """As `workload.prepare`."""
        key = case, seed, zeros
        if key in self._passes:
            return self._passes[key]
        made, size = prepare(case, seed, zeros=zeros), standing_bytes(case)
        # What one case is compiled to, torch forgets as it compiles the next.
        if self._held + size <= self._most and size < LARGE and "compile" not in case.options:
            self._passes[key] = made
            self._held += size
        return made
