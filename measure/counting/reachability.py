"""Reachability: which outputs depend on which inputs, and through how many operations.

Dependence is found by changing numbers. Every operation of a pass is run twice more, on numbers of
magnitude 1, the second time with changes to those that a signal from one position has reached;
outputs that differ are reached too, later by the operation's own steps. Zeros and infinities are
not changed, so a mask, a padding or a zero weight stops the signal; nothing else does, and unlike a
gradient it does not vanish on a long path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from math import inf
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._pytree import tree_flatten, tree_leaves, tree_map_only, tree_unflatten
from torch.utils.weak import WeakTensorKeyDictionary

from ...layers import Layer, Shape, Sizes, n
from .aten_operations import operation_name
from .critical_path import count_steps
from .dispatch_mode import DispatchMode, unfused
from .flops import outputs_of
from .operation_call import tensors
from .reach_substitutes import SUBSTITUTES
from .user_rules import rules_read_once

#: Differences below this share of the largest number count as rounding.
_ROUNDING = 1e-11


#: Operations that draw random numbers, which must be the same with and without changes.
_RANDOM = frozenset({"native_dropout", "rrelu_with_noise", "bernoulli", "multinomial", "normal"})

#: Operations that are views, although PyTorch does not mark them as such.
_VIEWS = frozenset({"_unsafe_view", "unsafe_split", "transpose"})


class ReachabilityTracer(DispatchMode):
    """Trace a signal through what runs inside it, number by number, along the shortest path.

    It must run on real tensors in float64, since their numbers are changed and compared.

    Parameters
    ----------
    seed
        Seed of the changes.
    """

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self._random = torch.Generator().manual_seed(seed)
        self._steps = WeakTensorKeyDictionary()

    def steps(self, x: Tensor) -> Tensor:
        """Return the fewest operations until the signal reaches each number; infinite if never.

        The result has the tensor's strides, and a view of the tensor has a view of it, so writes to
        one apply to the other.
        """
        if x not in self._steps:
            never = torch.empty_strided(x.shape, x.stride(), dtype=torch.float64)
            self._steps[x] = never.fill_(inf)
        known: Tensor = self._steps[x]
        return known

    def dispatch(self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run one operation and record which outputs the signal reaches, and when."""
        if func.is_view or operation_name(func) in _VIEWS:
            seen, how = tree_map_only(Tensor, self.steps, (args, kwargs))
            out = func(*args, **kwargs)
            for x, known in zip(tree_leaves(out), tree_leaves(func(*seen, **how)), strict=True):
                self._steps[x] = known
            return out
        given, form = tree_flatten((args, kwargs))
        arrivals = self._arrivals(func, args, kwargs)
        times = sorted({time for each in arrivals for time in each.flatten().tolist()} - {inf})
        alike = [self._alike(x) for x in given] if times else []

        again: Callable[..., Any] = SUBSTITUTES.get(operation_name(func), func)

        def run(leaves: Iterable[Any]) -> list[Tensor]:
            if operation_name(func) in _RANDOM:
                torch.default_generator.manual_seed(0)
            positional, named = tree_unflatten(leaves, form)
            return tensors(again(*positional, **named))

        out = func(*args, **kwargs)
        made = tensors(out)
        reached = [torch.full(x.shape, inf, dtype=torch.float64) for x in made]
        unchanged = run(map(_copied, alike)) if times else []
        for time in reversed(times):  # the earliest last, so that it remains
            changed = run(self._changed(alike, arrivals, time))
            for x, other, when in zip(unchanged, changed, reached, strict=True):
                when[_differ(x, other)] = time
        for x, when in zip(made, reached, strict=True):
            self.steps(x).copy_(when)
        return out

    def _arrivals(
        self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[Tensor]:
        """Return when the signal would reach the output through each argument's numbers."""
        nothing = torch.tensor([inf])
        return [
            self.steps(x) + count_steps(func, place, args, kwargs)
            if isinstance(x, Tensor) and _has_numbers(x)
            else nothing
            for place, given in enumerate([*args, *kwargs.values()])
            for x in tree_leaves(given)
        ]

    def _alike(self, x: Any) -> Any:
        """Return numbers of magnitude 1 with the same signs or phases, zeros and infinities."""
        if not isinstance(x, Tensor) or not _has_numbers(x):
            return _copied(x)
        return torch.where(x.isfinite(), x.sgn() * self._numbers(x), x)

    def _changed(
        self, given: Sequence[Any], arrivals: Sequence[Tensor], time: float
    ) -> Iterator[Any]:
        """Yield the arguments with those numbers changed that the signal has reached by a time."""
        for x, arrived in zip(given, arrivals, strict=True):
            if (here := arrived <= time).any():
                sign = torch.where(x == 0, 1.0, x.sgn())
                yield torch.where(here & x.isfinite(), sign * self._numbers(x), x)
            else:
                yield _copied(x)

    def _numbers(self, x: Tensor) -> Tensor:
        return torch.rand(x.shape, generator=self._random, dtype=torch.float64) + 0.5


def _has_numbers(x: Tensor) -> bool:
    return x.is_floating_point() or x.is_complex()


def _copied(x: Any) -> Any:
    """Copy a tensor: an operation in place writes to it."""
    return x.clone() if isinstance(x, Tensor) else x


def _differ(x: Tensor, other: Tensor) -> Tensor:
    """Return where two outputs differ by more than rounding."""
    if not _has_numbers(x) or not x.numel():
        return x != other
    largest = torch.nan_to_num(other, posinf=0.0, neginf=0.0).abs().max()
    return (x - other).abs() > _ROUNDING * largest


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
                for x, shape in zip(given, layer.inputs.values(), strict=True):
                    if n in shape:
                        signal.steps(x).select(1 + _axis(shape), start).fill_(0.0)
            elif any(x.shape != below.shape for x in given):
                raise ValueError(f"layer {layer.name!r} does not fit on the layer below it")
            else:
                given = (below,) * len(given)
            with signal:
                outputs = outputs_of(module, given)
            below = next((x for x in outputs if x.shape == given[0].shape), outputs[0])
            axes = _position_axes(layer, sizes, outputs)
        yield _soonest(signal, outputs, axes)


def _soonest(
    signal: ReachabilityTracer, outputs: Sequence[Tensor], axes: Sequence[int | None]
) -> Tensor:
    """Return when the signal first arrives at each position of any output: (n,)."""
    placed = [(x, axis) for x, axis in zip(outputs, axes, strict=True) if axis is not None]
    arrived = [
        signal.steps(x).amin([other for other in range(x.dim()) if other != axis])
        for x, axis in placed or [(x, 1) for x in outputs if x.dim() > 1]
    ]
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
    """Return the axis of the positions, without the batch; for n × n scores that of the keys."""
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
