"""What a pass consists of: its operations, listed, and each timed alone.

A pass is listed twice. On its device it is what is dispatched, and each operation costs a call. On
meta tensors, which hold no numbers, a fused kernel falls apart into what it stands for: products
and element-wise work. A product is timed as a plain matrix product of the same shapes, which is the
rate at which this machine does such work; anything else as the operation that it is. What a call
costs, the same on single elements, is taken off both.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from math import isnan, nan, prod
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import TreeSpec, tree_flatten, tree_unflatten

from .calm import Calm
from .case import Case, Measurement
from .control import no_collection
from .flops import ELEMENTWISE, FREE, PRODUCTS, operation
from .table import PARTS
from .timing import Call, Clock, clock_for, time_repeats
from .workload import prepare

_PLAIN = {*ELEMENTWISE, *PRODUCTS, *FREE}

#: Rounds in which everything is timed, and repeats in each.
ROUNDS, REPEATS = 3, 3


@dataclass(frozen=True)
class Shaped:
    """A tensor without its numbers."""

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype

    def make(self, device: str) -> Tensor:
        """Make a tensor of this kind: unit-normal numbers, or zeros where they are whole."""
        made = torch.empty_strided(self.shape, self.stride, dtype=self.dtype, device=device)
        return made.normal_() if self.dtype.is_floating_point else made.zero_()


@dataclass(frozen=True)
class Product:
    """So many products (rows × inner)(inner × columns) at once."""

    batch: int
    rows: int
    inner: int
    columns: int
    dtype: torch.dtype

    @property
    def flops(self) -> int:
        """A multiply-add counts as two."""
        return 2 * self.batch * self.rows * self.inner * self.columns

    @property
    def least(self) -> Product:
        """The same of single elements."""
        return Product(1, 1, 1, 1, self.dtype)

    def ready(self, device: str) -> Call:
        """Make matrices; the callable multiplies them."""
        many = () if self.batch == 1 else (self.batch,)
        sides = (self.rows, self.inner), (self.inner, self.columns)
        first, second = (
            torch.empty((*many, *side), dtype=self.dtype, device=device).normal_() for side in sides
        )
        multiply = torch.bmm if many else torch.mm
        return lambda: multiply(first, second)


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
    def product(self) -> Product | None:
        """The matrix product that it is, or that it stands for as a convolution; else None."""
        name = operation(self.function)
        if name not in PRODUCTS:
            return None
        shapes = [leaf.shape for leaf in self.leaves if isinstance(leaf, Shaped)]
        dtype = next(leaf.dtype for leaf in self.leaves if isinstance(leaf, Shaped))
        if name == "convolution":  # a row for each place, its window times the channels within
            weight, groups = shapes[1], self.leaves[-1]
            inner = prod(weight[1:])
            return Product(groups, self.out // weight[0], inner, weight[0] // groups, dtype)
        first, second = shapes[-2:]
        rows, inner = first[-2:]
        return Product(prod(first[:-2]), rows, inner, second[-1], dtype)

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
        return lambda: self.function(*args, **kwargs)


class Listing(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch gives no types
    """List the operations of what runs inside it.

    Attributes
    ----------
    operations
        How often each occurs.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the same
        self.operations: Counter[Operation] = Counter()
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
        if _views(func):
            self._seen[func] = found
        return out


@cache
def _views(function: OpOverload) -> bool:
    """Whether a function does nothing but look at numbers otherwise."""
    return function.is_view or operation(function) == "_unsafe_view"


@cache
def _plain(function: OpOverload) -> bool:
    """Whether it is known what a function does: no kernel that fuses several."""
    return _views(function) or operation(function) in _PLAIN


def _listed(case: Case, seed: int) -> Counter[Operation]:
    with torch.no_grad():
        call = prepare(case, seed)
        listing = Listing()
        with listing:
            call()
    return listing.operations


@dataclass(frozen=True)
class Contents:
    """What one pass consists of.

    Attributes
    ----------
    calls
        Operations that are dispatched on the device.
    products, others
        What they stand for, each with how often; views, which do nothing, are left out.
    """

    calls: Counter[OpOverload]
    products: Counter[Product]
    others: Counter[Operation]

    @property
    def flops(self) -> int:
        """FLOPs of the products."""
        return sum(each.flops * times for each, times in self.products.items())


def contents(case: Case, seed: int = 0) -> tuple[Contents, Mapping[OpOverload, Operation]]:
    """List what a pass consists of.

    Returns
    -------
    The contents, and of each function the first operation seen.
    """
    called = _listed(case, seed)
    fused = any(not _plain(each.function) for each in called)
    meant = _listed(replace(case, device="meta"), seed) if fused else called
    calls: Counter[OpOverload] = Counter()
    seen: dict[OpOverload, Operation] = {}
    for each, times in called.items():
        calls[each.function] += times
        seen.setdefault(each.function, each)
    products: Counter[Product] = Counter()
    others: Counter[Operation] = Counter()
    for each, times in meant.items():
        if (product := each.product) is not None:
            products[product] += times
        elif not _views(each.function):
            others[each] += times
    return Contents(calls, products, others), seen


Thing = Product | Operation


def take_apart(
    cases: Sequence[Case],
    *,
    process: int = 0,
    seed: int = 0,
    rounds: int = ROUNDS,
    clock: Clock | None = None,
    calm: Calm | None = None,
    progress: Callable[[int, int, str], object] = lambda *_: None,
) -> Iterator[Measurement]:
    """Measure what the passes of cases consist of.

    However many cases have a product or an operation, it is timed once a round; each round in
    another order.

    Parameters
    ----------
    cases
        The points.
    process
        Number that the measurements are filed under.
    seed
        Of weights, inputs and order.
    rounds
        How often everything is timed.
    clock
        Instead of the devices' own.
    calm
        Waits for calm moments.
    progress
        Called with how much is done, how much there is to do, and what it is.

    Yields
    ------
    Measurement
        For each round and case the `PARTS` that take any time.
    """
    for device in dict.fromkeys(case.device for case in cases):
        here = [case for case in cases if case.device == device]
        timer = clock or clock_for(device)
        listed: dict[Case, Contents] = {}
        singles: dict[OpOverload, Operation] = {}
        for done, case in enumerate(here, 1):
            try:
                listed[case], seen = contents(case, seed)
            except Exception as error:  # whatever a layer does that meta tensors cannot
                yield _unknown(case, process, 0, f"it cannot be listed: {error}".splitlines()[0])
                continue
            for function, first in seen.items():
                if _views(function):
                    singles.setdefault(function, first)
                elif _plain(function):  # others may well crash on single elements
                    singles.setdefault(function, first.least)
            progress(done, len(here), "passes listed")
        if not listed:
            continue
        found: list[Thing] = []
        for one in listed.values():
            found += [*one.products, *one.others]
        least = [thing.least for thing in found if isinstance(thing, Product)]
        things = list(dict.fromkeys([*singles.values(), *least, *found]))
        for round in range(rounds):
            seconds: dict[Thing, float] = {}
            order = random.Random(f"{seed}/{round}").sample(things, len(things))
            for done, thing in enumerate(order, 1):
                work = partial(_seconds, thing, device, timer)
                seconds[thing] = calm.during(work)[0] if calm else work()
                progress(round * len(things) + done, rounds * len(things), "parts timed")
            costs = _Costs(seconds, singles)
            for case, one in listed.items():
                yield from _of_pass(case, one, costs, process, round)


class _Costs:
    """What products, other operations and calls cost in a round.

    Parameters
    ----------
    seconds
        What each thing took, NaN where it could not be carried out.
    singles
        What tells the cost of calling a function.
    """

    def __init__(
        self, seconds: Mapping[Thing, float], singles: Mapping[OpOverload, Operation]
    ) -> None:
        self._seconds = seconds
        self._calls = {function: seconds[thing] for function, thing in singles.items()}
        products = [thing for thing in seconds if isinstance(thing, Product)]
        self._peak = max((thing.flops / seconds[thing] for thing in products), default=nan)
        usual = [seconds[thing.least] for thing in products] or list(self._calls.values())
        self._usual = float(np.nanmedian(usual)) if usual else nan

    def call(self, function: OpOverload) -> float:
        """Seconds of calling a function; where single elements cannot tell, as a product's."""
        seconds = self._calls.get(function, nan)
        return self._usual if isnan(seconds) else seconds

    def product(self, product: Product) -> float:
        """Seconds of a product without its call; no faster than the fastest of all."""
        own = self._seconds[product] - self._seconds[product.least]
        return max(own, product.flops / self._peak)

    def other(self, operation: Operation) -> float:
        """Seconds of another operation without its call."""
        return max(self._seconds[operation] - self.call(operation.function), 0.0)


def _of_pass(
    case: Case, one: Contents, costs: _Costs, process: int, round: int
) -> Iterator[Measurement]:
    """Add up what a pass consists of.

    Where it has no products, other operations stand for them, an element for a FLOP.
    """
    products = sum(costs.product(each) * times for each, times in one.products.items())
    others = sum(costs.other(each) * times for each, times in one.others.items())
    calls = sum(costs.call(each) * times for each, times in one.calls.items())
    elements = sum(each.out * times for each, times in one.others.items())
    values = (float(one.flops), products, others, calls)
    if not one.products:
        values = (float(elements), others, 0.0, calls)
    if isnan(sum(values)):
        note = "it has an operation that cannot be carried out alone"
        yield _unknown(case, process, round, note)
        return
    for metric, value in zip(PARTS, values, strict=True):
        if value > 0:
            yield Measurement(case, process, round, (value,), metric=metric)


def _unknown(case: Case, process: int, round: int, why: str) -> Measurement:
    return Measurement(case, process, round, (), "error", why, PARTS[0])


def _seconds(thing: Thing, device: str, clock: Clock) -> float:
    """Time one product or operation; NaN where it cannot be carried out alone."""
    try:
        with no_collection(), torch.inference_mode():
            return min(time_repeats(thing.ready(device), clock, repeats=REPEATS))
    except (RuntimeError, IndexError, ValueError, NotImplementedError):
        return nan
