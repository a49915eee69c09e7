"""The program of a fork server: it loads torch, and forks and supervises workers."""

from __future__ import annotations

import gc
import importlib
import mmap
import os
import pickle
import resource
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from math import inf
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import psutil

from ...messages import error_line
from .supervision import (
    adopt_orphans,
    descendants_of,
    end_children,
    end_with_parent,
    fork_supervised,
)
from .worker_errors import (
    TooManyProcesses,
    WorkerDied,
    WorkerError,
    WorkerFailed,
    WorkerOutOfMemory,
    WorkerTimeout,
)

if TYPE_CHECKING:
    from .forkserver import Request, WorkerContext

#: Seconds between two looks at what a task takes. Most tasks end before the first.
_WATCH = 1.0

#: Most processes below a worker; compilers and data loaders start one for each processor.
_MOST_PROCESSES = 64 + (os.cpu_count() or 1)

#: Bytes beyond its limit that a worker may take for threads and fragments of its heap.
_SLACK = 2**28

#: Where this process and its workers leave notes, which the caller reads.
_note: mmap.mmap | None = None


#: What is told of the inputs of layers: texts and multiples, by name.
Told = Mapping[str, tuple[list[str], dict[str, int]]]


def main(link: int, note: int, modules: Sequence[str], told: Told) -> None:
    """Serve requests to workers until the caller closes the connection or ends."""
    fork_supervised(link)
    adopt_orphans()
    global _note
    _note = mmap.mmap(note, 0)
    os.close(note)
    serve(Connection(link), modules, told)
    os._exit(0)  # what a module registered for its end is not waited for


def note(text: str) -> None:
    """Leave a note for the caller, which survives this process; it replaces the one before."""
    if _note is not None:
        written = text.encode("utf-8", "replace")[: len(_note) - 1] + b"\0"
        _note[: len(written)] = written


def serve(link: Connection, modules: Sequence[str], told: Told) -> None:
    """Load torch and modules, then serve requests."""
    workers: dict[str, _Worker] = {}
    with suppress(EOFError, OSError):
        try:
            layers = importlib.import_module("layerlaw.layers")
            importlib.import_module("torch")
            parse = layers.InputSpecification.parse
            layers.tell_inputs({name: parse(*texts) for name, texts in told.items()})
            layers.names()  # loads all of ours, for which no task has to wait
            for module in modules:
                layers.import_module(module)
        except BaseException as error:  # a module may raise anything
            link.send(WorkerFailed(error_line(error)))
            return
        gc.freeze()  # workers' garbage collectors skip what is loaded here
        link.send(None)
        while True:
            request: Request = link.recv()
            worker = workers.get(request.worker)
            if worker is None or not worker.alive:
                others = [link, *(each.link for each in workers.values() if each.alive)]
                worker = workers[request.worker] = _Worker(request.context, others)
            answer = worker.ask(request, link)
            if not worker.alive:
                end_children(keep=[each.id for each in workers.values() if each.alive])
            link.send_bytes(answer)


class _Worker:
    """A forked worker, as its parent sees it.

    Parameters
    ----------
    context
        The worker's context, pickled.
    others
        Connections of its siblings and its parent, which it closes: while it held one, the other
        side could not detect that its process has ended.
    """

    def __init__(self, context: bytes, others: Sequence[Connection]) -> None:
        forking = get_context("fork")
        self.link, theirs = forking.Pipe()
        self._process = forking.Process(
            target=_work, args=(theirs, context, [self.link, *others], os.getpid()), daemon=True
        )
        self._process.start()
        theirs.close()
        try:
            self._exit: int | None = os.pidfd_open(self.id)
        except OSError:  # before Linux 5.3
            self._exit = None

    @property
    def id(self) -> int:
        """Id of its process."""
        return self._process.pid or 0

    @property
    def alive(self) -> bool:
        """Whether it is running."""
        return self._process.is_alive()

    def ask(self, request: Request, parent: Connection) -> bytes:
        """Send it a task; return its pickled answer, or the error that explains why there is none.

        After an error it is ended.
        """
        try:
            with suppress(OSError):  # it has died, which is reported below
                self.link.send((request.task, request.memory))
            return self._answer(request, parent)
        except WorkerError as error:
            self._end()
            return pickle.dumps(error)

    def _answer(self, request: Request, parent: Connection) -> bytes:
        until = monotonic() + request.seconds
        before = _resident_bytes(self.id)
        sources: list[Any] = [self.link, parent, *([] if self._exit is None else [self._exit])]
        while True:
            left = until - monotonic()
            found = wait(sources, min(max(left, 0), _WATCH))
            if parent in found:
                raise EOFError  # the parent sends nothing while it waits, so it has ended
            if self.link in found:
                with suppress(EOFError, OSError):
                    answer = self.link.recv_bytes()
                    _require_few_processes()
                    return answer
                self._await_end()
            if not self.alive:
                raise WorkerDied(self._process.exitcode or 0)
            if self.link in found:
                raise WorkerFailed("it closed the connection of its process")
            if left <= 0:
                raise WorkerTimeout(
                    f"it took longer than its limit of {request.seconds:.3g} s (--timeout)"
                )
            _require_few_processes()
            self._require_memory(before, request.memory)

    def _await_end(self) -> None:
        """Wait a little for a process that has closed its connection, as those that end do.

        `Process.join` would wait for its end in any case.
        """
        until = monotonic() + _WATCH
        while self.alive and monotonic() < until:
            sleep(0.002)

    def _require_memory(self, before: float, most: float | None) -> None:
        """Raise if the worker and its children have grown beyond the limit.

        The system refuses what the worker itself allocates beyond it (`_limit_memory`), but not
        what its children do, or what is shared.
        """
        if most is None:
            return
        taken = _resident_bytes(self.id) - before
        for child in descendants_of(self.id):
            with suppress(psutil.Error):  # without what it shares with its parent
                taken += psutil.Process(child).memory_full_info().uss
        if taken > most + _SLACK:
            raise WorkerOutOfMemory(
                f"it took {taken / 2**30:.3g} GiB of memory, the limit is {most / 2**30:.3g} GiB "
                "(--memory)"
            )

    def _end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.join()
        self.link.close()
        if self._exit is not None:
            os.close(self._exit)
            self._exit = None


def _require_few_processes() -> None:
    """Raise if the workers, or daemons that left them, have started too many processes."""
    found = len(descendants_of(os.getpid()))
    if found > _MOST_PROCESSES:
        raise TooManyProcesses(f"it started {found} processes, the limit is {_MOST_PROCESSES}")


def _work(link: Connection, context: bytes, others: Sequence[Connection], parent: int) -> None:
    """Run tasks in the worker's process until there are no more."""
    end_with_parent(parent)
    os.setsid()  # a signal to its group reaches neither siblings nor parents
    for other in others:
        other.close()
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # the highest priority for the out-of-memory killer
    own = os.getpid()
    try:
        begin: WorkerContext = pickle.loads(context)
        with begin() as made:
            while True:
                task, memory = link.recv()
                _limit_memory(memory)
                _send(link, own, partial(_run, task, made))
    except (EOFError, OSError):
        return  # the parent has ended or closed the connection
    except BaseException as error:  # raised by the context: it is the answer to the first task
        failed = WorkerFailed(error_line(error))
        _send(link, own, lambda: failed)


def _run(task: bytes, context: object) -> object:
    return pickle.loads(task)(context)


def _send(link: Connection, own: int, task: Callable[[], object]) -> None:
    """Send the answer of a task, or the exception that it raises."""
    try:
        answer = task()
    except BaseException as error:  # a layer may raise anything, to leave its process as well
        answer = WorkerFailed(error_line(error))
    if os.getpid() != own:  # a layer has forked, and its child comes back from the task too
        os._exit(0)
    try:
        pickled = pickle.dumps(answer)
    except Exception as error:
        pickled = pickle.dumps(WorkerFailed(f"its answer cannot be sent: {error_line(error)}"))
    link.send_bytes(pickled)


def _limit_memory(most: float | None) -> None:
    """Have the system refuse private memory beyond what this process has and so many bytes more."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    soft = hard
    if most is not None and most < inf:
        soft = int(_data_bytes() + most + _SLACK)
        soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    with suppress(OSError, ValueError):  # the limit of the system or of the layer is lower
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _data_bytes() -> int:
    """Return the bytes of this process that `RLIMIT_DATA` limits."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return 1024 * int(line.split()[1])
    return 0


def _resident_bytes(process: int) -> float:
    """Return the resident bytes of a process; 0 if it has ended."""
    try:
        pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    except OSError:
        return 0.0
    return float(pages) * resource.getpagesize()
