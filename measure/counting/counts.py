"""Counts of layers: FLOPs, parameters, sequential operations, path length, at small sizes.

Counts have no noise, so a few small sizes determine their laws, whatever sizes are measured.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import torch

from ...layers import Layer, LayerError, Sizes, get
from ...messages import error_message
from ..cases import FLOPS, PARAMETERS, PATH_LENGTH, SEQUENTIAL_OPS, Case, Measurement
from ..workers import TASK_SECONDS, Sandbox
from .critical_path import longest_chain
from .flops import count_flops
from .reachability import shortest_path

SizesByAxis = Mapping[str, tuple[int, ...]]

#: Sizes at which FLOPs and parameters are counted. Lengths are powers of two, so that logarithms
#: are whole; the widths are multiples of the usual number of heads, kernels and windows are odd,
#: chunks divide the length. Four widths distinguish a square from other functions.
COUNTED_SIZES: SizesByAxis = {
    **{"n": (2, 4, 8, 16, 32), "d": (4, 8, 12, 16), "k": (3, 5, 7)},
    **{"r": (3, 5, 7), "c": (1, 2, 4, 8), "V": (4, 6, 8), "N": (2, 4, 6)},
}

#: Sizes at which sequential operations are counted: they rarely depend on widths and kernels.
DEPTHS: SizesByAxis = {**COUNTED_SIZES, "d": (4, 8), "k": (3, 5)}

#: Sizes at which path lengths are counted: over very few positions there may be shorter paths.
PATHS: SizesByAxis = {
    **{"n": (4, 8, 16), "d": (4,), "k": (3,)},
    **{"r": (3,), "c": (1, 2), "V": (4,), "N": (2,)},
}

#: The candidate sizes of each metric.
GRIDS: Mapping[str, SizesByAxis] = {
    FLOPS.name: COUNTED_SIZES,
    PARAMETERS.name: COUNTED_SIZES,
    SEQUENTIAL_OPS.name: DEPTHS,
    PATH_LENGTH.name: PATHS,
}

#: The metrics that are counted, in the order in which `count` gives them.
COUNTED = tuple(GRIDS)

#: Sizes of other axes.
_OTHER = (2, 4, 6)


def count_parameters(layer: Layer, sizes: Sizes) -> int:
    """Count the learnt numbers of a layer.

    Examples
    --------
    >>> from layerlaw import layers
    >>> count_parameters(layers.get("rnn"), {"n": 20, "d": 8})  # 2·d²
    128
    """
    with torch.device("meta"):
        return sum(weight.numel() for weight in layer.build(sizes).parameters())


def path_length(layer: Layer, sizes: Sizes) -> int | None:
    """Count the operations on the shortest path from the first position to the last, or None."""
    path = shortest_path(layer, sizes)
    return path.steps if path else None


def counting_grid(layer: Layer, candidates: SizesByAxis = COUNTED_SIZES) -> list[dict[str, int]]:
    """List the sizes at which a layer is counted: all combinations that the layer allows."""
    steps = (layer.in_units(axis, candidates.get(axis, _OTHER)) for axis in layer.axes)
    every = (dict(zip(layer.axes, sizes, strict=True)) for sizes in itertools.product(*steps))
    return [sizes for sizes in every if _fits(layer, sizes)]


def _fits(layer: Layer, sizes: Sizes) -> bool:
    try:
        layer.resolve(sizes)
    except ValueError:
        return False
    return True


def count(
    cases: Iterable[Case],
    *,
    process: int = 0,
    seconds: float = TASK_SECONDS,
    memory: float | None = None,
) -> Iterator[list[Measurement]]:
    """Count FLOPs, parameters, sequential operations and path length of the layers of cases.

    Parameters
    ----------
    cases
        The cases of a run. Each layer is counted at the sizes of `GRIDS` instead of theirs, once
        for each device, dtype, number of threads and batch that occurs. Modes other than
        ``forward`` and cases with options are not counted.
    process
        Number of the process, which the measurements are stored under.
    seconds
        Most seconds that a user's layer may take for one metric.
    memory
        Most bytes that it may take; None as for `Sandbox`.

    Yields
    ------
    list of Measurement
        For each such case all of `COUNTED`, with one value each, in round 0. Counts that are 0 (the
        parameters of attention) or infinite (the path of a dense layer) are left out. If counting
        fails there is one measurement whose status is ``error``.
    """
    plain = (replace(case, sizes={}) for case in cases if case.mode == "forward")
    with Sandbox(seconds, memory, [__name__]) as sandbox:
        for case in dict.fromkeys(one for one in plain if not one.options):
            yield [replace(one, process=process) for one in _of_layer(case, sandbox)]


def _of_layer(case: Case, sandbox: Sandbox) -> Iterator[Measurement]:
    """Count one layer at all sizes of its grid."""
    for metric in COUNTED:
        try:
            yield from sandbox.ask(case.layer, partial(_of_metric, case, metric))
        except LayerError as error:
            first = counting_grid(get(case.layer), GRIDS[metric])[0]
            yield _uncounted(replace(case, sizes=first), metric, error)


def _of_metric(case: Case, metric: str) -> list[Measurement]:
    """Count one metric, up to the first size that fails."""
    layer = get(case.layer)
    made: list[Measurement] = []
    for sizes in counting_grid(layer, GRIDS[metric]):
        at = replace(case, sizes=sizes)
        try:
            value = _value(layer, metric, at)
        except Exception as error:  # a layer may do what meta tensors do not support
            return [*made, _uncounted(at, metric, error)]
        if value:
            made.append(Measurement(at, 0, 0, (float(value),), metric=metric))
    return made


def _uncounted(case: Case, metric: str, error: Exception) -> Measurement:
    why = f"it cannot be counted: {error_message(error)}"
    return Measurement(case, 0, 0, (), "error", why, metric)


def _value(layer: Layer, metric: str, case: Case) -> int | None:
    if metric == FLOPS.name:
        return count_flops(layer, case.sizes, batch=case.batch)
    counters = {
        PARAMETERS.name: count_parameters,
        SEQUENTIAL_OPS.name: longest_chain,
        PATH_LENGTH.name: path_length,
    }
    return counters[metric](layer, case.sizes)
