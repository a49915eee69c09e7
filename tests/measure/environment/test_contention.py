"""Who else works here, on machines that a test makes up."""

import pytest
from layerlaw.measure import Severity
from layerlaw.measure.environment import contention
from layerlaw.measure.environment.contention import Snapshot

OK, WARN, BAD, UNKNOWN = Severity


@pytest.mark.parametrize(("average", "severity"), [(0.2, OK), (2.0, WARN), (4.5, BAD)])
def test_load_beside_the_cores(root, average, severity):
    found = contention.load(4, root({"proc/loadavg": f"{average} 9.9 9.9 1/99 1\n"}))
    assert found.severity is severity
    assert f"{average:.2f}" in found.state


def test_a_snapshot_reads_ticks_of_cores_and_processes(root):
    made = root(
        {
            "proc/stat": "cpu  10 20 30 40 50 60 70 80 90 100\ncpu0 1 1 1 1 1 1 1 1 1 1\n",
            "proc/7/stat": "7 (a (b) c) S 1 7 7 0 -1 0 0 0 0 0 300 45 0 0 20\n",
            "proc/8/other": "it has ended",
            "proc/9/stat": "9 (python) S 1 7 7 0 -1 0 0 0 0 0 30 4 0 0 20\n",
            "proc/9/cmdline": "python\0/usr/bin/layerlaw\0run\0",
            "proc/10/stat": "10 (python) S 1 7 7 0 -1 0 0 0 0 0 20 4 0 0 20\n",
            "proc/10/cmdline": "python\0-c\0"
            "from layerlaw.measure.workers.forkserver import main; main(1)\0",
            "proc/11/stat": "11 (python) S 1 7 7 0 -1 0 0 0 0 0 10 4 0 0 20\n",
            "proc/11/cmdline": "python\0/home/me/layerlaw/other.py\0",
        }
    )
    assert contention.snapshot(made) == Snapshot(
        80,
        360,
        {
            7: ("a (b) c", 345),
            **{9: ("layerlaw", 34), 10: ("layerlaw", 24)},
            11: ("python", 14),
        },
    )


def test_without_proc_nothing_is_known(tmp_path):
    assert contention.snapshot(tmp_path) is None
    for found in (contention.load(1, tmp_path), *contention.others(None, None, 1, 1)):
        assert found.severity is UNKNOWN


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
    assert found.mend == "layerlaw itself is at work: wait until it is done"
    ended.processes[4] = ("rival", 60)
    _, found = contention.others(begun, ended, 2, 2)
    assert found.mend == (
        "layerlaw itself is at work: wait until it is done; "
        "kill -STOP 4, and afterwards kill -CONT 4"
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
    assert ("1.8 times as slow" in found.state) == bool(slow)


def smi(**answers):
    """What nvidia-smi would say, by field; nothing for the others."""

    def ask(question):
        if question.startswith("--query-compute-apps"):
            return answers.get("apps", [])
        field = question.removeprefix("--query-gpu=").replace(".", "_")
        return [answers[field]] if field in answers else []

    return ask


QUIET = {
    "name": "A GPU",
    "apps": ["12, python"],
    "persistence_mode": "Enabled",
    "ecc_mode_current": "Enabled",
    "clocks_sm": "1980",
    "clocks_max_sm": "1980",
    "clocks_throttle_reasons_active": "0x0000000000000001",
}


def test_without_a_gpu_one_finding_says_so():
    (found,) = contention.gpu(smi())
    assert (found.subject, found.severity) == ("GPU", OK)


def test_a_quiet_gpu_is_fine():
    found = list(contention.gpu(smi(**QUIET), own=12))
    assert [each.severity for each in found] == [OK] * 5
    assert "none on A GPU" in found[0].state


@pytest.mark.parametrize(
    ("answers", "subject", "severity", "said", "mend"),
    [
        ({"apps": ["12, python", "34, train"]}, "other processes", BAD, "train 34", "kill 34"),
        ({"persistence_mode": "Disabled"}, "persistence", WARN, "disabled", "--persistence-mode=1"),
        ({"clocks_sm": "345"}, "clocks", WARN, "345 of 1980 MHz", "--lock-gpu-clocks=1980"),
        ({"clocks_sm": "[N/A]"}, "clocks", UNKNOWN, "not known here", ""),
        ({"clocks_throttle_reasons_active": "0x24"}, "throttling", BAD, "power cap, heat", "cool"),
        ({"clocks_throttle_reasons_active": "[N/A]"}, "throttling", UNKNOWN, "not known", ""),
        ({"ecc_mode_current": "[N/A]"}, "ECC", UNKNOWN, "not known here", ""),
    ],
)
def test_a_gpu_that_is_disturbed(answers, subject, severity, said, mend):
    findings = {each.subject: each for each in contention.gpu(smi(**{**QUIET, **answers}), own=12)}
    found = findings.pop(f"GPU: {subject}")
    assert found.severity is severity
    assert found.state.startswith(said)
    assert mend in found.mend
    assert {each.severity for each in findings.values()} == {OK}
