import gc
import json
import mmap
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from layerlaw.measure import Controls
from layerlaw.measure.timing.stabilisation import (
    flushes_subnormals,
    glibc,
    hold_allocator,
    no_garbage_collection,
)

needs_glibc = pytest.mark.skipif(glibc() is None, reason="mallopt is glibc's")

FAULTS = """
import json, sys
from layerlaw.measure.timing.stabilisation import Controls, page_faults
size = 64 * 2**20
with Controls(allocator=sys.argv[1] == "held").in_force(2 * size) as record:
    faults = sum(page_faults(size) for _ in range(20))
print(json.dumps({"faults": faults, "record": record, "after": page_faults(size)}))
"""


def faults(allocator):
    command = [sys.executable, "-c", FAULTS, allocator]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@needs_glibc
def test_a_temporary_is_not_mapped_anew_when_the_allocator_is_held():
    held, free = faults("held"), faults("free")
    assert held["faults"] * 3 < free["faults"]
    assert held["record"]["allocator"].startswith("memory is kept")
    assert free["record"]["allocator"] == "left alone"
    assert held["after"] * 40 > free["faults"], "the defaults come back"


def test_elsewhere_than_glibc_it_says_that_it_is_not_controlled():
    assert hold_allocator(2**20, None).startswith("not controlled")


@needs_glibc
def test_an_allocator_that_ignores_its_settings_is_found_out():
    deaf = SimpleNamespace(mallopt=lambda *_: 1, malloc_trim=lambda _: 0)
    every_page = hold_allocator(2**20, deaf, faults=lambda size: size // mmap.PAGESIZE)
    assert every_page.startswith("not controlled")
    assert hold_allocator(2**20, deaf, faults=lambda size: 0).startswith("memory is kept")


def test_threads_and_subnormals_are_set_and_given_back():
    threads, flushing = torch.get_num_threads(), flushes_subnormals()
    with Controls(threads=threads + 1).in_force() as record:
        assert torch.get_num_threads() == threads + 1
        assert record["threads"] == str(threads + 1)
        assert record["subnormals"].startswith("flushed in ")
    assert torch.get_num_threads() == threads
    assert flushes_subnormals() == flushing


THREADS = """
import sys, torch
from layerlaw.measure import Controls
if sys.argv[1] == "begun":  # torch's other threads, before the switch is set
    torch.set_num_threads(2)
    (torch.ones(10**6) * 2).sum()
with Controls(threads=2).in_force() as record:
    print(record["subnormals"])
"""


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("fresh", "flushed in all threads"),
        ("begun", "flushed in some threads alone: 50% of the numbers"),
    ],
)
def test_threads_that_begin_later_take_the_switch_over(when, said):
    command = [sys.executable, "-c", THREADS, when]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == said


@pytest.mark.parametrize("flush", [True, False])
def test_subnormal_numbers_are_flushed_or_left(flush):
    with Controls(flush_subnormals=flush).in_force() as record:
        assert flushes_subnormals() == flush
        assert record["subnormals"] == ("flushed" if flush else "left alone")


def test_collection_is_off_inside_and_as_before_outside():
    assert gc.isenabled()
    with no_garbage_collection():
        assert not gc.isenabled()
        with no_garbage_collection():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
