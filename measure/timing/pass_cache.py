"""The pass cache: prepared passes are stored for later rounds, as far as memory allows."""

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

#: Most bytes that a process stores, and the largest share of free memory that all processes store.
#: The passes of the largest layer of the standard profile take 334 MiB.
MAX_BYTES, FREE_SHARE = 3 * 2**27, 1 / 3


class PassCache:
    """Prepares passes, or returns those of an earlier round.

    To draw a case's weights and inputs takes a tenth of its measuring time, most of it for memory
    that is touched for the first time. So cases share modules and inputs where they can. Their
    addresses stay the same within a process and differ between processes.

    Parameters
    ----------
    most
        Most bytes to store. The first passes are stored: each round uses all of them once, in a new
        order, so none is needed sooner than others. By default `MAX_BYTES`, or this process's part
        of `FREE_SHARE` of the free memory if that is less.
    processes
        Number of processes that store passes at the same time.
    """

    def __init__(self, most: float | None = None, *, processes: int = 1) -> None:
        self._most = (
            min(MAX_BYTES, FREE_SHARE / processes * free_memory()) if most is None else most
        )
        self._passes: dict[tuple[Case, int, bool], Pass] = {}
        self._stored_bytes = 0.0  # without sharing
        self._modules: dict[Hashable, nn.Module] = {}
        self._rows: dict[Hashable, tuple[Tensor, ...]] = {}

    def __call__(self, case: Case, seed: int = 0, *, zeros: bool = False) -> Pass:
        """Return a prepared pass, as `workload.prepare_pass` does."""
        key, size = (case, seed, zeros), persistent_bytes(case)
        if key in self._passes:
            return self._passes[key]
        # Compiling a case discards the compiled code of the previous one.
        if (
            self._stored_bytes + size > self._most
            or size >= LARGE_BYTES
            or "compile" in case.options
        ):
            return prepare_pass(case, seed, zeros=zeros)
        made = prepare_pass(case, seed, zeros=zeros, module=self._module, inputs=self._inputs)
        self._passes[key] = made
        self._stored_bytes += size
        return made

    def _module(self, case: Case, seed: int) -> nn.Module:
        """Return a case's module, shared with cases that have the same `Layer.module_key`."""
        key = (_kind(case, seed), get(case.layer).module_key(case.sizes))
        if key not in self._modules:
            self._modules[key] = module_of(case, seed)
        return self._modules[key]

    def _inputs(self, case: Case, seed: int) -> tuple[Tensor, ...]:
        """Return a case's inputs, views of longer ones that repeat the same row.

        Only unit-normal numbers, batch first, are shared: token ids depend on the vocabulary.
        """
        if not get(case.layer).has_plain_inputs:
            return inputs_of(case, seed)
        like = inputs_of(case, seed, "meta")
        key = (_kind(case, seed), tuple(row_length(x.shape) for x in like))
        rows = self._rows.get(key)
        if rows is None or any(len(row) < x.numel() for row, x in zip(rows, like, strict=True)):
            rows = tuple(x.flatten() for x in inputs_of(case, seed))
            self._rows[key] = rows
        return tuple(row[: x.numel()].view(x.shape) for row, x in zip(rows, like, strict=True))


def _kind(case: Case, seed: int) -> Hashable:
    """Return what cases must have in common to share weights or inputs."""
    return case.layer, case.device, case.dtype, case.mode, case.batch, seed
