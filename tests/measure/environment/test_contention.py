"""Who else works here, on machines that a test makes up."""

from dataclasses import replace
from types import SimpleNamespace
from typing import NamedTuple

import psutil
import pytest
from layerlaw.measure import Severity
from layerlaw.measure.environment import contention
from layerlaw.measure.environment.contention import Snapshot
from layerlaw.measure.host import GpuState

OK, WARN, BAD, UNKNOWN = Severity


@pytest.mark.parametrize(("average", "severity"), [(0.2, OK), (2.0, WARN), (4.5, BAD)])
def test_load_beside_the_cores(average, severity):
    found = contention.load(4, average)
    assert found.severity is severity
    assert f"{average:.2f}" in found.state


class Spent(NamedTuple):
    user: float = 300.0
    system: float = 45.0


class Cores(NamedTuple):
    user: float = 10.0
    idle: float = 40.0
    steal: float = 8.0
    guest: float = 3.0  # within the user's


def test_a_snapshot_has_the_time_of_cores_and_processes(monkeypatch):
    commands = {
        7: ["a"],
        9: ["python", "/usr/bin/layerlaw", "run"],
        10: ["python", "-c", "from layerlaw.measure.workers.forkserver import main; main(1)"],
        11: ["python", "/home/me/layerlaw/other.py"],
        12: None,
    }
    found = [
        SimpleNamespace(pid=pid, info={"name": "one", "cmdline": command, "cpu_times": Spent()})
        for pid, command in commands.items()
    ]
    found.append(SimpleNamespace(pid=13, info={"name": "x", "cmdline": [], "cpu_times": None}))
    monkeypatch.setattr(psutil, "cpu_times", Cores)
    monkeypatch.setattr(psutil, "process_iter", lambda attributes: found)
    names = {7: "one", 9: "layerlaw", 10: "layerlaw", 11: "one", 12: "one"}
    assert contention.snapshot() == Snapshot(
        8.0, 58.0, {pid: (name, 345.0) for pid, name in names.items()}
    )


def test_steal_is_unknown_where_the_system_does_not_report_it():
    steal, _ = contention.others(Snapshot(None, 1, {}), Snapshot(None, 2, {}), 1, 1)
    assert steal.severity is UNKNOWN


def test_nothing_is_known_of_no_time():
    now = contention.snapshot()
    assert {found.severity for found in contention.others(now, now, 1, 1)} == {UNKNOWN}


BEFORE = Snapshot(0, 1000, {1: ("init", 5), 2: ("me", 50), 3: ("rival", 70), 4: ("gone", 1)})


def after(stolen=0, rival=0):
    processes = {1: ("init", 6), 2: ("me", 99), 3: ("rival", 70 + rival), 5: ("new", 90)}
    return Snapshot(stolen, 1200, processes)


@pytest.mark.parametrize(("stolen", "severity"), [(0, OK), (4, WARN), (20, BAD)])
def test_time_that_the_host_gave_to_others(stolen, severity):
    steal, _ = contention.others(BEFORE, after(stolen), 2, 2)
    assert steal.severity is severity
    assert steal.state == f"{stolen / 200:.1%} of the time went to other guests"


@pytest.mark.parametrize(("ticks", "share", "severity"), [(20, "20%", WARN), (90, "90%", BAD)])
def test_a_busy_process_has_its_name_and_share(ticks, share, severity):
    # Two cores did 200 ticks together, so 100 are a whole core.
    _, found = contention.others(BEFORE, after(rival=ticks), 2, 2)
    assert found.state == f"rival (3) {share} of a core"
    assert found.severity is severity
    assert found.mend == "kill -STOP 3, and afterwards kill -CONT 3"


def test_another_run_of_layerlaw_is_waited_for_and_not_stopped():
    begun = Snapshot(0, 1000, {2: ("me", 50), 3: ("layerlaw", 70), 4: ("rival", 10)})
    ended = Snapshot(0, 1200, {2: ("me", 50), 3: ("layerlaw", 170), 4: ("rival", 10)})
    _, found = contention.others(begun, ended, 2, 2)
    assert found.state == "layerlaw (3) 100% of a core"
    assert found.mend == "another layerlaw is running: wait until it ends"
    ended.processes[4] = ("rival", 60)
    _, found = contention.others(begun, ended, 2, 2)
    assert found.mend == (
        "another layerlaw is running: wait until it ends; kill -STOP 4, and afterwards kill -CONT 4"
    )


def test_neither_this_process_nor_idle_ones_are_told_of():
    _, found = contention.others(BEFORE, after(rival=9), 2, 2)
    assert (found.severity, found.state) == (OK, "none takes 10% of a core")


class Machine:
    """A machine that is slow in the first part of each second, by its own time."""

    def __init__(self, slow):
        self.now, self.slow = 0.9, slow

    def clock(self, call, loops):
        seconds = 5e-4 * (1.8 if self.now % 1 < self.slow else 1.0)
        self.now += seconds
        return seconds


@pytest.mark.parametrize(("slow", "severity"), [(0.0, OK), (0.1, WARN), (0.5, BAD)])
def test_two_speeds_are_told_by_their_share_and_ratio(tmp_path, slow, severity):
    machine = Machine(slow)
    found = contention.two_speeds(10.0, machine.clock, lambda: machine.now, tmp_path)
    assert found.severity is severity
    assert f"slow {slow:.0%} of the time" in found.state
    assert ("by a factor of 1.8" in found.state) == bool(slow)


QUIET = GpuState(
    "A GPU",
    processes=((12, "python"),),
    persistence=True,
    ecc=True,
    clock=1980,
    max_clock=1980,
    throttle_reasons=1,
)


def test_without_a_gpu_one_finding_says_so():
    (found,) = contention.gpu(None)
    assert (found.subject, found.severity) == ("GPU", OK)


def test_a_quiet_gpu_is_fine():
    found = list(contention.gpu(QUIET, own=12))
    assert [each.severity for each in found] == [OK] * 5
    assert "none on A GPU" in found[0].state


@pytest.mark.parametrize(
    ("answers", "subject", "severity", "said", "mend"),
    [
        (
            {"processes": ((12, "python"), (34, "train"))},
            *("other processes", BAD, "train 34", "kill 34"),
        ),
        ({"persistence": False}, "persistence", WARN, "disabled", "--persistence-mode=1"),
        ({"clock": 345}, "clocks", WARN, "345 of 1980 MHz", "--lock-gpu-clocks=1980"),
        ({"clock": None}, "clocks", UNKNOWN, "not known here", ""),
        ({"throttle_reasons": 0x24}, "throttling", BAD, "power cap, heat", "cool"),
        ({"throttle_reasons": None}, "throttling", UNKNOWN, "not known", ""),
        ({"ecc": None}, "ECC", UNKNOWN, "not known here", ""),
    ],
)
def test_a_gpu_that_is_disturbed(answers, subject, severity, said, mend):
    findings = {each.subject: each for each in contention.gpu(replace(QUIET, **answers), own=12)}
    found = findings.pop(f"GPU: {subject}")
    assert found.severity is severity
    assert found.state.startswith(said)
    assert mend in found.mend
    assert {each.severity for each in findings.values()} == {OK}
