"""A cache of passes that are ready to be timed, for later rounds, as far as memory allows."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from ...layers import get, row_length
from ..cases import LARGE_BYTES, Case, persistent_bytes
from ..host import free_memory
from .modes import Pass
from .workload import inputs_of, module_of, prepare_pass

if TYPE_CHECKING:
    from torch import Tensor, nn

#: Bytes that a process keeps at most, and share of what is free that all keep together at most.
#: The largest of the standard profile's layers has passes of 334 MiB.
MAX_BYTES, FREE_SHARE = 3 * 2**27, 1 / 3


class PassCache:
    """Makes passes ready, or gives those of an earlier round.

    To draw a case's weights and inputs takes a tenth of the time in which it is measured, and most
    of that is memory that is touched for the first time. So those that can share a module or their
    inputs do. Where they lie in memory stays the same in a process, and differs from one to the
    next.

    Parameters
    ----------
    most
        Bytes to keep, those that come first: each round has all of them once, in another order, so
        none is wanted sooner than others. By default `MAX_BYTES`, or its part of a `FREE_SHARE` of
        what is free where that is less.
    processes
        How many keep passes at the same time.
    """

    def __init__(self, most: float | None = None, *, processes: int = 1) -> None:
        self._most = (
            min(MAX_BYTES, FREE_SHARE / processes * free_memory()) if most is None else most
        )
        self._passes: dict[tuple[Case, int, bool], Pass] = {}
        self._held = 0.0  # as if nothing were shared
        self._modules: dict[Hashable, nn.Module] = {}
        self._rows: dict[Hashable, tuple[Tensor, ...]] = {}

    def __call__(self, case: Case, seed: int = 0, *, zeros: bool = False) -> Pass:
        """As `workload.prepare_pass`."""
        key, size = (case, seed, zeros), persistent_bytes(case)
        if key in self._passes:
            return self._passes[key]
        # What one case is compiled to, torch forgets as it compiles the next.
        if self._held + size > self._most or size >= LARGE_BYTES or "compile" in case.options:
            return prepare_pass(case, seed, zeros=zeros)
        made = prepare_pass(case, seed, zeros=zeros, module=self._module, inputs=self._inputs)
        self._passes[key] = made
        self._held += size
        return made

    def _module(self, case: Case, seed: int) -> nn.Module:
        """Give a module, that of another case where the sizes in which they differ play no part."""
        key = (_kind(case, seed), get(case.layer).module_key(case.sizes))
        if key not in self._modules:
            self._modules[key] = module_of(case, seed)
        return self._modules[key]

    def _inputs(self, case: Case, seed: int) -> tuple[Tensor, ...]:
        """Give inputs; where they repeat a row, those of other cases begin with the same.

        Words are others for another vocabulary.
        """
        if get(case.layer).token_inputs:
            return inputs_of(case, seed)
        like = inputs_of(case, seed, "meta")
        key = (_kind(case, seed), tuple(row_length(x.shape) for x in like))
        rows = self._rows.get(key)
        if rows is None or any(len(row) < x.numel() for row, x in zip(rows, like, strict=True)):
            rows = tuple(x.flatten() for x in inputs_of(case, seed))
            self._rows[key] = rows
        return tuple(row[: x.numel()].view(x.shape) for row, x in zip(rows, like, strict=True))


def _kind(case: Case, seed: int) -> Hashable:
    """Say what cases have to have in common to share weights or inputs."""
    return case.layer, case.device, case.dtype, case.mode, case.batch, seed
