"""Passes that were made ready, kept for later rounds as far as memory allows."""

from __future__ import annotations

from collections import OrderedDict

from .budget import LARGE, free_memory, standing_bytes
from .case import Case
from .modes import Pass
from .workload import prepare

#: Bytes that a process keeps at most, and share of what is free as it begins.
MOST, SHARE = 2**28, 1 / 32


class Kept:
    """Makes passes ready, or gives those of an earlier round.

    To draw a case's weights and inputs takes a tenth of the time in which it is measured. Where
    they lie in memory stays the same in a process, and differs from one to the next.

    Parameters
    ----------
    most
        Bytes to keep; those that were used least recently go first. By default `MOST`, or `SHARE`
        of what is free where that is less.
    """

    def __init__(self, most: float | None = None) -> None:
        self._most = min(MOST, SHARE * free_memory()) if most is None else most
        self._passes: OrderedDict[tuple[Case, int, bool], Pass] = OrderedDict()
        self._held = 0.0

    def __call__(self, case: Case, seed: int = 0, *, zeros: bool = False) -> Pass:
        """As `workload.prepare`."""
        key = case, seed, zeros
        if key in self._passes:
            self._passes.move_to_end(key)
            return self._passes[key]
        made = prepare(case, seed, zeros=zeros)
        # What one case is compiled to, torch forgets as it compiles the next.
        if standing_bytes(case) < LARGE and "compile" not in case.options:
            self._passes[key] = made
            self._held += standing_bytes(case)
            while self._held > self._most:
                (oldest, _, _), _ = self._passes.popitem(last=False)
                self._held -= standing_bytes(oldest)
        return made
