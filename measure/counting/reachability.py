"""Reachability: which outputs depend on which inputs, and through how many operations.

Dependence is found by changing numbers. Every operation of a pass is run twice more, on numbers of
magnitude 1, the second time with changes to those that a signal from one position has reached;
outputs that differ are reached too, later by the operation's own steps. Zeros and infinities are
not changed, so a mask, a padding or a zero weight stops the signal; nothing else does, and unlike a
gradient it does not vanish on a long path.

The signal enters at a position of the inputs that have positions: of the numbers, or of the whole
numbers where no input of numbers has positions. Token ids are not computed with, so their path
begins at the first numbers that depend on them: the rows of an embedding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from math import inf

import torch
from torch import Tensor

from ...layers import InputTensor, Layer, Shape, Sizes, n, subs
from .dispatch_mode import unfused
from .flops import outputs_of
from .reachability_tracer import ReachabilityTracer
from .user_rules import rules_read_once


@dataclass(frozen=True)
class Path:
    """The shortest path of a signal between two positions.

    Parameters
    ----------
    layers
        Number of stacked layers.
    steps
        Number of operations on the path.
    """

    layers: int
    steps: int


def shortest_path(
    stack: Layer | Iterable[Layer], sizes: Sizes, start: int = 0, end: int = -1
) -> Path | None:
    """Find the shortest path from a position of the input to one of the output.

    Vaswani et al. 2017, section 4: the length of the paths that signals have to traverse in the
    network. If one layer does not connect the positions, more are stacked.

    Parameters
    ----------
    stack
        One layer, stacked as often as needed, or a finite stack from the lowest on, such as
        convolutions with growing dilation.
    sizes
        Sizes of every layer.
    start, end
        The positions, counted from 0, or from the end if negative.

    Returns
    -------
    Path, or None where the signal never arrives.

    Raises
    ------
    ValueError
        If the output of a layer does not fit the inputs of the next.
    NotImplementedError
        As `critical_path.longest_chain` does.

    Examples
    --------
    >>> from layerlaw import layers
    >>> shortest_path(layers.get("lstm"), {"n": 20, "d": 8}).steps  # 2n + 5
    45
    """
    if isinstance(stack, Layer):
        return _shortest(stack, tuple(sizes.items()), start, end)
    return _way(stack, sizes, start, end, alike=False)


@lru_cache(maxsize=2**10)  # callers ask for the path and its number of layers separately
def _shortest(
    layer: Layer, sizes: tuple[tuple[str, int], ...], start: int, end: int
) -> Path | None:
    return _way(repeat(layer), dict(sizes), start, end, alike=True)


def _way(
    layers: Iterable[Layer], sizes: Sizes, start: int, end: int, *, alike: bool
) -> Path | None:
    before = 1  # the position itself
    for depth, arrived in enumerate(_arrivals(layers, sizes, start), 1):
        if (steps := float(arrived[end])) < inf:
            return Path(depth, int(steps))
        reached = int((arrived < inf).sum())
        if alike and reached in (0, before):
            return None  # further layers of the same kind reach no more
        before = reached
    return None


def layers_needed(stack: Layer | Iterable[Layer], sizes: Sizes) -> int | None:
    """Count the stacked layers after which the last position depends on the first.

    Arguments and errors are those of `shortest_path`; None if it never does.

    Examples
    --------
    >>> from layerlaw import layers
    >>> layers_needed(layers.get("conv"), {"n": 20, "d": 8, "k": 5})  # ⌈2·19/4⌉
    10
    """
    path = shortest_path(stack, sizes)
    return path.layers if path else None


def furthest_position(layer: Layer, sizes: Sizes) -> int:
    """Return the furthest output position, counted from 0, that depends on the first input."""
    reached = next(_arrivals([layer], sizes, 0)) < inf
    return int(reached.nonzero().max())


def reach(layer: Layer, sizes: Sizes) -> Tensor:
    """Return whether each output position (row) depends on each input position (column)."""
    length = layer.resolve(sizes)["n"]
    columns = [next(_arrivals([layer], sizes, start)) < inf for start in range(length)]
    return torch.stack(columns, dim=1)


def _arrivals(layers: Iterable[Layer], sizes: Sizes, start: int) -> Iterator[Tensor]:
    """Yield, after each layer of a stack, when the signal arrives at each position: (n,)."""
    signal, below = ReachabilityTracer(), None
    for layer in layers:
        with _traceable():
            module = layer.build(sizes).double().eval()
            given = layer.make_inputs(sizes, dtype=torch.float64)
            if below is None:
                _enter(signal, given, layer, sizes, start)
            else:
                given = _above(below, layer, given)
            with signal:
                outputs = outputs_of(module, given)
            below = next((x for x in outputs if x.shape == given[0].shape), outputs[0])
            axes = _position_axes(layer, sizes, outputs)
        yield _soonest(signal, outputs, axes)


def _enter(
    signal: ReachabilityTracer, given: Sequence[Tensor], layer: Layer, sizes: Sizes, start: int
) -> None:
    """Let the signal enter the numbers that have positions, or else the whole numbers."""
    pairs = zip(given, layer.input_tensors, strict=True)
    placed = [(x, one) for x, one in pairs if n in one.shape]
    numbers = [(x, one) for x, one in placed if one.kind == "float"]
    for x, one in numbers or [(x, one) for x, one in placed if one.kind == "int"]:
        if one.kind == "int":
            _make_unequal(x, one, layer.resolve(sizes))
        signal.enter(x, _axis(one.shape), start)


def _make_unequal(x: Tensor, what: InputTensor, sizes: Sizes) -> None:
    """Have two whole numbers that differ, so that there is one to change another to."""
    below = int(subs(what.below, sizes)) if what.below is not None else 1
    if what.value is None and x.numel() > 1 and x.min() == x.max() and (x.max() > 0 or below > 1):
        x.view(-1)[-1] = 0 if x.max() > 0 else 1


def _above(below: Tensor, layer: Layer, given: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Return the inputs of a layer on top of another; those that are no numbers stay the same."""
    plain = [one.is_plain for one in layer.input_tensors]
    numbers = [x for x, fits in zip(given, plain, strict=True) if fits]
    if not numbers or any(x.shape != below.shape for x in numbers):
        raise ValueError(f"layer {layer.name!r} does not fit on the layer below it")
    return tuple(below if fits else x for x, fits in zip(given, plain, strict=True))


def _soonest(
    signal: ReachabilityTracer, outputs: Sequence[Tensor], axes: Sequence[int | None]
) -> Tensor:
    """Return when the signal first arrives at each position of any output: (n,)."""
    placed = [(x, axis) for x, axis in zip(outputs, axes, strict=True) if axis is not None]
    arrived = [
        signal.steps(x).amin([other for other in range(x.dim()) if other != axis])
        for x, axis in placed or [(x, 1) for x in outputs if x.dim() > 1]
    ]
    if not arrived:
        raise ValueError("its output has no positions")
    longest = max(map(len, arrived))
    return torch.stack([each for each in arrived if len(each) == longest]).amin(0)


def _position_axes(layer: Layer, sizes: Sizes, outputs: Sequence[Tensor]) -> list[int | None]:
    """Return the axis of the positions of each output, batch included; None where it has none.

    Of outputs after the first only the shapes are known: an axis that grows with n has positions.
    """
    first = 1 + _axis(layer.output) if n in layer.output else None
    if len(outputs) == 1:
        return [first]
    full = layer.resolve(sizes)
    device = "meta" if layer.runs_on_meta else "cpu"
    longer = {**sizes, "n": 2 * full["n"]}
    with torch.device(device):
        module = layer.build(longer).double().eval()
    given = layer.make_inputs(longer, dtype=torch.float64, device=device)
    others = outputs_of(module, given)
    grown = [
        [axis for axis in range(1, x.dim()) if y.shape[axis] > x.shape[axis]]
        for x, y in zip(outputs, others, strict=True)
    ]
    return [first, *(max(axes, default=None) for axes in grown[1:])]


def _axis(shape: Shape) -> int:
    """Return the axis of the positions; for n × n scores that of the keys."""
    return max(axis for axis, side in enumerate(shape) if side == n)


@contextmanager
def _traceable() -> Iterator[None]:
    """Fix the seed of weights, make tensors in float64 and decompose fused kernels in a block.

    Tensors are small: a second thread only waits, and where processors are busy for milliseconds.
    """
    precision, threads = torch.get_default_dtype(), torch.get_num_threads()
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]), torch.no_grad(), unfused(), rules_read_once():
        # `torch.manual_seed` seeds all devices, which takes 1 ms.
        torch.default_generator.manual_seed(0)
        try:
            yield
        finally:
            torch.set_default_dtype(precision)
            torch.set_num_threads(threads)
