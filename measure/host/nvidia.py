"""The state of the first GPU as NVIDIA's driver reports it through NVML."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from concurrent.futures import Future, TimeoutError as FutureTimeout
from dataclasses import dataclass
from functools import partial
from math import inf
from threading import Thread
from typing import Any, TypeVar

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class GpuState:
    """The first GPU as its driver reports it; None for what is not reported.

    Attributes
    ----------
    name, driver
        The GPU's name and the driver's version.
    processes
        Number and name of each compute process on it.
    persistence, ecc
        Whether persistence mode and error correction are on.
    clock, max_clock, max_memory_clock
        Clocks of its multiprocessors and of its memory, in MHz.
    throttle_reasons
        Why clocks are lowered, as NVML's bits.
    free_memory
        In bytes.
    """

    name: str
    driver: str | None = None
    processes: tuple[tuple[int, str], ...] = ()
    persistence: bool | None = None
    ecc: bool | None = None
    clock: int | None = None
    max_clock: int | None = None
    max_memory_clock: int | None = None
    throttle_reasons: int | None = None
    free_memory: int | None = None


def gpu_state(nvml: Any = None, *, timeout: float = 5.0) -> GpuState | None:
    """Return the state of the first GPU; None without a driver or a GPU.

    Parameters
    ----------
    nvml
        The module ``pynvml`` of nvidia-ml-py, or a substitute.
    timeout
        Seconds to wait for the driver, which may hang.
    """
    if nvml is None:
        nvml = importlib.import_module("pynvml")  # at its first use: most machines have no GPU
    # In a thread, since a call of NVML cannot be interrupted.
    answer: Future[GpuState | None] = Future()
    Thread(target=lambda: answer.set_result(_state(nvml)), daemon=True).start()
    try:
        return answer.result(timeout)
    except FutureTimeout:
        return None


def free_gpu_memory(state: Callable[[], GpuState | None] = gpu_state) -> float:
    """Return the free bytes on the first GPU; infinite if the driver does not report them."""
    found = state()
    return inf if found is None or found.free_memory is None else float(found.free_memory)


def _state(nvml: Any) -> GpuState | None:
    def ask(call: Callable[[], Answer]) -> Answer | None:
        try:
            return call()
        except nvml.NVMLError:  # such as a query that this driver or GPU does not support
            return None

    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return None
    try:
        gpu = nvml.nvmlDeviceGetHandleByIndex(0)
        running = ask(lambda: nvml.nvmlDeviceGetComputeRunningProcesses(gpu)) or ()
        return GpuState(
            name=nvml.nvmlDeviceGetName(gpu),
            driver=ask(nvml.nvmlSystemGetDriverVersion),
            processes=tuple(
                (one.pid, ask(partial(nvml.nvmlSystemGetProcessName, one.pid)) or "")
                for one in running
            ),
            persistence=ask(lambda: bool(nvml.nvmlDeviceGetPersistenceMode(gpu))),
            ecc=ask(lambda: bool(nvml.nvmlDeviceGetEccMode(gpu)[0])),
            clock=ask(lambda: nvml.nvmlDeviceGetClockInfo(gpu, nvml.NVML_CLOCK_SM)),
            max_clock=ask(lambda: nvml.nvmlDeviceGetMaxClockInfo(gpu, nvml.NVML_CLOCK_SM)),
            max_memory_clock=ask(lambda: nvml.nvmlDeviceGetMaxClockInfo(gpu, nvml.NVML_CLOCK_MEM)),
            throttle_reasons=ask(lambda: nvml.nvmlDeviceGetCurrentClocksThrottleReasons(gpu)),
            free_memory=ask(lambda: int(nvml.nvmlDeviceGetMemoryInfo(gpu).free)),
        )
    except nvml.NVMLError:  # there is a driver, and no GPU
        return None
    finally:
        nvml.nvmlShutdown()
