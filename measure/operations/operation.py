"""The operations of a pass: matrix products and ATen operations at their shapes, ready to run."""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import prod
from operator import attrgetter
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.utils._pytree import TreeSpec, tree_flatten, tree_unflatten

from ...layers import Textbook, TextbookModule
from ..counting import (
    ELEMENTWISE,
    FUSED,
    POOLS,
    PRODUCTS,
    REDUCTIONS,
    TRANSFORMS,
    VECTORS,
    is_free,
    operation_name,
)
from ..timing import Call, forward

#: Functions composed of simple ones, which can be called on single elements.
COMPOSED = frozenset({"matmul", "linear", "softmax", "log_softmax", "layer_norm", "pad", "conv1d"})


def _function_named(namespace: str, name: str, overload: str) -> Any:
    return getattr(getattr(getattr(torch.ops, namespace), name), overload)


def _reduced(function: OpOverload) -> tuple[Callable[..., Any], tuple[str, str, str]]:
    name = function.overloadpacket.__name__
    return _function_named, (function.namespace, name, function._overloadname)


# Operations are sent from the process in which a pass is recorded to the one that times them; torch
# itself pickles no function.
copyreg.pickle(OpOverload, _reduced)


@dataclass(frozen=True)
class TensorSpec:
    """A tensor without its numbers: shape, strides and dtype."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype

    @classmethod
    def of(cls, x: Tensor) -> TensorSpec:
        """Describe a tensor."""
        return cls(tuple(x.shape), x.stride(), x.dtype)

    @property
    def transposed(self) -> bool:
        """Whether it is stored by columns, as a transposed view of a matrix is."""
        return self.stride[-1] != 1 and self.stride[-2] == 1

    def allocate(self, device: str) -> Tensor:
        """Make a tensor of this kind: unit-normal numbers, or zeros where they are integers."""
        x = torch.empty_strided(self.shape, self.stride, dtype=self.dtype, device=device)
        return x.normal_() if self.dtype.is_floating_point else x.zero_()


@dataclass(frozen=True)
class MatrixProduct:
    """A batch of products (rows × inner)(inner × columns).

    Attributes
    ----------
    transposed
        Which of the two matrices is stored by columns, as the transposed view of a weight is: a
        kernel reads it in another order.
    """

    batch: int
    rows: int
    inner: int
    columns: int
    dtype: torch.dtype
    transposed: tuple[bool, bool] = (False, False)

    @property
    def flops(self) -> int:
        """FLOPs, two for a multiply-add."""
        return 2 * self.batch * self.rows * self.inner * self.columns

    @property
    def on_single_elements(self) -> MatrixProduct:
        """The same product of 1 × 1 matrices, whose time is that of the call."""
        return MatrixProduct(1, 1, 1, 1, self.dtype)

    @property
    def products(self) -> tuple[MatrixProduct, ...]:
        """The product itself, as the only one; `AlternatingProducts` has several."""
        return (self,)

    def prepare(self, device: str) -> Call:
        """Allocate the matrices; the callable multiplies them."""
        batch = () if self.batch == 1 else (self.batch,)

        def matrix(transposed: bool, *sides: int) -> Tensor:
            stored = sides[::-1] if transposed else sides
            x = torch.empty((*batch, *stored), dtype=self.dtype, device=device).normal_()
            return x.mT if transposed else x

        first = matrix(self.transposed[0], self.rows, self.inner)
        second = matrix(self.transposed[1], self.inner, self.columns)
        multiply = torch.bmm if batch else torch.mm
        return lambda: multiply(first, second)


@dataclass(frozen=True)
class AlternatingProducts:
    """Products that alternate, each with a matrix of its own, as in the steps of a recurrence.

    Timed alone, a product would find its matrix in a cache that is too small for all of them.
    """

    products: tuple[MatrixProduct, ...]

    @property
    def flops(self) -> int:
        """FLOPs of each product once."""
        return sum(one.flops for one in self.products)

    def prepare(self, device: str) -> Call:
        """Allocate the matrices; the callable computes each product once."""
        calls = [one.prepare(device) for one in self.products]

        def cycle() -> None:
            for call in calls:
                call()

        return cycle


class CallSignature(NamedTuple):
    """What the cost of a call depends on: a product of two matrices and one of batches differ.

    Attributes
    ----------
    function
        The ATen function.
    ranks
        Number of dimensions of each tensor argument; empty for views, which all cost the same.
    """

    function: OpOverload
    ranks: tuple[int, ...]


@dataclass(frozen=True)
class Operation:
    """An ATen operation at its shapes.

    Attributes
    ----------
    function
        The ATen function, such as ``aten.tanh.default``.
    leaves
        Its arguments, flattened; tensors as `TensorSpec`.
    elements
        Elements of its output.
    structure
        How the leaves are nested.
    """

    function: OpOverload
    leaves: tuple[Any, ...]
    elements: int
    structure: TreeSpec = field(compare=False, repr=False)

    def __reduce__(self) -> tuple[Callable[..., Operation], tuple[Any, ...]]:
        """Pickle the arguments instead of their structure, whose pickle torch has deprecated."""
        return _operation, (
            self.function,
            self.elements,
            tree_unflatten(self.leaves, self.structure),
        )

    @property
    def signature(self) -> CallSignature:
        """What the cost of its call depends on."""
        if is_view(self.function):
            return CallSignature(self.function, ())
        ranks = (len(leaf.shape) for leaf in self.leaves if isinstance(leaf, TensorSpec))
        return CallSignature(self.function, tuple(ranks))

    @property
    def on_single_elements(self) -> Operation:
        """The same operation on tensors of one element."""
        leaves = (
            TensorSpec((1,) * len(leaf.shape), (1,) * len(leaf.shape), leaf.dtype)
            if isinstance(leaf, TensorSpec)
            else leaf
            for leaf in self.leaves
        )
        return Operation(self.function, tuple(leaves), 1, self.structure)

    @property
    def call_probe(self) -> Operation | None:
        """The operation whose time is the cost of a call: on single elements, or itself if a view.

        None for an unknown function, which might crash on single elements.
        """
        if is_view(self.function):
            return self
        known = is_elementary(self.function) or operation_name(self.function) in COMPOSED
        return self.on_single_elements if known else None

    @property
    def product(self) -> MatrixProduct | None:
        """The matrix product that it is, or is equivalent to (a convolution); None otherwise."""
        name = operation_name(self.function)
        if name not in PRODUCTS:
            return None
        tensors = [leaf for leaf in self.leaves if isinstance(leaf, TensorSpec)]
        shapes, dtype = [leaf.shape for leaf in tensors], tensors[0].dtype
        if name == "convolution":  # a row for each position, its window times the input channels
            weight, groups = shapes[1], self.leaves[-1]
            inner = prod(weight[1:])
            rows = self.elements // weight[0]
            return MatrixProduct(groups, rows, inner, weight[0] // groups, dtype)
        first, second = shapes[-2:]
        rows, inner = first[-2:]
        transposed = tensors[-2].transposed, tensors[-1].transposed
        return MatrixProduct(prod(first[:-2]), rows, inner, second[-1], dtype, transposed)

    def prepare(self, device: str) -> Call:
        """Allocate the arguments; the callable runs the operation."""
        leaves = [
            leaf.allocate(device)
            if isinstance(leaf, TensorSpec)
            else torch.device(device)
            if isinstance(leaf, torch.device)
            else leaf
            for leaf in self.leaves
        ]
        args, kwargs = tree_unflatten(leaves, self.structure)
        function: Callable[..., Any] = _python_function(self.function)
        try:
            function(*args, **kwargs)
        except TypeError:  # torch's own function has another signature
            function = self.function
        return _direct_call(function, args, kwargs)


def _operation(function: OpOverload, elements: int, arguments: Any) -> Operation:
    leaves, structure = tree_flatten(arguments)
    return Operation(function, tuple(leaves), elements, structure)


@dataclass(frozen=True)
class EmptyModule:
    """The module of a layer that computes nothing; its time is the cost of calling a module."""

    def prepare(self, device: str) -> Call:
        """Build the module; the callable calls it as a pass does."""
        module = TextbookModule(Identity(), {}, {})
        return forward(module, (torch.zeros((), device=device),))


class Identity(Textbook):
    """A layer that returns its input."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the input."""
        return x


#: Kinds of calls, each with its own cost.
CallKind = CallSignature | EmptyModule

#: Work that is timed separately.
Timed = MatrixProduct | AlternatingProducts | Operation | EmptyModule


@cache
def _python_function(function: OpOverload) -> Callable[..., Any]:
    """Find torch's function or method of an ATen function's name, which is what a layer calls.

    Calling the ATen function from Python takes twice as long, since its arguments are checked
    against a schema.
    """
    name = function.overloadpacket.__name__
    namespaces = torch._VF, Tensor, nn.functional
    namespace = next((each for each in namespaces if hasattr(each, name)), None)
    found: Any = getattr(namespace, name) if namespace else function
    called: Callable[..., Any] = found if callable(found) else attrgetter(name)  # Tensor.mT, say
    return called


@cache
def is_view(function: OpOverload) -> bool:
    """Return whether a function returns a view and computes nothing."""
    return function.is_view or operation_name(function) == "_unsafe_view"


@cache
def is_elementary(function: OpOverload) -> bool:
    """Return whether a function is in the tables of operations, unlike a fused kernel."""
    return is_free(function) or operation_name(function) in {
        *ELEMENTWISE,
        *FUSED,
        *POOLS,
        *VECTORS,
        *REDUCTIONS,
        *TRANSFORMS,
        *PRODUCTS,
    }


def _direct_call(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Call:
    """Return a call with explicit arguments, as in a layer: unpacking them would take longer."""
    match args:
        case [a] if not kwargs:
            return lambda: function(a)
        case [a, b] if not kwargs:
            return lambda: function(a, b)
        case [a, b, c] if not kwargs:
            return lambda: function(a, b, c)
    return lambda: function(*args, **kwargs)
