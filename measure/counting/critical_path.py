"""How many operations of a layer must follow one another, traced on meta tensors.

A pass is a graph of operations; its depth is the longest chain from an input or a weight to the
output. Views and copies cost nothing, a matrix product one operation, and an operation of several,
such as the softmax, as many as one of its elements goes through: see docs/counts.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor
from torch._ops import OpOverload

from ...layers import Layer, Sizes
from .aten_operations import (
    ELEMENTWISE,
    FUSED,
    KNOWN_NORM,
    POOLS,
    PRODUCTS,
    REDUCTIONS,
    TANH_GELU,
    TRANSFORMS,
    VECTORS,
    flops_per_element,
    fused_function,
    is_free,
    operation_name,
    stages,
)
from .dispatch_mode import DispatchMode, tensors
from .flops import run_on_meta

#: Operations that nothing takes apart, each with the depth that is stated for it. A cumulative sum
#: adds in each stage what lies 1, 2, 4, … positions before (Hillis & Steele 1986).
OPAQUE: Mapping[str, Callable[..., int]] = {
    "cumsum": lambda x, axis, **_: stages("cumsum", x, [axis]),
}

#: Operations in place that do not read what they write over.
OVERWRITES = frozenset({"copy", "fill", "zero"})


def count_steps(
    func: OpOverload, place: int, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None
) -> int:
    """Count the operations, one after another, from an argument of an operation to its output.

    Parameters
    ----------
    func, args, kwargs
        The operation and its arguments.
    place
        Which argument: a bias takes part in the last of the operations alone.

    Raises
    ------
    NotImplementedError
        If it is not known what the operation does.
    """
    name = operation_name(func)
    if name in PRODUCTS:
        bias = PRODUCTS[name]
        added = bias is not None and args[bias] is not None
        return 1 if place == bias else 1 + added
    if name in VECTORS:
        summand = VECTORS[name][1]
        return 1 if summand is None or place == summand else 2
    if name in ELEMENTWISE:
        return _of_element(name, place, args, kwargs or {})
    if name in FUSED:
        return _of_row(name, place, args)
    if name in POOLS:
        return 1 + POOLS[name]
    if name in TRANSFORMS:  # a stage is a product with a sparse matrix: one operation
        return stages(name, *args)
    if name in OPAQUE:
        return OPAQUE[name](*args)
    if name in REDUCTIONS:
        return 1 + REDUCTIONS[name]
    if is_free(func):
        return 0
    raise NotImplementedError(
        f"the depth of {func} is not known: enter it in "
        "layerlaw.measure.counting.aten_operations, or state its depth in "
        " layerlaw.measure.counting.critical_path.OPAQUE"
    )


def _of_element(name: str, place: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    several = flops_per_element(name, args, kwargs)
    if several == TANH_GELU and name == "gelu":
        return several - 1  # half of x is there before it is needed
    if kwargs.get("alpha", 1) != 1 and place == 0:  # a + alpha·b: b is multiplied first
        return several - 1
    if name in ("addcmul", "addcdiv") and place == 0:
        return 1
    return several


def _of_row(name: str, place: int, args: tuple[Any, ...]) -> int:
    one = fused_function(name, args)
    affine = [at for at in one.affine if args[at] is not None]
    if place in one.affine:  # a gain takes part in the product, a bias in the sum behind it
        return len(affine) - affine.index(place)
    known = one is KNOWN_NORM and place == 4  # ε and root of the variance, then as the numbers
    return one.depth + known + len(affine)


class DepthTracer(DispatchMode):
    """Follow the depth of every number of what runs inside it.

    An operation waits for all that it is given. Depth is kept by where numbers lie, not by tensor:
    views share it, and what writes into a part of a tensor deepens that part alone.

    Attributes
    ----------
    operations
        How many operations were dispatched, views among them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0
        self._memory: dict[int, _Memory] = {}

    def depth(self, x: Tensor) -> int:
        """Longest chain of operations that the numbers of a tensor wait for."""
        memory = self._memory.get(_address(x))
        return memory.depth(x) if memory else 0

    def dispatch(self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run one operation and note the depth of what it writes."""
        self.operations += 1
        if func.is_view:
            return func(*args, **kwargs)
        unread = operation_name(func) in OVERWRITES
        depth = max(
            (
                self.depth(x) + count_steps(func, place, args, kwargs)
                for place, given in enumerate([*args, *kwargs.values()])
                for x in tensors(given)
                if not (unread and place == 0)
            ),
            default=0,
        )
        before = {_address(x) for x in tensors((args, kwargs))}
        out = func(*args, **kwargs)
        for x in tensors(out):
            # An output that lies where an argument does is written to, or only seen otherwise.
            if func._schema.is_mutable or _address(x) not in before:
                self._memory.setdefault(_address(x), _Memory(x)).write(x, depth)
        return out


def _address(x: Tensor) -> int:
    return int(x.untyped_storage()._cdata)


class _Memory:
    """What was written where in one piece of memory, which is held lest its address go to another.

    On the device "meta" that costs nothing.
    """

    def __init__(self, x: Tensor) -> None:
        self._storage = x.untyped_storage()
        self._writes: list[tuple[np.ndarray[Any, Any], int]] = []

    def depth(self, x: Tensor) -> int:
        """Greatest depth of what was written to where the tensor lies, and not written over.

        Where only a part of it was written over, what lay there before is counted too.
        """
        place, deepest = _place(x), 0
        for other, depth in reversed(self._writes):
            if np.shares_memory(place, other):
                deepest = max(deepest, depth)
                if _same(place, other):
                    break
        return deepest

    def write(self, x: Tensor, depth: int) -> None:
        """Note a depth; what lay at the same place, or anywhere if it is all there is, is gone."""
        place = _place(x)
        kept = [] if self._fills(x) else [one for one in self._writes if not _same(one[0], place)]
        self._writes = [*kept, (place, depth)]

    def _fills(self, x: Tensor) -> bool:
        return x.numel() * x.element_size() == self._storage.nbytes() and x.is_contiguous()


class _Strided:
    """A tensor as NumPy would see its memory; the address is made up, and nothing reads there."""

    def __init__(self, x: Tensor) -> None:
        size = x.element_size()
        self.__array_interface__ = {
            "version": 3,
            "typestr": f"|V{size}",
            "shape": tuple(x.shape),
            "strides": tuple(size * stride for stride in x.stride()),
            "data": (1 + size * x.storage_offset(), False),
        }


def _place(x: Tensor) -> np.ndarray[Any, Any]:
    """Where a tensor lies, so that NumPy can tell whether two of them share an element."""
    return np.asarray(_Strided(x))


def _same(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    return one.__array_interface__ == other.__array_interface__


@dataclass(frozen=True)
class Trace:
    """What one forward pass is as a graph.

    Parameters
    ----------
    depth
        Operations of the longest chain to the output.
    operations
        Operations that were dispatched; where they grow with a size, the layer loops over it.
    """

    depth: int
    operations: int


def trace(layer: Layer, sizes: Sizes) -> Trace:
    """Trace a layer's forward pass at these sizes and batch 1.

    Parameters
    ----------
    layer
        A layer, such as ``layers.get("rnn")``.
    sizes
        Its sizes by letter; those that the layer ties may be left out.

    Raises
    ------
    NotImplementedError
        If the layer uses an operation whose depth is not known; it is never taken for 0.
    """
    tracer = DepthTracer()
    out = run_on_meta(layer, sizes, tracer)
    return Trace(tracer.depth(out), tracer.operations)


def longest_chain(layer: Layer, sizes: Sizes) -> int:
    """Operations of a forward pass that must follow one another: its exact sequential operations.

    A recurrent layer's are 3n, say, where Vaswani et al. 2017, Table 1 gives the order n.

    Examples
    --------
    >>> from layerlaw import layers
    >>> longest_chain(layers.get("rnn"), {"n": 20, "d": 8})
    60
    """
    return trace(layer, sizes).depth
