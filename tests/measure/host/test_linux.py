"""What Linux tells, read from made-up files: each of them may be missing."""

import pytest
from layerlaw.measure.host import linux

CPU = linux.CORES


def test_what_is_not_told_is_none(tmp_path):
    told = (
        linux.caches,
        linux.threads_per_core,
        linux.governor,
        linux.turbo,
        linux.is_virtual,
        linux.quota,
    )
    assert [each(tmp_path) for each in told] == [None] * len(told)


def test_processor_and_its_hypervisor(root):
    told = "model name\t: A Processor\nflags\t\t: fpu hypervisor avx\n"
    guest = root({"proc/cpuinfo": told})
    assert linux.cpu_model(guest) == "A Processor"
    assert linux.is_virtual(guest) is True
    host = root({"proc/cpuinfo": "flags : fpu avx hypervisors\n"})
    assert linux.is_virtual(host) is False


def test_data_caches_by_level(root):
    made = root(
        {
            f"{CPU}/cpu0/cache/index0/level": "1\n",
            f"{CPU}/cpu0/cache/index0/type": "Data\n",
            f"{CPU}/cpu0/cache/index0/size": "48K\n",
            f"{CPU}/cpu0/cache/index1/level": "1\n",
            f"{CPU}/cpu0/cache/index1/type": "Instruction\n",
            f"{CPU}/cpu0/cache/index1/size": "64K\n",
            f"{CPU}/cpu0/cache/index2/level": "3\n",
            f"{CPU}/cpu0/cache/index2/type": "Unified\n",
            f"{CPU}/cpu0/cache/index2/size": "32M\n",
        }
    )
    assert linux.caches(made) == {"L1": 48 * 2**10, "L3": 32 * 2**20}


def test_threads_that_share_a_core(root):
    listed = f"{CPU}/cpu0/topology/thread_siblings_list"
    assert linux.threads_per_core(root({listed: "0,64\n"})) == 2
    assert linux.threads_per_core(root({listed: "0\n"})) == 1


@pytest.mark.parametrize(("switch", "on"), linux.TURBO.items())
def test_turbo_by_either_switch(root, switch, on):
    assert linux.turbo(root({switch: f"{on}\n"})) is True
    assert linux.turbo(root({switch: f"{1 - int(on)}\n"})) is False


def test_lists_of_cores_go_both_ways():
    for text, cores in {"0": [0], "0-3": [0, 1, 2, 3], "0,2-3,9": [0, 2, 3, 9]}.items():
        assert linux.cpu_list(text) == cores
        assert linux.as_spans(cores[::-1]) == text
    assert linux.as_spans([]) == ""


def test_the_least_quota_of_all_groups_above(root):
    made = root(
        {
            "proc/self/cgroup": "0::/outer/inner\n",
            "sys/fs/cgroup/outer/inner/cpu.max": "max 100000\n",
            "sys/fs/cgroup/outer/cpu.max": "150000 100000\n",
            "sys/fs/cgroup.elsewhere/cpu.max": "1 100000\n",
        }
    )
    assert linux.quota(made) == 1.5


def test_the_quota_of_cgroup_1(root):
    made = root(
        {
            "proc/self/cgroup": "5:memory:/x\n4:cpu,cpuacct:/x\n",
            "sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        }
    )
    assert linux.quota(made) == 0.5
