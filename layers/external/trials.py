"""Trials of a user's module: it is called at small sizes to find the shape of its output."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from itertools import combinations_with_replacement
from math import lcm, prod
from typing import TYPE_CHECKING

from sympy import Expr, Integer, Rational

from ..core import BATCH, SYMBOLS, InputTensor, Shape, Sizes, n, subs, torch
from .errors import LayerError
from .example_inputs import kind_of

if TYPE_CHECKING:
    from torch import Tensor

    from .user_modules import UserLayer

#: Sizes at which a module is tried: no two of them grow alike, so that each dimension of its output
#: identifies its size.
TRIALS: Sequence[Sizes] = (
    {"n": 16, "d": 8, "k": 3, "r": 3, "c": 4, "V": 6, "N": 2},
    {"n": 32, "d": 16, "k": 5, "r": 9, "c": 8, "V": 10, "N": 6},
    {"n": 64, "d": 20, "k": 7, "r": 11, "c": 4, "V": 22, "N": 4},
)

#: Batch size of a trial: a number that few modules have of anything else.
BATCH_SIZE = 7


#: Lengths where more sides of an input than so many are as long, as those of a volume.
_FEW, _MANY = (10, 14, 22), 2

#: What a unit is multiplied by where the sizes above are no multiples of it, axis by axis.
_MULTIPLIERS = ((1, 2, 4), (1, 2, 3), (1, 3, 5), (2, 3, 5), (1, 4, 5), (3, 4, 6), (1, 5, 6))

#: By axis, what a unit is made a multiple of: d of the heads, n of the chunks of `TRIALS`.
_DIVISORS: Mapping[str, tuple[str, int]] = {"d": ("h", 4), "n": ("c", 8)}


def trial_sizes(layer: UserLayer) -> list[Sizes]:
    """Return the sizes at which a layer is tried, multiples of its units."""
    columns = {}
    for axis, multipliers in zip(layer.axes, _MULTIPLIERS, strict=False):
        values = tuple(at[axis] for at in TRIALS)
        if axis == "n" and any(one.shape.count(n) > _MANY for one in layer.input_tensors):
            values = _FEW
        unit = layer.units.get(axis, 1)
        if any(value % unit for value in values):
            other, divisor = _DIVISORS.get(axis, ("", 1))
            unit = lcm(unit, divisor) if other in (*layer.axes, *layer.ties) else unit
            values = tuple(unit * each for each in multipliers)
        columns[axis] = values
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@contextmanager
def trying() -> Iterator[None]:
    """Let a module be tried: without gradients and warnings, and with the caller's random state."""
    with torch.random.fork_rng(devices=[]), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def batch_of(layer: UserLayer) -> int:
    """Return the batch of a trial: several sequences, if an axis of an input is the batch alone."""
    if layer.example is not None:
        return BATCH_SIZE if layer.example.takes_batch else 1
    return BATCH_SIZE if any(one.batch_axis is not None for one in layer.input_tensors) else 1


def output_of(layer: UserLayer, shapes: Sequence[tuple[int, ...]]) -> tuple[Shape, int | None]:
    """Return the shape of an output without the batch, as formulas, and the axis of the batch.

    Raises
    ------
    LayerError
        If no formula gives it, or the batch is not in it.
    """
    trials = trial_sizes(layer)
    seen = f"its output is {', '.join(map(str, shapes))} at {_sizes_text(trials)}"
    if len({len(shape) for shape in shapes}) > 1:
        raise LayerError(f"{layer.name}: {seen}; the number of dimensions must not vary")
    batch, axis = batch_of(layer), None
    if layer.example is not None and batch == 1 and all(shape[:1] == (1,) for shape in shapes):
        axis = 0  # a batch of one sequence
    elif batch > 1 and shapes[0]:
        alike = (a for a in range(len(shapes[0])) if all(shape[a] == batch for shape in shapes))
        if (axis := next(alike, None)) is None:
            raise LayerError(f"{layer.name}: {seen}; a dimension must be the batch, {batch}")
        if any(all(shape[a] == batch for shape in shapes) for a in range(axis + 1, len(shapes[0]))):
            # Sequences were combined with one another, as when an input is broadcast.
            raise ValueError(f"{seen}; the batch, {batch}, is in it twice")
    sides = []
    for place, values in enumerate(zip(*shapes, strict=True)):
        if place != axis:
            if (side := side_of(trials, values)) is None:
                raise LayerError(f"{layer.name}: {seen}: no formula of the sizes gives {values}")
            sides.append(side)
    return tuple(sides), axis


def tensors_of(
    layer: UserLayer, examples: Sequence[Mapping[str, Tensor]]
) -> tuple[InputTensor, ...]:
    """Describe the inputs that a function of the user makes, from those at the trial sizes.

    Raises
    ------
    LayerError
        If their number or shapes follow no formula.
    """
    trials, batch = trial_sizes(layer), batch_of(layer)
    if len({tuple(example) for example in examples}) > 1:
        raise LayerError(f"{layer.name}: example_inputs gives other inputs at other sizes")
    found = []
    for name in examples[0]:
        each = [example[name] for example in examples]
        shapes = [tuple(x.shape) for x in each]
        if len({len(shape) for shape in shapes}) > 1:
            raise LayerError(f"{layer.name}: input {name} has shapes {shapes}")
        sides: list[Expr] = []
        for values in zip(*shapes, strict=True):
            if batch > 1 and BATCH not in sides and {*values} == {batch}:
                sides.append(BATCH)
            elif (side := side_of(trials, values)) is not None:
                sides.append(side)
            else:
                raise LayerError(f"{layer.name}: no formula gives the shapes {shapes} of {name}")
        found.append(InputTensor(name, tuple(sides), kind_of(each[0])))
    return tuple(found)


def runs_on_meta(layer: UserLayer, sizes: Sizes) -> bool:
    """Return whether a module runs on meta tensors."""
    try:
        with torch.no_grad(), torch.device("meta"):
            layer.build(sizes)(*layer.make_inputs(sizes, device="meta"))
    except Exception:  # a module may raise anything when it reads a number
        return False
    return True


def _sizes_text(trials: Sequence[Sizes]) -> str:
    each = (", ".join(f"{axis}={size}" for axis, size in at.items()) for at in trials)
    return ", ".join(f"({sizes})" for sizes in each)


def side_of(trials: Sequence[Sizes], values: Sequence[int]) -> Expr | None:
    """Find a dimension as 2d or n/2, as a product such as n·d, or as n − 1."""
    if len({*values}) == 1:
        return Integer(values[0])
    factors = [(axis,) for axis in trials[0]]
    for axes in (*factors, *combinations_with_replacement(trials[0], 2)):
        shares = {
            Fraction(v, prod(at[x] for x in axes)) for v, at in zip(values, trials, strict=True)
        }
        if len(shares) == 1:
            share = shares.pop()
            symbols = prod(SYMBOLS[axis] for axis in axes)
            return Rational(share.numerator, share.denominator) * symbols
    for axis in trials[0]:
        sizes = [at[axis] for at in trials]
        slopes = {
            Fraction(value - values[0], size - sizes[0])
            for value, size in zip(values[1:], sizes[1:], strict=True)
            if size != sizes[0]
        }
        if len(slopes) == 1:
            slope = slopes.pop()
            found = Rational(slope.numerator, slope.denominator) * SYMBOLS[axis]
            found += values[0] - subs(found, {axis: sizes[0]})
            if all(subs(found, {axis: s}) == v for s, v in zip(sizes, values, strict=True)):
                return found
    return None
