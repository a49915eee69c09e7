"""Record the operations of a pass.

A pass is recorded up to three times. In inference mode operations are dispatched as a layer calls
them: a matrix product of any shapes is one operation, and each costs a call. Otherwise each is
dispatched as the simple operations that it is composed of, which do the work. On meta tensors a
fused kernel is decomposed into products and element-wise work.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.utils._pytree import tree_flatten

from ..cases import Case
from ..counting import PRODUCTS, DispatchMode, operation_name
from ..timing import prepare_pass, restored
from .operation import (
    AlternatingProducts,
    CallKind,
    CallSignature,
    EmptyModule,
    MatrixProduct,
    Operation,
    TensorSpec,
    is_elementary,
    is_view,
)


class OperationRecorder(DispatchMode):
    """Record the operations of what runs inside it.

    Parameters
    ----------
    decomposing
        Whether composite operations are recorded as those that they consist of.

    Attributes
    ----------
    operations
        How often each occurs.
    occurrences
        For each product and its matrix, the larger of the two, at which operations it occurs,
        counted from the first of the pass.
    modules
        How often `count_module` was called.
    """

    def __init__(self, *, decomposing: bool = False) -> None:
        super().__init__()
        self.decomposing = decomposing
        self.operations: Counter[Operation] = Counter()
        self.occurrences: defaultdict[tuple[Operation, int], list[int]] = defaultdict(list)
        self.modules = 0
        self._views: dict[OpOverload, Operation] = {}

    def dispatch(self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run one operation and record it; views of one function count as the first of them."""
        if func in self._views:
            self.operations[self._views[func]] += 1
            return func(*args, **kwargs)
        given, structure = tree_flatten((args, kwargs))
        # Before the operation runs: in place it may change strides.
        leaves = tuple(TensorSpec.of(leaf) if isinstance(leaf, Tensor) else leaf for leaf in given)
        out = func(*args, **kwargs)
        elements = out.numel() if isinstance(out, Tensor) else 0
        found = Operation(func, leaves, elements, structure)
        self.operations[found] += 1
        if is_view(func):
            self._views[func] = found
        elif operation_name(func) in PRODUCTS:
            larger = max((x for x in given if isinstance(x, Tensor)), key=Tensor.numel)
            address = larger.untyped_storage()._cdata  # distinguishes meta tensors too
            self.occurrences[found, address].append(self.operations.total())
        return out

    def count_module(self, module: nn.Module, inputs: object) -> None:
        """Count a module that is about to be called, as torch's hook."""
        self.modules += 1


@dataclass(frozen=True)
class PassOperations:
    """The operations of one pass.

    Attributes
    ----------
    calls
        How often each kind of call is made: operations dispatched on the device, and modules.
    products, others
        How often each product and each other operation occurs; views, which compute nothing, are
        left out.
    """

    calls: Counter[CallKind]
    products: Counter[MatrixProduct | AlternatingProducts]
    others: Counter[Operation]

    @property
    def flops(self) -> int:
        """FLOPs of the products."""
        return sum(each.flops * times for each, times in self.products.items())


def record_pass(
    case: Case, seed: int = 0
) -> tuple[PassOperations, Mapping[CallSignature, Operation]]:
    """Record the operations of a case's pass.

    Returns
    -------
    PassOperations
        The operations.
    mapping
        For each signature the first operation that has it.
    """
    called = computed = _recorded(case, seed)
    if any(not is_elementary(each.function) for each in called.operations):
        computed = _recorded(replace(case, device="meta"), seed)
    if case.mode == "forward":
        whole = _recorded(case, seed, whole=True)
        if all(each.call_probe for each in whole.operations):
            called = whole
    calls: Counter[CallKind] = Counter({EmptyModule(): called.modules})
    for each, times in called.operations.items():
        calls[each.signature] += times
    first: dict[CallSignature, Operation] = {}
    for each in (*called.operations, *computed.operations):
        first.setdefault(each.signature, each)
    others: Counter[Operation] = Counter()
    for each, times in computed.operations.items():
        if each.product is None and not is_view(each.function):
            others[each] += times
    return PassOperations(calls, _products(computed), others), first


def _recorded(case: Case, seed: int, *, whole: bool = False) -> OperationRecorder:
    """Record a pass, with operations as they are called (`whole`) or decomposed."""
    with torch.inference_mode() if whole else torch.set_grad_enabled(case.mode != "forward"):
        # The operations of a replayed graph and of compiled code are not dispatched.
        call = restored(prepare_pass(replace(case, options=()), seed))
        recorder = OperationRecorder(decomposing=not whole)
        with register_module_forward_pre_hook(recorder.count_module), recorder:
            call()
    return recorder


def _products(recorder: OperationRecorder) -> Counter[MatrixProduct | AlternatingProducts]:
    """Count how often each product occurs, and group those that alternate.

    Products alternate where they occur equally often, and each for the first time before the first
    of them occurs again.
    """
    found: Counter[MatrixProduct | AlternatingProducts] = Counter()
    # Where the first of a group occurs, and all of the group.
    groups: list[tuple[list[int], list[MatrixProduct]]] = []
    for (each, _), times in recorder.occurrences.items():
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
        one = group[0] if len(group) == 1 else AlternatingProducts(tuple(group))
        found[one] += len(first)
    return found
