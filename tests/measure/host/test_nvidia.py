"""NVIDIA's driver, by a stand-in for its library."""

from math import inf
from threading import Event
from types import SimpleNamespace

import pytest
from layerlaw.measure.host.nvidia import GpuState, free_gpu_memory, gpu_state


class Nvml:
    """A driver of one GPU, some of whose queries may fail."""

    class NVMLError(Exception):
        """What NVML raises."""

    NVML_CLOCK_SM, NVML_CLOCK_MEM = 1, 2

    def __init__(self, *failing, driver=True):
        self._failing, self._driver, self.closed = failing, driver, 0

    def nvmlInit(self):
        if not self._driver:
            raise self.NVMLError

    def nvmlShutdown(self):
        self.closed += 1

    def __getattr__(self, name):
        answers = {
            "DeviceGetHandleByIndex": "gpu",
            "DeviceGetName": "A GPU",
            "SystemGetDriverVersion": "580.1",
            "DeviceGetComputeRunningProcesses": [SimpleNamespace(pid=34)],
            "SystemGetProcessName": "train",
            "DeviceGetPersistenceMode": 1,
            "DeviceGetEccMode": [0, 1],
            "DeviceGetClockInfo": 345,
            "DeviceGetMaxClockInfo": 1980,
            "DeviceGetCurrentClocksThrottleReasons": 0x24,
            "DeviceGetMemoryInfo": SimpleNamespace(free=2**30),
        }
        answer = answers[name.removeprefix("nvml")]

        def query(*of):
            if name.removeprefix("nvml") in self._failing:
                raise self.NVMLError
            return answer

        return query


def test_what_the_driver_reports():
    nvml = Nvml()
    assert gpu_state(nvml) == GpuState(
        name="A GPU",
        driver="580.1",
        processes=((34, "train"),),
        persistence=True,
        ecc=False,
        clock=345,
        max_clock=1980,
        max_memory_clock=1980,
        throttle_reasons=0x24,
        free_memory=2**30,
    )
    assert nvml.closed == 1


def test_without_a_driver_or_a_gpu_nothing_is_known():
    assert gpu_state(Nvml(driver=False)) is None
    nvml = Nvml("DeviceGetHandleByIndex")
    assert gpu_state(nvml) is None
    assert nvml.closed == 1


def test_what_a_driver_does_not_support_is_none():
    found = gpu_state(Nvml("DeviceGetEccMode", "DeviceGetClockInfo", "SystemGetProcessName"))
    assert (found.ecc, found.clock, found.processes) == (None, None, ((34, ""),))
    assert found.max_clock == 1980


def test_a_driver_that_hangs_is_given_up(monkeypatch):
    hanging, nvml = Event(), Nvml()
    monkeypatch.setattr(nvml, "nvmlInit", hanging.wait)
    assert gpu_state(nvml, timeout=0.05) is None
    hanging.set()


@pytest.mark.parametrize(
    ("state", "bytes"),
    [(GpuState("A GPU", free_memory=2**30), 2.0**30), (GpuState("A GPU"), inf), (None, inf)],
)
def test_free_memory_is_in_bytes(state, bytes):
    assert free_gpu_memory(lambda: state) == bytes
