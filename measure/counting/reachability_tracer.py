"""The tracer of reachability: how a signal goes through the operations of a pass.

Every operation is run twice more, on numbers of magnitude 1, the second time with changes to those
that the signal has reached; outputs that differ are reached too, later by its own steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import inf
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._pytree import tree_flatten, tree_leaves, tree_map_only, tree_unflatten
from torch.utils.weak import WeakTensorKeyDictionary

from .aten_operations import operation_name
from .critical_path import count_steps
from .dispatch_mode import DispatchMode
from .operation_call import tensors
from .reach_substitutes import SUBSTITUTES

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
        self._tokens = WeakTensorKeyDictionary()  # whole numbers that the signal goes through

    def enter(self, x: Tensor, axis: int, place: int) -> None:
        """Let the signal enter at a place along an axis of an input."""
        self.steps(x).select(axis, place).fill_(0.0)
        if not _has_numbers(x):
            self._tokens[x] = True

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
            self._follow_tokens((args, kwargs), tree_leaves(out))
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
        self._follow_tokens((args, kwargs), made)
        return out

    def _follow_tokens(self, given: Any, made: Sequence[Any]) -> None:
        """Let the signal go through whole numbers that were made of whole numbers of the input."""
        read = tensors(given)
        if any(x in self._tokens for x in read) and not any(map(_has_numbers, read)):
            for x in tensors(made):
                self._tokens[x] = True

    def _arrivals(
        self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[Tensor]:
        """Return when the signal would reach the output through each argument's numbers."""
        nothing = torch.tensor([inf])
        return [
            self.steps(x) + count_steps(func, place, args, kwargs)
            if isinstance(x, Tensor) and (_has_numbers(x) or x in self._tokens)
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
            if (here := arrived <= time).any() and not _has_numbers(x):
                yield torch.where(here, _other_tokens(x), x)
            elif here.any():
                sign = torch.where(x == 0, 1.0, x.sgn())
                yield torch.where(here & x.isfinite(), sign * self._numbers(x), x)
            else:
                yield _copied(x)

    def _numbers(self, x: Tensor) -> Tensor:
        return torch.rand(x.shape, generator=self._random, dtype=torch.float64) + 0.5


def _has_numbers(x: Tensor) -> bool:
    return x.is_floating_point() or x.is_complex()


def _other_tokens(x: Tensor) -> Tensor:
    """Return for each whole number another one that occurs, for a mask its opposite."""
    if x.dtype == torch.bool:
        return ~x
    least, most = x.min(), x.max()
    return torch.where(x == least, most, least)


def _copied(x: Any) -> Any:
    """Copy a tensor: an operation in place writes to it."""
    return x.clone() if isinstance(x, Tensor) else x


def _differ(x: Tensor, other: Tensor) -> Tensor:
    """Return where two outputs differ by more than rounding."""
    if not _has_numbers(x) or not x.numel():
        return x != other
    largest = torch.nan_to_num(other, posinf=0.0, neginf=0.0).abs().max()
    return (x - other).abs() > _ROUNDING * largest
