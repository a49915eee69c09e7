"""The critical path: the longest chain of a layer's operations, traced on meta tensors.

A pass is a graph of operations; its depth is the longest chain from an input or a weight to the
output. Views and copies count as 0, a matrix product as 1, and a composed operation such as the
softmax as many as one of its elements goes through: see docs/counts.md.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor
from torch._ops import OpOverload

from ...layers import Layer, Sizes
from .aten_operations import (
    ELEMENTWISE,
    FUSED,
    INFERENCE_NORM,
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
    transform_stages,
)
from .dispatch_mode import DispatchMode, signature_of
from .flops import run_on_meta
from .known_operations import of_aten, rule_of, unknown, written_out
from .operation_call import OperationCall, stages, tensors
from .written_out import Function

#: Scans, whose depth is stated. A cumulative sum adds in each stage the sum 1, 2, 4, … positions
#: before (Hillis & Steele 1986); products and maxima go the same way.
SCANS = frozenset({"cumsum", "cumprod", "cummax", "cummin"})

#: In-place operations that do not read what they overwrite.
OVERWRITES = frozenset({"copy", "fill", "zero"})


def count_steps(
    func: OpOverload, place: int, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None = None
) -> int:
    """Count the sequential operations from an argument of an operation to its output.

    Parameters
    ----------
    func, args, kwargs
        The operation and its arguments.
    place
        Index of the argument: a bias is used only by the last of the operations.

    Raises
    ------
    NotImplementedError
        If the operation is in none of the tables.
    """
    name, call = operation_name(func), OperationCall(func, args, kwargs or {})
    if (rule := rule_of(func)) is not None:
        return rule.depth(call, call.name_at(place))
    if is_free(func):
        return 0
    if not of_aten(func):
        raise unknown(func, "depth")
    if name in PRODUCTS or name in VECTORS:
        return _of_product(name, place, call)
    if name in ELEMENTWISE:
        return _of_element(name, place, args, kwargs or {})
    if name in FUSED:
        return _of_row(name, place, args)
    if name in POOLS:
        return 1 + POOLS[name]
    if name in TRANSFORMS:  # a stage is a product with a sparse matrix: one operation
        return transform_stages(name, *args)
    if name in SCANS:
        return stages(call.length(call["dim"]))
    if name in REDUCTIONS:
        return 1 + REDUCTIONS[name]
    if (function := written_out(func)) is not None:
        return _of_written(function, place, call)
    raise unknown(func, "depth")


def _of_product(name: str, place: int, call: OperationCall) -> int:
    """Count the product, α, β and the sum: β·summand + α·product."""
    summand = PRODUCTS[name] if name in PRODUCTS else VECTORS[name][1]
    scaled = bool(call.get("alpha", 1) != 1)
    if summand is None or call.args[summand] is None:
        return 1 + scaled
    weight = call.get("beta", 1)
    if place == summand:
        return 0 if weight == 0 else 1 + bool(weight != 1)
    return 1 + scaled + bool(weight != 0)


def _of_written(function: Function, place: int, call: OperationCall) -> int:
    """Trace a function that is written out, from one of its arguments."""
    meta, early = call.on_meta, 10**6  # later than all that does not depend on the argument
    tracer = DepthTracer()
    for x in tensors([*meta.args, *meta.kwargs.values()][place]):
        tracer.delay(x, early)
    with tracer:
        out = function(*meta.args, **meta.kwargs)
    return max(0, max(tracer.depth(x) for x in tensors(out)) - early)


def _of_element(name: str, place: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    several = flops_per_element(name, args, kwargs)
    if several == TANH_GELU and name == "gelu":
        return several - 1  # x/2 is not on the longest chain
    scaled = 0 if name == "rsub" else 1  # a + α·b: b is multiplied first
    if kwargs.get("alpha", 1) != 1 and place != scaled:
        return several - 1
    if name in ("addcmul", "addcdiv") and place == 0:
        return 1
    return several


def _of_row(name: str, place: int, args: tuple[Any, ...]) -> int:
    one = fused_function(name, args)
    affine = [at for at in one.affine if args[at] is not None]
    if place in one.affine:  # a gain is used in the product, a bias in the sum after it
        return len(affine) - affine.index(place)
    known = one is INFERENCE_NORM and place == 4  # ε and root of the variance come first
    return one.depth + known + len(affine)


class DepthTracer(DispatchMode):
    """Trace the depth of every number of what runs inside it.

    An operation waits for all of its arguments. Depth is recorded by memory location, not by
    tensor: views share it, and writing to a part of a tensor affects that part only.

    Attributes
    ----------
    operations
        Number of dispatched operations, views included.
    """

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0
        self._memory: dict[int, _Memory] = {}
        self._known: dict[Hashable, dict[int, int]] = {}

    def depth(self, x: Tensor) -> int:
        """Return the longest chain of operations that the numbers of a tensor depend on."""
        memory = self._memory.get(_address(x))
        return memory.depth(x) if memory and x.numel() else 0

    def delay(self, x: Tensor, depth: int) -> None:
        """State the depth of the numbers of a tensor."""
        self._memory.setdefault(_address(x), _Memory(x)).write(x, depth)

    def dispatch(self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run one operation and record the depth of its output."""
        self.operations += 1
        if func.is_view:
            return func(*args, **kwargs)
        signature = signature_of(func, args, kwargs)
        unread = operation_name(func) in OVERWRITES
        given = [
            (place, x)
            for place, argument in enumerate([*args, *kwargs.values()])
            for x in tensors(argument)
        ]
        steps = self._known.get(signature) if signature else None
        if steps is None:
            steps = {
                place: count_steps(func, place, args, kwargs)
                for place, _ in given
                if not (unread and place == 0)
            }
            if signature:
                self._known[signature] = steps
        depth = max(
            (self.depth(x) + steps[place] for place, x in given if place in steps), default=0
        )
        before = {_address(x) for _, x in given}
        out = self.run(func, args, kwargs, signature)
        for x in tensors(out):
            # An output in an argument's memory is either written to or a view.
            if func._schema.is_mutable or _address(x) not in before:
                self.delay(x, depth)
        return out


def _address(x: Tensor) -> int:
    return int(x.untyped_storage()._cdata)


class _Memory:
    """The writes to one block of memory, which is kept alive so that its address is not reused.

    On the device "meta" this costs no memory.
    """

    def __init__(self, x: Tensor) -> None:
        self._storage = x.untyped_storage()
        # None stands for the whole memory, as most operations write it.
        self._writes: list[tuple[np.ndarray[Any, Any] | None, int]] = []

    def depth(self, x: Tensor) -> int:
        """Return the greatest depth of the writes to a tensor's memory that are not overwritten.

        A write that was overwritten in part still counts.
        """
        place, deepest = None, 0
        for other, depth in reversed(self._writes):
            if other is None:
                deepest = max(deepest, depth)
                break
            place = _place(x) if place is None else place
            if np.shares_memory(place, other):
                deepest = max(deepest, depth)
                if _same(place, other):
                    break
        return deepest

    def write(self, x: Tensor, depth: int) -> None:
        """Record a write, and forget those that it overwrites as a whole."""
        if self._fills(x):
            self._writes = [(None, depth)]
            return
        place = _place(x)
        left = [one for one in self._writes if one[0] is None or not _same(one[0], place)]
        self._writes = [*left, (place, depth)]

    def _fills(self, x: Tensor) -> bool:
        return x.numel() * x.element_size() == self._storage.nbytes() and x.is_contiguous()


class _Strided:
    """A tensor's memory layout for NumPy; its address is not real and is never read."""

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
    """Return a tensor's memory as an array, for NumPy to check whether two share an element."""
    return np.asarray(_Strided(x))


def _same(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    return one.__array_interface__ == other.__array_interface__


@dataclass(frozen=True)
class Trace:
    """The graph of one forward pass: its depth and its number of operations.

    Parameters
    ----------
    depth
        Operations of the longest chain to any of the outputs.
    operations
        Dispatched operations; if they grow with a size, the layer loops over it.
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
        Its sizes by letter; tied sizes may be left out.

    Raises
    ------
    NotImplementedError
        If the layer uses an operation whose depth is not known.
    """
    tracer = DepthTracer()
    outputs = run_on_meta(layer, sizes, tracer)
    return Trace(max(map(tracer.depth, outputs)), tracer.operations)


def longest_chain(layer: Layer, sizes: Sizes) -> int:
    """Count the sequential operations of a forward pass exactly.

    For a recurrent layer these are 3n, where Vaswani et al. 2017, Table 1 gives the order n.

    Examples
    --------
    >>> from layerlaw import layers
    >>> longest_chain(layers.get("rnn"), {"n": 20, "d": 8})
    60
    """
    return trace(layer, sizes).depth
