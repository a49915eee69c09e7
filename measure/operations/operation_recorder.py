"""What a pass consists of: its operations, listed.

A pass is listed up to three times. As a layer calls them, operations are dispatched whole in
inference mode, a matrix product of any shapes as one, and each costs a call. Elsewhere each is
dispatched as the simple ones that it is composed of, which work. On meta tensors, which hold no
numbers, a fused kernel falls apart into what it stands for: products and element-wise work.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from math import prod
from operator import attrgetter
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import TreeSpec, tree_flatten, tree_unflatten

from ...layers import Textbook, TextbookModule
from ..cases import Case
from ..counting import (
    ELEMENTWISE,
    FUSED,
    POOLS,
    PRODUCTS,
    REDUCTIONS,
    TRANSFORMS,
    VECTORS,
    is_free,
    operation,
)
from ..timing import Call, forward, prepare


@dataclass(frozen=True)
class Shaped:
    """A tensor without its numbers."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype

    @property
    def turned(self) -> bool:
        """Whether its columns, and not its rows, lie one behind the other."""
        return self.stride[-1] != 1 and self.stride[-2] == 1

    def make(self, device: str) -> Tensor:
        """Make a tensor of this kind: unit-normal numbers, or zeros where they are whole."""
        made = torch.empty_strided(self.shape, self.stride, dtype=self.dtype, device=device)
        return made.normal_() if self.dtype.is_floating_point else made.zero_()


@dataclass(frozen=True)
class Product:
    """So many products (rows × inner)(inner × columns) at once.

    Attributes
    ----------
    turned
        Which of the two lie in memory the other way round, as the transposed view of a weight does:
        a kernel goes through them otherwise.
    """

    batch: int
    rows: int
    inner: int
    columns: int
    dtype: torch.dtype
    turned: tuple[bool, bool] = (False, False)

    @property
    def flops(self) -> int:
        """A multiply-add counts as two."""
        return 2 * self.batch * self.rows * self.inner * self.columns

    @property
    def least(self) -> Product:
        """The same of single elements."""
        return Product(1, 1, 1, 1, self.dtype)

    @property
    def each(self) -> tuple[Product, ...]:
        """Itself, as `Turns` gives several."""
        return (self,)

    def ready(self, device: str) -> Call:
        """Make matrices; the callable multiplies them."""
        many = () if self.batch == 1 else (self.batch,)

        def matrix(turned: bool, *sides: int) -> Tensor:
            lie = sides[::-1] if turned else sides
            made = torch.empty((*many, *lie), dtype=self.dtype, device=device).normal_()
            return made.mT if turned else made

        first = matrix(self.turned[0], self.rows, self.inner)
        second = matrix(self.turned[1], self.inner, self.columns)
        multiply = torch.bmm if many else torch.mm
        return lambda: multiply(first, second)


@dataclass(frozen=True)
class Turns:
    """Products that take turns over and over, each with a matrix of its own, as steps have them.

    One alone would find its matrix in a cache that all of them together may not fit into.
    """

    each: tuple[Product, ...]

    @property
    def flops(self) -> int:
        """Of one turn."""
        return sum(one.flops for one in self.each)

    def ready(self, device: str) -> Call:
        """Make matrices; the callable carries out each product once."""
        calls = [one.ready(device) for one in self.each]

        def turn() -> None:
            for call in calls:
                call()

        return turn


class Signature(NamedTuple):
    """What decides what a call costs: a product of two matrices is one other than of batches.

    Attributes
    ----------
    function
        ATen's.
    ranks
        Number of sides of each tensor that it is given; of views one stands for all.
    """

    function: OpOverload
    ranks: tuple[int, ...]


@dataclass(frozen=True)
class Operation:
    """One operation at its shapes.

    Attributes
    ----------
    function, form
        ATen's, such as ``aten.tanh.default``, and how its arguments are put together.
    leaves
        The arguments, tensors as `Shaped`.
    out
        Elements of its output.
    """

    function: OpOverload
    leaves: tuple[Any, ...]
    out: int
    form: TreeSpec = field(compare=False, repr=False)

    @property
    def signature(self) -> Signature:
        """As what it is called."""
        if views(self.function):
            return Signature(self.function, ())
        ranks = (len(leaf.shape) for leaf in self.leaves if isinstance(leaf, Shaped))
        return Signature(self.function, tuple(ranks))

    @property
    def least(self) -> Operation:
        """The same of tensors of single elements."""
        leaves = (
            Shaped((1,) * len(leaf.shape), (1,) * len(leaf.shape), leaf.dtype)
            if isinstance(leaf, Shaped)
            else leaf
            for leaf in self.leaves
        )
        return Operation(self.function, tuple(leaves), 1, self.form)

    @property
    def single(self) -> Operation | None:
        """What tells the cost of a call: a view itself, others on single elements.

        None of a function that may well crash on them.
        """
        if views(self.function):
            return self
        known = plain(self.function) or operation(self.function) in COMPOSED
        return self.least if known else None

    @property
    def product(self) -> Product | None:
        """The matrix product that it is, or that it stands for as a convolution; else None."""
        name = operation(self.function)
        if name not in PRODUCTS:
            return None
        tensors = [leaf for leaf in self.leaves if isinstance(leaf, Shaped)]
        shapes, dtype = [leaf.shape for leaf in tensors], tensors[0].dtype
        if name == "convolution":  # a row for each place, its window times the channels within
            weight, groups = shapes[1], self.leaves[-1]
            inner = prod(weight[1:])
            return Product(groups, self.out // weight[0], inner, weight[0] // groups, dtype)
        first, second = shapes[-2:]
        rows, inner = first[-2:]
        turned = tensors[-2].turned, tensors[-1].turned
        return Product(prod(first[:-2]), rows, inner, second[-1], dtype, turned)

    def ready(self, device: str) -> Call:
        """Make its arguments; the callable carries it out."""
        leaves = [
            leaf.make(device)
            if isinstance(leaf, Shaped)
            else torch.device(device)
            if isinstance(leaf, torch.device)
            else leaf
            for leaf in self.leaves
        ]
        args, kwargs = tree_unflatten(leaves, self.form)
        function: Callable[..., Any] = _as_called(self.function)
        try:
            function(*args, **kwargs)
        except TypeError:  # torch's takes its arguments in another way
            function = self.function
        return _call(function, args, kwargs)


@dataclass(frozen=True)
class Hollow:
    """The module of a layer that does nothing, as which calling any costs."""

    def ready(self, device: str) -> Call:
        """Make it; the callable calls it as a pass does."""
        module = TextbookModule(Nothing(), {}, {})
        return forward(module, (torch.zeros((), device=device),))


class Nothing(Textbook):
    """A layer that gives back what it is given."""

    def forward(self, x: Tensor) -> Tensor:
        """Do nothing."""
        return x


class Listing(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch gives no types
    """List the operations of what runs inside it.

    Attributes
    ----------
    operations
        How often each occurs.
    matrices
        Which products have which matrix, the larger of the two, and when: the how manieth.
    modules
        How often `called` was told of a module.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the same
        self.operations: Counter[Operation] = Counter()
        self.matrices: defaultdict[tuple[Operation, int], list[int]] = defaultdict(list)
        self.modules = 0
        self._seen: dict[OpOverload, Operation] = {}

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one operation and list it; views of one function count as the first of them."""
        kwargs = kwargs or {}
        if func in self._seen:
            self.operations[self._seen[func]] += 1
            return func(*args, **kwargs)
        given, form = tree_flatten((args, kwargs))
        leaves = tuple(
            Shaped(tuple(leaf.shape), leaf.stride(), leaf.dtype)
            if isinstance(leaf, Tensor)
            else leaf
            for leaf in given
        )
        out = func(*args, **kwargs)
        size = out.numel() if isinstance(out, Tensor) else 0
        found = Operation(func, leaves, size, form)
        self.operations[found] += 1
        if views(func):
            self._seen[func] = found
        elif operation(func) in PRODUCTS:
            larger = max((x for x in given if isinstance(x, Tensor)), key=Tensor.numel)
            place = larger.untyped_storage()._cdata  # tells apart meta tensors too
            self.matrices[found, place].append(self.operations.total())
        return out

    def called(self, module: nn.Module, inputs: object) -> None:
        """Count a module that is about to be called, as torch's hook."""
        self.modules += 1


@cache
def _as_called(function: OpOverload) -> Callable[..., Any]:
    """Find torch's function or method of that name, which is what a layer calls.

    To call ATen's from Python takes twice as long, since its arguments are held against a schema.
    """
    name = function.overloadpacket.__name__
    homes = torch._VF, Tensor, nn.functional
    home = next((each for each in homes if hasattr(each, name)), None)
    found: Any = getattr(home, name) if home else function
    called: Callable[..., Any] = found if callable(found) else attrgetter(name)  # Tensor.mT, say
    return called


@cache
def views(function: OpOverload) -> bool:
    """Whether a function does nothing but look at numbers otherwise."""
    return function.is_view or operation(function) == "_unsafe_view"


def _call(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
    """Call a function as a layer's line does: to unpack its arguments would take longer."""
    match args:
        case [a] if not kwargs:
            return lambda: function(a)
        case [a, b] if not kwargs:
            return lambda: function(a, b)
        case [a, b, c] if not kwargs:
            return lambda: function(a, b, c)
    return lambda: function(*args, **kwargs)


#: Functions composed of simple ones, as which they may be called on single elements.
COMPOSED = frozenset({"matmul", "linear", "softmax", "log_softmax", "layer_norm", "pad", "conv1d"})


@cache
def plain(function: OpOverload) -> bool:
    """Whether it is known what a function does: no kernel that fuses several."""
    return is_free(function) or operation(function) in {
        *ELEMENTWISE,
        *FUSED,
        *POOLS,
        *VECTORS,
        *REDUCTIONS,
        *TRANSFORMS,
        *PRODUCTS,
    }


def _listed(case: Case, seed: int, *, whole: bool = False) -> Listing:
    """List a pass, operations `whole` as they are called, or as what they are composed of."""
    with torch.inference_mode() if whole else torch.set_grad_enabled(case.mode != "forward"):
        # Of a graph that is replayed, and of what was compiled, no operation is to be seen.
        call = prepare(replace(case, options=()), seed)
        listing = Listing()
        with register_module_forward_pre_hook(listing.called), listing:
            call()
    return listing


def _products(listing: Listing) -> Counter[Product | Turns]:
    """Tell how often each product occurs, those that take turns together.

    They do where they occur equally often, and each before the first of them does so again.
    """
    found: Counter[Product | Turns] = Counter()
    groups: list[tuple[list[int], list[Product]]] = []  # when the first occurs, and all of them
    for (each, _), times in listing.matrices.items():
        assert each.product is not None
        if len(times) == 1:
            found[each.product] += 1
            continue
        for first, group in groups:
            if len(first) == len(times) and times[0] < first[1]:
                group.append(each.product)
                break
        else:
            groups.append((times, [each.product]))
    for first, group in groups:
        found[group[0] if len(group) == 1 else Turns(tuple(group))] += len(first)
    return found


#: What a call is one of.
Called = Signature | Hollow


@dataclass(frozen=True)
class Contents:
    """What one pass consists of.

    Attributes
    ----------
    calls
        Operations that are dispatched on the device, and modules.
    products, others
        What they stand for, each with how often; views, which do nothing, are left out.
    """

    calls: Counter[Called]
    products: Counter[Product | Turns]
    others: Counter[Operation]

    @property
    def flops(self) -> int:
        """FLOPs of the products."""
        return sum(each.flops * times for each, times in self.products.items())


def contents(case: Case, seed: int = 0) -> tuple[Contents, Mapping[Signature, Operation]]:
    """List what a pass consists of.

    Returns
    -------
    The contents, and of each signature the first operation seen.
    """
    called = meant = _listed(case, seed)
    if any(not plain(each.function) for each in called.operations):
        meant = _listed(replace(case, device="meta"), seed)
    if case.mode == "forward":
        whole = _listed(case, seed, whole=True)
        if all(each.single for each in whole.operations):
            called = whole
    calls: Counter[Called] = Counter({Hollow(): called.modules})
    for each, times in called.operations.items():
        calls[each.signature] += times
    seen: dict[Signature, Operation] = {}
    for each in (*called.operations, *meant.operations):
        seen.setdefault(each.signature, each)
    others: Counter[Operation] = Counter()
    for each, times in meant.operations.items():
        if each.product is None and not views(each.function):
            others[each] += times
    return Contents(calls, _products(meant), others), seen


#: What is timed alone.
Thing = Product | Turns | Operation | Hollow
