"""What the parts of a pass take: every product and other operation, timed alone.

A product is timed as a plain matrix product of the same shapes, which is the rate at which this
machine does such work: of matrices that lie as those of the pass do, and in turn with others where
they take turns there. Anything else is timed as the operation that it is. What a call costs, the
same on single elements, is taken off both. A module costs a call too, as one that does nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from math import isnan, nan

import numpy as np
import torch

from ..cases import PARTS, Case, Measurement
from ..timing import Clock, NoiseGate, clock_for, no_collection, precision, time_repeats
from ..workers import Sandbox
from .operation_recorder import Called, Contents, Hollow, Operation, Product, Thing, Turns, contents

#: Rounds in which everything is timed, and repeats in each.
ROUNDS, REPEATS = 3, 3


def take_apart(
    cases: Sequence[Case],
    *,
    process: int = 0,
    seed: int = 0,
    rounds: int = ROUNDS,
    clock: Clock | None = None,
    noise_gate: NoiseGate | None = None,
    progress: Callable[[int, int, str], object] = lambda *_: None,
) -> Iterator[list[Measurement]]:
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
    noise_gate
        Waits for undisturbed moments.
    progress
        Called with how much is done, how much there is to do, and what it is.

    Yields
    ------
    list of Measurement
        For each case the `PARTS` that take any time, of all rounds; they belong together.
    """
    for device in dict.fromkeys(case.device for case in cases):
        here = [case for case in cases if case.device == device]
        timer = clock or clock_for(device)
        listed: dict[Case, Contents] = {}
        singles: dict[Called, Operation | Hollow] = {Hollow(): Hollow()}
        with Sandbox() as apart:
            for done, case in enumerate(here, 1):
                try:
                    apart.rehearse(case.layer, partial(contents, case, seed))
                    listed[case], seen = contents(case, seed)
                except Exception as error:  # whatever a layer does that meta tensors cannot
                    why = f"it cannot be listed: {error}".splitlines()[0]
                    yield [_unknown(case, process, 0, why)]
                    continue
                for signature, first in seen.items():
                    if single := first.single:
                        singles.setdefault(signature, single)
                progress(done, len(here), "passes listed")
        if not listed:
            continue
        found: list[Thing] = []
        for one in listed.values():
            found += [*one.products, *one.others]
        things = list(dict.fromkeys([*singles.values(), *_least(found), *found]))
        costs = []
        for round in range(rounds):
            seconds: dict[Thing, float] = {}
            order = random.Random(f"{seed}/{round}").sample(things, len(things))
            for done, thing in enumerate(order, 1):
                work = partial(_seconds, thing, device, timer)
                with precision(here[0]):
                    seconds[thing] = noise_gate.during(work)[0] if noise_gate else work()
                progress(round * len(things) + done, rounds * len(things), "parts timed")
            costs.append(_Costs(seconds, singles))
        for case, one in listed.items():
            yield [
                measurement
                for round, each in enumerate(costs)
                for measurement in _of_pass(case, one, each, process, round)
            ]


def _least(things: Iterable[Thing]) -> list[Product]:
    """Give the products of single elements that stand for what the call of a product costs."""
    products = (thing for thing in things if isinstance(thing, Product | Turns))
    return [one.least for thing in products for one in thing.each]


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
        self, seconds: Mapping[Thing, float], singles: Mapping[Called, Operation | Hollow]
    ) -> None:
        self._seconds = seconds
        self._calls = {called: seconds[thing] for called, thing in singles.items()}
        products = [thing for thing in seconds if isinstance(thing, Product | Turns)]
        rates = [thing.flops / seconds[thing] for thing in products]
        self._peak = float(np.nanmax(rates)) if rates else nan
        usual = [seconds[one] for one in _least(seconds)] or list(self._calls.values())
        self._usual = float(np.nanmedian(usual)) if usual else nan

    def call(self, called: Called) -> float:
        """Seconds of calling one; where single elements cannot tell, as a product's."""
        seconds = self._calls.get(called, nan)
        return self._usual if isnan(seconds) else seconds

    def product(self, product: Product | Turns) -> float:
        """Seconds of a product, or of some in turn, without calls; no faster than the fastest."""
        own = self._seconds[product] - sum(self._seconds[one.least] for one in product.each)
        return max(own, product.flops / self._peak)

    def other(self, operation: Operation) -> float:
        """Seconds of another operation without its call."""
        return max(self._seconds[operation] - self.call(operation.signature), 0.0)


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
    except (MemoryError, RuntimeError, IndexError, ValueError):
        return nan
