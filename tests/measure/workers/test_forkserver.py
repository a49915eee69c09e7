"""Processes that measure: real ones, which crash, hang and are killed for real."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from layerlaw.layers import InputSpecification, told_inputs
from layerlaw.measure.workers import forkserver
from layerlaw.measure.workers.forkserver import ForkServer
from layerlaw.measure.workers.worker_errors import (
    WorkerDied,
    WorkerError,
    WorkerFailed,
    WorkerTimeout,
)

pytestmark = pytest.mark.skipif(not forkserver.can_fork(), reason="this system cannot fork safely")

HERE = str(Path(__file__).parent)


@contextmanager
def counting():
    """A setting whose state lives as long as its process."""
    yield []


@contextmanager
def broken():
    raise RuntimeError("no\nroom")
    yield


def count(state):
    state.append(None)
    return len(state), os.getpid()


def kill(state, number):
    os.kill(os.getpid(), number)
    time.sleep(60)


def leave(state):
    os._exit(3)


def sleep(state):
    time.sleep(60)


def fail(state):
    raise ValueError("not\nthis")


def environment(state, name):
    return os.environ.get(name)


@pytest.fixture(scope="module")
def server():
    sys.path.insert(0, HERE)  # where the tasks of this module are found by name
    module = sys.modules[__name__]
    known = sys.modules.get("test_forkserver")
    sys.modules["test_forkserver"] = module
    for each in (counting, broken, count, kill, leave, sleep, fail, environment):
        each.__module__ = "test_forkserver"
    with ForkServer({"OF_THE_FORKSERVER": "7"}, ["test_forkserver"]) as made:
        yield made
    sys.path.remove(HERE)
    if known is None:
        del sys.modules["test_forkserver"]


def test_a_worker_keeps_what_it_has_and_is_a_process_of_its_own(server):
    (first, pid), (second, same) = (server.ask("a", counting, count, 60) for _ in range(2))
    third, other = server.ask("b", counting, count, 60)
    assert (first, second, third) == (1, 2, 1)
    assert pid == same
    assert len({pid, other, os.getpid()}) == 3


def test_it_has_the_environment_that_it_was_given(server):
    assert server.ask("a", counting, partial(environment, name="OF_THE_FORKSERVER"), 60) == "7"


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT])
def test_a_worker_that_dies_is_told_with_its_signal_and_begun_anew(server, number):
    before = server.ask("c", counting, count, 60)[1]
    with pytest.raises(WorkerDied, match=f"by signal {number.name}") as told:
        server.ask("c", counting, partial(kill, number=int(number)), 60)
    assert told.value.signal == number
    again, pid = server.ask("c", counting, count, 60)
    assert (again, pid != before) == (1, True)


def test_a_worker_that_leaves_is_told_with_its_status(server):
    with pytest.raises(WorkerDied, match="with status 3") as told:
        server.ask("d", counting, leave, 60)
    assert told.value.signal == 0


def test_a_worker_that_takes_too_long_is_ended(server):
    pid = server.ask("e", counting, count, 60)[1]
    start = time.monotonic()
    with pytest.raises(WorkerTimeout, match=r"longer than its limit of 0\.2 s"):
        server.ask("e", counting, sleep, 0.2)
    assert time.monotonic() - start < 30
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert server.ask("e", counting, count, 60)[0] == 1


def test_what_raises_is_told_in_one_line_and_the_worker_lives_on(server):
    pid = server.ask("f", counting, count, 60)[1]
    with pytest.raises(WorkerFailed, match="ValueError: not this"):
        server.ask("f", counting, fail, 60)
    assert server.ask("f", counting, count, 60) == (2, pid)
    with pytest.raises(WorkerFailed, match="RuntimeError: no room"):
        server.ask("g", broken, count, 60)


def test_a_module_that_is_not_there_is_told_at_once(capfd):
    with ForkServer(modules=["no_such_module"]) as server:
        with pytest.raises(WorkerFailed, match="there is no module 'no_such_module'"):
            server.wait()
        with pytest.raises(WorkerDied, match="with status 0"):
            server.wait()
    assert capfd.readouterr() == ("", "")


CALLER = """
import os, sys, time
from layerlaw.measure.workers.forkserver import ForkServer
from test_forkserver import count, counting, sleep
server = ForkServer(modules=["test_forkserver"])
print(server._process.pid, server.ask("a", counting, count, 60)[1], flush=True)
server.ask("a", counting, sleep, 60)
"""


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize("who", ["caller", "forkserver"])
def test_none_outlives_a_caller_or_a_forkserver_that_was_killed(who):
    with subprocess.Popen(
        [sys.executable, "-c", CALLER],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([HERE, *sys.path])},
    ) as caller:
        forkserver_id, worker_id = map(int, caller.stdout.readline().split())
        assert alive(forkserver_id)
        assert alive(worker_id)
        os.kill(caller.pid if who == "caller" else forkserver_id, signal.SIGKILL)
        if who == "forkserver":
            assert "ForkServerDied: its process ended by signal SIGKILL" in caller.stderr.read()
    until = time.monotonic() + 20
    while (alive(forkserver_id) or alive(worker_id)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(forkserver_id)
    assert not alive(worker_id)


def test_every_failure_is_of_one_kind():
    assert all(issubclass(each, WorkerError) for each in (WorkerDied, WorkerTimeout, WorkerFailed))


def inputs_of(state, name):
    from layerlaw.layers import get

    return [str(one) for one in get(name).input_tensors]


def test_workers_know_what_is_told_of_inputs(tmp_path, isolated_registry):
    (tmp_path / "flat.py").write_text(
        "from torch import nn\nclass Flat(nn.ReLU):\n    def __init__(self, dim):\n"
        "        super().__init__()\n"
    )
    name, texts = f"{tmp_path}/flat.py:Flat", ["input: float[batch, n, n, 2*d]"]
    with told_inputs({name: InputSpecification.parse(texts)}), ForkServer() as server:
        assert server.ask("one", counting, partial(inputs_of, name=name), 60) == texts
