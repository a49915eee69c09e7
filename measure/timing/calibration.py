"""Calibration of the machine: peak rates of matrix products and of memory, by size.

The peak is the best of several engines: on one machine torch's matrix product reached 105 GFLOP/s
per core where oneDNN's convolution reached 215. Memory is timed as in STREAM, which counts the
bytes that a loop reads and writes (McCalpin 1995: Memory bandwidth and machine balance in current
high performance computers).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from ...layers import torch
from ..cases import BANDWIDTH, MACHINE, PRODUCT_RATE, Case, Measurement, octaves
from .clocks import Call, Clock, clock_for, time_repeats
from .noise_gate import NoiseGate
from .options import float32_precision
from .stabilisation import no_garbage_collection

if TYPE_CHECKING:
    from torch import Tensor

#: Rounds, repeats per round, and seconds after which no further measurement is started.
ROUNDS, REPEATS, TIME_LIMIT = 3, 3, 5.0

#: Sides of square matrices. An engine's series of sizes ends where a call takes `MAX_CALL_SECONDS`:
#: it reaches its peak rate long before, and the time is better spent on another round.
SIDES, MAX_CALL_SECONDS = octaves(8192), 0.02

#: Bytes of working sets, in octaves: from within the level-1 cache to beyond most last-level
#: caches.
WORKING_SETS = tuple(2**i for i in range(14, 29))

#: The same for a GPU, which streams the smaller ones in less than a kernel's launch.
GPU_WORKING_SETS = tuple(2**i for i in range(14, 32))


class EngineCall(NamedTuple):
    """A call of an engine and its amount of work: FLOPs or bytes."""

    call: Call
    amount: int


def _mm(n: int, make: Callable[..., Tensor]) -> EngineCall:
    a, b = make(n, n), make(n, n)
    return EngineCall(lambda: torch.mm(a, b), 2 * n**3)


def _bmm(n: int, make: Callable[..., Tensor]) -> EngineCall:
    a, b = make(4, n, n), make(4, n, n)
    return EngineCall(lambda: torch.bmm(a, b), 4 * 2 * n**3)


def _convolution(n: int, make: Callable[..., Tensor]) -> EngineCall:
    x, weight = make(1, n, n + 2), make(n, n, 3)  # n channels to n channels, at n positions
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
    """Return arrays within allocated memory: new memory would cause page faults."""
    each = size // count // arena.element_size()
    return arena[: count * each].view(count, each).unbind()


#: Engines by name: those that multiply n × n matrices, and those that stream a working set. Layers
#: mostly read memory, as only the dot product does.
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
    """One engine at one size, and the function that prepares its call."""

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
    """Measure how fast a device multiplies matrices and streams memory, by size.

    The first round goes through each engine's sizes while its calls are short; later rounds time
    the same in new orders while time is left. Call it with the controls in force.

    Parameters
    ----------
    device, dtype, threads
        As in a `Case`; the threads are those in force.
    process
        Number of the process, which the measurements are stored under.
    seed
        Seed of the order.
    rounds, seconds
        Most rounds, and seconds after which only the first round continues.
    clock
        A clock instead of the device's.
    noise_gate
        Waits until the machine is quiet.

    Returns
    -------
    list of Measurement
        Measurements of the layer `MACHINE`, with the engine as mode: `PRODUCT_RATE` in FLOP/s by
        the side n of the matrices, `BANDWIDTH` in bytes/s by the working set of n bytes, both
        including the cost of the calls. Engines that do not support the dtype are left out.
    """
    timer, begun = clock or clock_for(device), monotonic()
    found: list[Measurement] = []

    def measure(trial: _Trial, round: int) -> float:
        """Store the rates of a trial and return the seconds of its fastest call."""
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
            with suppress(RuntimeError):  # no kernel for this dtype, or not enough memory
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
    cases: Iterable[Case], calibrated: Iterable[Case]
) -> list[tuple[str, str, int]]:
    """List the (device, dtype, threads) of cases for which the machine is not calibrated.

    `calibrated` are the cases of the metrics in `CALIBRATION` that were measured.
    """
    done = set(map(_conditions, calibrated))
    return [each for each in dict.fromkeys(map(_conditions, cases)) if each not in done]


def _conditions(case: Case) -> tuple[str, str, int]:
    return case.device, case.dtype, case.threads


def _series(kind: torch.dtype, device: str) -> Iterator[list[_Trial]]:
    """Yield the trials of each engine, from small to large."""

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
