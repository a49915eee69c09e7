"""How a machine is set, by files that a test makes up: good, bad and not there."""

import itertools

import pytest
from layerlaw.measure import Severity
from layerlaw.measure.environment import configuration
from layerlaw.measure.host.linux import CORES, TURBO

OK, WARN, BAD, UNKNOWN = Severity
GOVERNOR = f"{CORES}/cpu0/cpufreq/scaling_governor"
SIBLINGS = f"{CORES}/cpu0/topology/thread_siblings_list"
HUGE = "sys/kernel/mm/transparent_hugepage/enabled"
RANDOM = "proc/sys/kernel/randomize_va_space"
NO_TURBO, BOOST = TURBO


@pytest.mark.parametrize(
    ("check", "files", "severity", "said", "mend"),
    [
        (configuration.governor, {GOVERNOR: "performance\n"}, OK, "performance", ""),
        (
            configuration.governor,
            {GOVERNOR: "powersave\n"},
            WARN,
            "powersave",
            "--governor performance",
        ),
        (configuration.turbo, {NO_TURBO: "1\n"}, OK, "off", ""),
        (configuration.turbo, {NO_TURBO: "0\n"}, WARN, "on", f"echo 1 | sudo tee /{NO_TURBO}"),
        (configuration.turbo, {BOOST: "1\n"}, WARN, "on", f"echo 0 | sudo tee /{BOOST}"),
        (configuration.multithreading, {SIBLINGS: "0\n"}, OK, "one per core", ""),
        (configuration.multithreading, {SIBLINGS: "0,4\n"}, WARN, "2 share a core", "echo off"),
        (configuration.huge_pages, {HUGE: "always [madvise] never\n"}, OK, "madvise", ""),
        (
            configuration.huge_pages,
            {HUGE: "[always] madvise never\n"},
            WARN,
            "always",
            "echo madvise",
        ),
        (configuration.addresses, {RANDOM: "2\n"}, OK, "on", ""),
        (configuration.addresses, {RANDOM: "0\n"}, OK, "off", ""),
    ],
)
def test_settings(root, check, files, severity, said, mend):
    found = check(root(files))
    assert found.severity is severity
    assert found.state.startswith(said)
    assert mend in found.mend
    assert bool(found.mend) == (severity is not OK)


@pytest.mark.parametrize(
    "check",
    [
        configuration.governor,
        configuration.turbo,
        configuration.multithreading,
        configuration.huge_pages,
        configuration.addresses,
        lambda root: configuration.quota(2, root),
        lambda root: configuration.cores([0], root),
        lambda root: configuration.cores(None, root),
    ],
)
def test_another_system_does_not_tell_and_nothing_breaks(tmp_path, check):
    found = check(tmp_path)
    assert found.severity is UNKNOWN
    assert found.state.startswith("not known here")


def test_a_guest_is_told_that_its_host_decides(root):
    guest = root({"proc/cpuinfo": "flags : fpu hypervisor\n"})
    assert "virtual machine's host" in configuration.governor(guest).state
    assert "virtual machine's host" in configuration.turbo(guest).state


def test_affinity_counts_cores(root):
    made = root({f"{CORES}/online": "0-7\n"})
    assert configuration.cores([4, 5, 6, 0], made).state == "4 of 8 cores (0,4-6)"


@pytest.mark.parametrize(
    ("quota", "severity"), [("max", OK), ("800000", OK), ("150000", WARN), ("50000", BAD)]
)
def test_a_quota_is_bad_where_it_stops_one_thread(root, quota, severity):
    files = {"proc/self/cgroup": "0::/x\n", "sys/fs/cgroup/x/cpu.max": f"{quota} 100000\n"}
    found = configuration.quota(4, root(files))
    assert found.severity is severity
    assert bool(found.mend) == (severity is not OK)


@pytest.mark.parametrize(
    ("environ", "torch_threads", "severity"),
    [
        ({}, 4, OK),
        ({"OMP_NUM_THREADS": "2"}, 2, OK),
        ({"MKL_NUM_THREADS": "8"}, 4, BAD),
        ({"OMP_NUM_THREADS": "4,2"}, 4, OK),  # a list for nested regions is no number
        ({}, 5, BAD),
    ],
)
def test_more_threads_than_cores_wait_for_one_another(environ, torch_threads, severity):
    found = configuration.threads(environ, torch_threads, 4)
    assert found.severity is severity
    assert all(f"{name}={value}" in found.state for name, value in environ.items())
    assert (found.mend == "export OMP_NUM_THREADS=4") == (severity is BAD)


@pytest.mark.parametrize(("available", "severity"), [(8, OK), (1.5, WARN), (0.25, BAD)])
def test_memory_that_is_left(available, severity):
    memory, swap = configuration.memory(available, 16, 0, 8)
    assert (memory.severity, swap.severity) == (severity, OK)
    assert f"of {16.0} GiB available" in memory.state


@pytest.mark.parametrize(("swapped", "severity"), [(0, OK), (1, WARN), (5, BAD)])
def test_memory_that_lies_on_disk(swapped, severity):
    memory, swap = configuration.memory(8, 16, swapped, 8)
    assert (memory.severity, swap.severity) == (OK, severity)
    assert swap.state == f"{swapped:.2f} of 8.00 GiB in use"


def test_what_controls_could_not_hold_is_told():
    held = {"allocator": "memory is kept: no mapping", "subnormals": "flushed"}
    assert [each.severity for each in configuration.controls(held)] == [OK, OK]
    loose = dict.fromkeys(held, "not controlled: a reason")
    assert [each.severity for each in configuration.controls(loose)] == [WARN, WARN]
    assert all(each.state == "not controlled: a reason" for each in configuration.controls(loose))


@pytest.mark.parametrize(
    ("step", "severity", "said"), [(40, OK, "0.04 µs"), (2000, WARN, "2 µs"), (10**6, BAD, "1e+03")]
)
def test_a_clock_of_long_steps(step, severity, said):
    ticks = itertools.count()
    found = configuration.clock(lambda: next(ticks) // 3 * step)  # read three times a step
    assert found.severity is severity
    assert said in found.state


def test_a_clock_that_stands_still_is_bad():
    assert configuration.clock(lambda: 7).severity is BAD
