"""What this machine can do at its best: the rates of matrix products and of memory, by size.

A machine's peak is the best of several engines: on one machine torch's matrix product reached
105 GFLOP/s a core where oneDNN's convolution reached 215. Memory is timed as STREAM does, which
counts the bytes that a loop reads and writes (McCalpin 1995: Memory bandwidth and machine balance
in current high performance computers).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from ...layers import torch
from ..cases import BANDWIDTH, CALIBRATION, MACHINE, PRODUCT_RATE, Case, Measurement, octaves
from .clocks import Call, Clock, clock_for, time_repeats
from .noise_gate import NoiseGate
from .options import float32_precision
from .stabilisation import no_garbage_collection

if TYPE_CHECKING:
    from torch import Tensor

#: Rounds in which everything is timed, repeats in each, and seconds after which no more is begun.
ROUNDS, REPEATS, TIME_LIMIT = 3, 3, 5.0

#: Sides of square matrices. An engine's series of sizes ends where a call takes `MAX_CALL_SECONDS`
#: seconds: it is at its best long before, and 40 ms of a repeat are better spent on another round.
SIDES, MAX_CALL_SECONDS = octaves(8192), 0.02

#: Bytes of working sets, in octaves: from within the first cache to beyond most last ones.
WORKING_SETS = tuple(2**i for i in range(14, 29))

#: The same of a GPU, which streams the largest of these before a kernel's launch is forgotten.
GPU_WORKING_SETS = tuple(2**i for i in range(14, 32))


class EngineCall(NamedTuple):
    """A call, and how much it does: FLOPs or bytes."""

    call: Call
    amount: int


def _mm(n: int, make: Callable[..., Tensor]) -> EngineCall:
    a, b = make(n, n), make(n, n)
    return EngineCall(lambda: torch.mm(a, b), 2 * n**3)


def _bmm(n: int, make: Callable[..., Tensor]) -> EngineCall:
    a, b = make(4, n, n), make(4, n, n)
    return EngineCall(lambda: torch.bmm(a, b), 4 * 2 * n**3)


def _convolution(n: int, make: Callable[..., Tensor]) -> EngineCall:
    x, weight = make(1, n, n + 2), make(n, n, 3)  # n channels to n channels, at n places
    return EngineCall(lambda: torch.nn.functional.conv1d(x, weight), 3 * 2 * n**3)


def _copy(size: int, arena: Tensor) -> EngineCall:
    a, b = _arrays(2, size, arena)
    return EngineCall(lambda: a.copy_(b), 2 * a.nbytes)


def _add(size: int, arena: Tensor) -> EngineCall:
    a, b, c = _arrays(3, size, arena)
    return EngineCall(lambda: torch.add(b, c, out=a), 3 * a.nbytes)


def _dot(size: int, arena: Tensor) -> EngineCall:
    a, b = _arrays(2, size, arena)
    return EngineCall(lambda: torch.dot(a, b), 2 * a.nbytes)


def _arrays(count: int, size: int, arena: Tensor) -> Sequence[Tensor]:
    """Cut arrays out of memory that is there already: new memory would be page-faulted."""
    each = size // count // arena.element_size()
    return arena[: count * each].view(count, each).unbind()


#: Engines by name: what multiplies matrices of a side, and what streams a working set. Layers
#: mostly read, which a dot product does alone.
PRODUCTS: Mapping[str, Callable[[int, Callable[..., Tensor]], EngineCall]] = {
    "mm": _mm,
    "bmm": _bmm,
    "convolution": _convolution,
}
STREAMS: Mapping[str, Callable[[int, Tensor], EngineCall]] = {
    "copy": _copy,
    "add": _add,
    "dot": _dot,
}


class _Trial(NamedTuple):
    """One engine at one size, and what makes it ready."""

    metric: str
    engine: str
    size: int
    prepare: Callable[[], EngineCall]


def calibrate(
    device: str = "cpu",
    dtype: str = "float32",
    threads: int = 1,
    *,
    process: int = 0,
    seed: int = 0,
    rounds: int = ROUNDS,
    seconds: float = TIME_LIMIT,
    clock: Clock | None = None,
    noise_gate: NoiseGate | None = None,
) -> list[Measurement]:
    """Measure how fast a device multiplies matrices and moves memory, by size.

    The first round goes up each engine's series, as far as its calls are short; later ones time the
    same in another order each, while there is time. Call it with the controls in force.

    Parameters
    ----------
    device, dtype, threads
        What is measured, as in a `Case`; the threads are those in force.
    process
        Number that the measurements are filed under.
    seed
        Of the order.
    rounds, seconds
        Most rounds, and seconds after which nothing but the first is gone on with.
    clock
        Instead of the device's own.
    noise_gate
        Waits for undisturbed moments.

    Returns
    -------
    list of Measurement
        Of the layer `MACHINE`, whose mode is the engine: `PRODUCT_RATE` in FLOP/s by the
        side n of the matrices, `BANDWIDTH` in bytes/s by the working set of n bytes, both with the
        cost of their calls. An engine that cannot do this dtype is not among them.
    """
    timer, begun = clock or clock_for(device), monotonic()
    found: list[Measurement] = []

    def measure(trial: _Trial, round: int) -> float:
        """Keep what a trial reaches; seconds of its fastest call."""
        call, amount = trial.prepare()
        work = partial(time_repeats, call, timer, repeats=REPEATS)
        case = Case(MACHINE, {"n": trial.size}, 1, dtype, device, threads, trial.engine)
        with float32_precision(case):
            times = noise_gate.run_gated(work)[0] if noise_gate else work()
        values = tuple(amount / each for each in times)
        found.append(Measurement(case, process, round, values, metric=trial.metric))
        return min(times)

    trials: list[_Trial] = []
    with no_garbage_collection(), torch.inference_mode():
        for series in _series(getattr(torch, dtype), device):
            with suppress(RuntimeError):  # it has no kernel for this dtype, or no room
                for trial in series:
                    long = measure(trial, round=0) > MAX_CALL_SECONDS
                    trials.append(trial)
                    if long:
                        break
        for round in range(1, rounds):
            for trial in random.Random(f"{seed}/{round}").sample(trials, len(trials)):
                if monotonic() - begun < seconds:
                    measure(trial, round)
    return found


def uncalibrated_conditions(
    cases: Iterable[Case], measured: Iterable[Measurement]
) -> list[tuple[str, str, int]]:
    """List the (device, dtype, threads) of cases under which the machine was not calibrated."""
    done = {_conditions(one.case) for one in measured if one.metric in CALIBRATION}
    return [each for each in dict.fromkeys(map(_conditions, cases)) if each not in done]


def _conditions(case: Case) -> tuple[str, str, int]:
    return case.device, case.dtype, case.threads


def _series(kind: torch.dtype, device: str) -> Iterator[list[_Trial]]:
    """Give what each engine is tried at, from small to large."""

    def make(*shape: int) -> Tensor:
        return torch.empty(shape, dtype=kind, device=device).normal_()

    for name, product in PRODUCTS.items():
        yield [_Trial(PRODUCT_RATE.name, name, n, partial(product, n, make)) for n in SIDES]
    sets = WORKING_SETS
    if device == "cuda":
        most = torch.cuda.get_device_properties(0).total_memory / 8
        sets = tuple(size for size in GPU_WORKING_SETS if size <= most)
    arena = torch.ones(sets[-1] // kind.itemsize, dtype=kind, device=device)
    for name, stream in STREAMS.items():
        yield [_Trial(BANDWIDTH.name, name, size, partial(stream, size, arena)) for size in sets]
