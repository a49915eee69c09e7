"""The time of a pass by its operations: each product and other operation, timed separately.

A product is timed as a plain matrix product of the same shapes, which gives the rate at which this
machine does such work: its matrices have the pass's memory layout, and it alternates with others if
they alternate in the pass. Other operations are timed as they are. The cost of a call, that of the
same operation on single elements, is subtracted from both. Calling a module has a cost too: that of
an empty one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from math import isnan, nan

import numpy as np
import torch

from ...messages import error_message
from ..cases import PARTS, Case, Measurement
from ..timing import (
    Clock,
    NoiseGate,
    clock_for,
    float32_precision,
    no_garbage_collection,
    time_repeats,
)
from ..workers import TASK_SECONDS, Sandbox
from .operation import (
    AlternatingProducts,
    CallKind,
    EmptyModule,
    MatrixProduct,
    Operation,
    Timed,
)
from .operation_recorder import PassOperations, record_pass

#: Rounds in which each operation is timed, and repeats in each round.
ROUNDS, REPEATS = 3, 3

_Products = MatrixProduct | AlternatingProducts


def time_operations(
    cases: Sequence[Case],
    *,
    process: int = 0,
    seed: int = 0,
    rounds: int = ROUNDS,
    clock: Clock | None = None,
    noise_gate: NoiseGate | None = None,
    time: Callable[[Timed, str, Clock], float] | None = None,
    limit: float = TASK_SECONDS,
    memory: float | None = None,
    progress: Callable[[int, int, str], object] = lambda *_: None,
) -> Iterator[list[Measurement]]:
    """Time the operations of the passes of cases.

    An operation is timed once per round, however many cases have it, and each round has a new
    order.

    Parameters
    ----------
    cases
        The cases.
    process
        Number of the process, which the measurements are stored under.
    seed
        Seed of weights, inputs and order.
    rounds
        How often each operation is timed.
    clock
        A clock instead of the devices'.
    noise_gate
        Waits until the machine is quiet.
    time
        Times one operation on a device by a clock; `time_operation` by default.
    limit
        Most seconds in which a user's layer may have its operations recorded.
    memory
        Most bytes that it may take meanwhile; None as for `Sandbox`.
    progress
        Called with the number done, the total, and a description.

    Yields
    ------
    list of Measurement
        For each case the `PARTS` that take any time, of all rounds.
    """
    for device in dict.fromkeys(case.device for case in cases):
        here = [case for case in cases if case.device == device]
        timer = clock or clock_for(device)
        recorded: dict[Case, PassOperations] = {}
        probes: dict[CallKind, Operation | EmptyModule] = {EmptyModule(): EmptyModule()}
        with Sandbox(limit, memory, [record_pass.__module__]) as sandbox:
            for done, case in enumerate(here, 1):
                try:
                    record = partial(record_pass, case, seed)
                    recorded[case], seen = sandbox.ask(case.layer, record)
                except Exception as error:  # a layer may do what meta tensors do not support
                    why = f"its operations cannot be recorded: {error_message(error)}"
                    yield [_unknown(case, process, 0, why)]
                    continue
                for signature, first in seen.items():
                    if probe := first.call_probe:
                        probes.setdefault(signature, probe)
                progress(done, len(here), "passes recorded")
        if not recorded:
            continue
        found: list[Timed] = []
        for one in recorded.values():
            found += [*one.products, *one.others]
        operations = list(dict.fromkeys([*probes.values(), *_product_calls(found), *found]))
        costs = []
        for round in range(rounds):
            seconds: dict[Timed, float] = {}
            order = random.Random(f"{seed}/{round}").sample(operations, len(operations))
            for done, timed in enumerate(order, 1):
                work = partial(time or time_operation, timed, device, timer)
                with float32_precision(here[0]):
                    seconds[timed] = noise_gate.run_gated(work)[0] if noise_gate else work()
                progress(round * len(operations) + done, rounds * len(operations), "parts timed")
            costs.append(_Costs(seconds, probes))
        for case, one in recorded.items():
            yield [
                measurement
                for round, each in enumerate(costs)
                for measurement in _of_pass(case, one, each, process, round)
            ]


def _product_calls(operations: Iterable[Timed]) -> list[MatrixProduct]:
    """List the products of single elements, whose time is the cost of a product's call."""
    products = (timed for timed in operations if isinstance(timed, _Products))
    return [one.on_single_elements for timed in products for one in timed.products]


class _Costs:
    """The times of products, other operations and calls in a round.

    Parameters
    ----------
    seconds
        Seconds of each, NaN if it failed.
    probes
        Operations whose time is the cost of a call, by the kind of call.
    """

    def __init__(
        self, seconds: Mapping[Timed, float], probes: Mapping[CallKind, Operation | EmptyModule]
    ) -> None:
        self._seconds = seconds
        self._calls = {called: seconds[timed] for called, timed in probes.items()}
        products = [timed for timed in seconds if isinstance(timed, _Products)]
        rates = [timed.flops / seconds[timed] for timed in products]
        self._peak = float(np.nanmax(rates)) if rates else nan
        usual = [seconds[one] for one in _product_calls(seconds)] or list(self._calls.values())
        self._usual = float(np.nanmedian(usual)) if usual else nan

    def call(self, called: CallKind) -> float:
        """Return the seconds of a call; of a product's call if its probe failed."""
        seconds = self._calls.get(called, nan)
        return self._usual if isnan(seconds) else seconds

    def product(self, product: _Products) -> float:
        """Return the seconds of products without their calls, limited by the peak rate."""
        own = self._seconds[product] - sum(
            self._seconds[one.on_single_elements] for one in product.products
        )
        return max(own, product.flops / self._peak)

    def other(self, operation: Operation) -> float:
        """Return the seconds of another operation without its call."""
        return max(self._seconds[operation] - self.call(operation.signature), 0.0)


def _of_pass(
    case: Case, one: PassOperations, costs: _Costs, process: int, round: int
) -> Iterator[Measurement]:
    """Sum the times of a pass.

    If it has no products, other operations take their place, with one FLOP per element.
    """
    products = sum(costs.product(each) * times for each, times in one.products.items())
    others = sum(costs.other(each) * times for each, times in one.others.items())
    calls = sum(costs.call(each) * times for each, times in one.calls.items())
    elements = sum(each.elements * times for each, times in one.others.items())
    values = (float(one.flops), products, others, calls)
    if not one.products:
        values = (float(elements), others, 0.0, calls)
    if isnan(sum(values)):
        note = "it has an operation that cannot be run separately"
        yield _unknown(case, process, round, note)
        return
    for metric, value in zip(PARTS, values, strict=True):
        if value > 0:
            yield Measurement(case, process, round, (value,), metric=metric)


def _unknown(case: Case, process: int, round: int, why: str) -> Measurement:
    return Measurement(case, process, round, (), "error", why, PARTS[0])


def time_operation(timed: Timed, device: str, clock: Clock) -> float:
    """Time one product or operation, in seconds; NaN if it cannot be run separately."""
    try:
        with no_garbage_collection(), torch.inference_mode():
            return min(time_repeats(timed.prepare(device), clock, repeats=REPEATS))
    except (MemoryError, RuntimeError, IndexError, ValueError):
        return nan
