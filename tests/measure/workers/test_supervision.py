"""Whatever a worker leaves behind ends with it, with its fork server, or with the caller."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import psutil
import pytest
from layerlaw.measure.workers import forkserver
from layerlaw.measure.workers.forkserver import ForkServer
from layerlaw.measure.workers.worker_errors import (
    TooManyProcesses,
    WorkerDied,
    WorkerFailed,
    WorkerOutOfMemory,
    WorkerTimeout,
)

pytestmark = pytest.mark.skipif(not forkserver.can_fork(), reason="this system cannot fork safely")

HERE = str(Path(__file__).parent)
KINDS = ("child", "session", "daemon", "program")


@pytest.fixture(scope="module", name="tasks")
def _tasks():
    sys.path.insert(0, HERE)
    import harmful_tasks

    yield harmful_tasks
    sys.path.remove(HERE)
    del sys.modules["harmful_tasks"]


@pytest.fixture(scope="module")
def server(tasks):
    with ForkServer(modules=["harmful_tasks"]) as made:
        yield made


def ended(*ids, within=10.0):
    """Whether all processes end, zombies being ended ones."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if not any(map(_is_alive, ids)):
            return True
        time.sleep(0.02)
    return False


def _is_alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", ["crash", "hang"])
def test_what_a_worker_started_ends_with_it_and_siblings_live_on(server, tasks, kind, end):
    sibling, _ = server.ask("sibling", tasks.nothing, tasks.identity, 60)
    start = partial(tasks.descendants, kind=kind, count=3)
    left = server.ask("harmful", tasks.nothing, start, 60)
    assert all(map(_is_alive, left))
    with pytest.raises((WorkerDied, WorkerTimeout)):
        server.ask("harmful", tasks.nothing, getattr(tasks, end), 0.5)
    assert ended(*left, within=0.1), "before the next task"
    assert server.ask("sibling", tasks.nothing, tasks.identity, 60)[0] == sibling


def test_what_workers_started_ends_when_the_server_is_closed(tasks):
    with ForkServer(modules=["harmful_tasks"]) as made:
        left = [
            pid
            for kind in KINDS
            for pid in made.ask(kind, tasks.nothing, partial(tasks.descendants, kind=kind), 60)
        ]
        left += made.ask("child", tasks.nothing, tasks.identity, 60)
    assert ended(*left, within=0.1)


CALLER = """
import sys
from functools import partial
from layerlaw.measure.workers.forkserver import ForkServer
import harmful_tasks as tasks
server = ForkServer(modules=["harmful_tasks"])
ids = [server._process.pid]
if sys.argv[1] != "loading":
    ids += server.ask("a", tasks.nothing, tasks.identity, 60)
    for kind in tasks.STARTS:
        ids += server.ask("a", tasks.nothing, partial(tasks.descendants, kind=kind), 60)
print(*ids, flush=True)
server.ask("a", tasks.nothing, tasks.hang, 60)
"""


@pytest.mark.parametrize("who", ["caller", "server", "worker", "caller while it loads"])
def test_nothing_is_left_when_one_of_them_is_killed(who):
    with subprocess.Popen(
        [sys.executable, "-c", CALLER, "loading" if "loads" in who else "working"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([HERE, *sys.path])},
    ) as caller:
        ids = [int(pid) for pid in caller.stdout.readline().split()]
        time.sleep(0.2)  # in the middle of loading, or of the task
        if "loads" in who:
            ids += [child.pid for child in psutil.Process(ids[0]).children(recursive=True)]
        supervisor, *rest = ids
        killed = {"worker": rest[:1], "server": rest[1:2]}.get(who, [caller.pid])
        os.kill(killed[0], signal.SIGKILL)
    assert ended(supervisor, *rest)


def test_more_processes_than_a_task_may_start_are_ended(server, tasks):
    many = partial(tasks.descendants, kind="child", count=65 + (os.cpu_count() or 1))
    with pytest.raises(TooManyProcesses, match="processes, the limit is"):
        server.ask("many", tasks.nothing, many, 60)
    assert server.ask("many", tasks.nothing, partial(tasks.descendants, kind="child"), 60)


@pytest.mark.parametrize(
    ("task", "error", "says"),
    [
        ("close_all", WorkerFailed, "closed the connection"),
        ("stop", WorkerTimeout, "longer than its limit of 3 s"),
        ("leave", WorkerFailed, "SystemExit: 0"),
        ("interrupt", WorkerFailed, "KeyboardInterrupt"),
        ("unpicklable", WorkerFailed, "its answer cannot be sent: ValueError: no pickle"),
        ("allocate_in_children", WorkerOutOfMemory, r"the limit is 0\.0625 GiB \(--memory\)"),
    ],
)
def test_a_worker_that_does_not_answer_as_it_should_is_an_error(server, tasks, task, error, says):
    with pytest.raises(error, match=says):
        server.ask("unruly", tasks.nothing, getattr(tasks, task), 3, 2**26)
    assert server.ask("unruly", tasks.nothing, partial(tasks.allocate, megabytes=1), 60) == 1


def test_a_task_that_forks_and_comes_back_twice_answers_once(server, tasks):
    pid = server.ask("twice", tasks.nothing, tasks.identity, 60)[0]
    for _ in range(3):
        assert server.ask("twice", tasks.nothing, tasks.return_twice, 60) == pid
    assert server.ask("twice", tasks.nothing, tasks.identity, 60)[0] == pid


def test_the_limit_of_memory_is_that_of_one_task_and_the_worker_lives_on(server, tasks):
    pid = server.ask("large", tasks.nothing, tasks.identity, 60)[0]
    for megabytes in (100, 200):
        task = partial(tasks.allocate, megabytes=megabytes)
        assert server.ask("large", tasks.nothing, task, 60, 2**28) == megabytes
    with pytest.raises(WorkerFailed, match="MemoryError"):
        server.ask("large", tasks.nothing, partial(tasks.allocate, megabytes=700), 60, 2**28)
    assert server.ask("large", tasks.nothing, tasks.identity, 60)[0] == pid


def test_what_a_worker_prints_is_discarded(server, tasks, capfd):
    assert server.ask("printing", tasks.nothing, tasks.print_much, 60)
    assert capfd.readouterr() == ("", "")
