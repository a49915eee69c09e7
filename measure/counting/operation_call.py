"""A call of an ATen operation, whose arguments have the names of its schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._pytree import tree_leaves, tree_map_only


def tensors(tree: Any) -> list[Tensor]:
    """List the tensors of nested arguments or outputs, in order.

    Examples
    --------
    >>> len(tensors(([torch.ones(2), 3], {"out": torch.ones(1)})))
    2
    """
    if isinstance(tree, Tensor):
        return [tree]
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


@dataclass(frozen=True)
class OperationCall:
    """A call of an operation.

    Parameters
    ----------
    function
        The operation.
    args, kwargs
        Its arguments.
    out
        Its output, once it has run.
    """

    function: OpOverload
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    out: Any = None

    def __getitem__(self, name: str) -> Any:
        """Return an argument by its name in the schema, or its default.

        Raises
        ------
        KeyError
            If the operation has no such argument.

        Examples
        --------
        >>> import torch
        >>> call = OperationCall(torch.ops.aten.cumsum.default, (torch.ones(3), 0))
        >>> call["dim"], call["dtype"]
        (0, None)
        """
        for place, argument in enumerate(self.function._schema.arguments):
            if argument.name == name:
                if place < len(self.args):
                    return self.args[place]
                return self.kwargs.get(name, argument.default_value)
        raise KeyError(f"{self.function} has no argument {name!r}")

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument, or a default where the operation has none of this name."""
        return self[name] if name in self.names else default

    @property
    def names(self) -> list[str]:
        """Names of the arguments of the schema."""
        return [argument.name for argument in self.function._schema.arguments]

    def name_at(self, place: int) -> str:
        """Return the name of the argument at a place among `args`, then `kwargs`."""
        if place < len(self.args):
            return self.names[place]
        return list(self.kwargs)[place - len(self.args)]

    @property
    def x(self) -> Tensor:
        """The first tensor among the arguments."""
        return tensors((self.args, self.kwargs))[0]

    @property
    def made(self) -> Tensor:
        """The output, or the first tensor of several."""
        return tensors(self.out)[0]

    @property
    def on_meta(self) -> OperationCall:
        """The call with meta tensors, each in memory of its own, and without an output."""
        args, kwargs = tree_map_only(Tensor, _empty, (self.args, dict(self.kwargs)))
        return OperationCall(self.function, args, kwargs)

    def length(self, axis: int | None = None) -> int:
        """Return the length of the first argument along an axis; its elements if None."""
        if axis is None:
            return self.x.numel()
        return self.x.shape[axis] if self.x.dim() else 1

    def rows(self, axis: int | None = None) -> int:
        """Return the number of rows of the first argument along an axis."""
        return self.x.numel() // max(self.length(axis), 1)

    def axis(self) -> int | None:
        """Return the argument `dim`; None where the operation has none."""
        return None if self.get("dim") is None else int(self["dim"])


def _empty(x: Tensor) -> Tensor:
    return torch.empty(x.shape, dtype=x.dtype, device="meta")


def stages(length: int) -> int:
    """Return ⌈log₂ length⌉.

    Examples
    --------
    >>> [stages(length) for length in (1, 2, 3, 8)]
    [0, 1, 2, 3]
    """
    return max(length - 1, 0).bit_length()


def window(sides: int | list[int], axes: int) -> int:
    """Return the numbers of a window, one side of which may stand for all.

    Examples
    --------
    >>> window([3], 2)
    9
    """
    each = [sides] if isinstance(sides, int) else list(sides)
    return prod(each) if len(each) > 1 else each[0] ** axes
