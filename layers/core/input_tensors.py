"""Input tensors: their kinds and shapes, and how they are made.

Numbers are unit-normal, whole numbers uniform below a bound, and a mask is true at every other
place of a row, so that no row of several is wholly true or wholly false.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Literal

from sympy import Expr, Symbol

from .lazy_torch import torch
from .random_tensors import normal_rows, repeat_to_shape, row_length
from .theory import Shape, Sizes, subs

if TYPE_CHECKING:
    from torch import Tensor

#: The side of a shape that is the batch.
BATCH = Symbol("batch", positive=True)

Kind = Literal["float", "int", "bool"]


@dataclass(frozen=True)
class InputTensor:
    """One tensor that a layer takes.

    Parameters
    ----------
    name
        Its name; ``batch.x`` is the entry ``x`` of the argument ``batch``, ``pair.0`` the first of
        a tuple.
    shape
        Its sides in the size symbols and `BATCH`.
    kind
        Numbers (``float``), whole numbers (``int``) or a mask (``bool``).
    below
        Whole numbers are from 0 to below this.
    value
        Whole numbers that are all equal to this.

    Examples
    --------
    >>> from layerlaw.layers import n
    >>> InputTensor("tokens", (BATCH, n), "int", below=32000)
    tokens: int[batch, n] < 32000
    """

    name: str
    shape: Shape
    kind: Kind = "float"
    below: Expr | int | None = None
    value: Expr | int | None = None

    def __str__(self) -> str:
        limit = "" if self.below is None else f" < {self.below}"
        limit += "" if self.value is None else f" = {self.value}"
        return f"{self.name}: {self.kind}[{', '.join(map(str, self.shape))}]{limit}"

    __repr__ = __str__

    @property
    def batch_axis(self) -> int | None:
        """The axis of the batch; None if no axis is the batch alone."""
        return self.shape.index(BATCH) if BATCH in self.shape else None

    @property
    def sequence_shape(self) -> Shape:
        """The shape for one sequence, without the axis of the batch."""
        return tuple(subs(side, {"batch": 1}) for side in self.shape if side != BATCH)

    @property
    def is_plain(self) -> bool:
        """Whether it consists of numbers, batch first."""
        return self.kind == "float" and self.batch_axis == 0

    def numbers(self, sizes: Sizes, batch: int) -> tuple[int, ...]:
        """Return the shape at these sizes."""
        given = {**sizes, "batch": batch}
        return tuple(int(subs(side, given)) for side in self.shape)


def make_tensors(
    tensors: Sequence[InputTensor],
    sizes: Sizes,
    *,
    batch: int,
    dtype: torch.dtype,
    device: str,
    seed: int,
) -> tuple[Tensor, ...]:
    """Make tensors at these sizes, the same for the same seed; on "meta" without numbers.

    Raises
    ------
    ValueError
        If there is a batch of several, and no tensor has a batch.
    """
    if batch > 1 and not any(BATCH in x.free_symbols for one in tensors for x in _sides(one)):
        raise ValueError(f"no input has a batch, so that a batch of {batch} cannot be made")
    shapes = {one.name: one.numbers(sizes, batch) for one in tensors}
    kinds = {"float": dtype, "int": torch.int64, "bool": torch.bool}
    if device == "meta":
        return tuple(
            torch.empty(shapes[one.name], dtype=kinds[one.kind], device=device) for one in tensors
        )
    normal = [shapes[one.name] for one in tensors if one.kind == "float"]
    rows = iter(normal_rows(device, seed, tuple(map(row_length, normal))))
    source = torch.Generator(device).manual_seed(seed)
    made = []
    for one in tensors:
        shape = shapes[one.name]
        if one.kind == "float":
            made.append(repeat_to_shape(next(rows), shape).to(dtype))
        elif one.kind == "bool":
            made.append(_mask(shape, device))
        elif one.value is not None:
            made.append(torch.full(shape, int(subs(one.value, sizes)), device=device))
        else:
            below = int(subs(one.below if one.below is not None else 2, sizes))
            made.append(torch.randint(below, shape, generator=source, device=device))
    return tuple(made)


def _sides(one: InputTensor) -> list[Expr]:
    return [side for side in one.shape if isinstance(side, Expr)]


def _mask(shape: Sequence[int], device: str) -> Tensor:
    """Make a mask that is true at places 0, 2, 4, … of each row."""
    places = torch.arange(max(prod(shape[-1:]), 1), device=device)
    return (places % 2 == 0).expand(shape).clone() if shape else torch.ones((), device=device) > 0
