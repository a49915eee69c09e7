"""Fork servers: processes that have loaded torch and that fork and supervise workers.

`main` is the server's program; `ForkServer` starts one and talks to it. Loading torch takes more
than a second, forking about 20 ms, so each layer can have a process of its own. One worker works at
a time, so that nothing runs in parallel with a measurement. If a worker fails (a crash, the
kernel's out-of-memory killer, a timeout), the others and the caller continue.

Why no library is used (on two cores of a busy x86 virtual machine with torch 2.13, where a further
worker of this module answers after 22 to 51 ms, and a killed one is reported within 29 ms):

- `multiprocessing`'s forkserver with torch preloaded (63 to 95 ms): one server a process, so all
  workers have one address layout, where a run averages over three; a worker outlives a caller that
  is killed; `ProcessPoolExecutor` on it is broken for good once one worker is killed.
- pebble 5.2 (200 ms after a worker was killed; it reports the death and enforces timeouts): its
  workers come from that same one server, and no task can be sent to a certain worker.
- loky 3.7 (4.2 s): each worker is a new interpreter that loads torch again.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from time import monotonic
from typing import Any, Self

from ...layers import import_module
from ...messages import error_line
from .closeable import Closeable

_PR_SET_PDEATHSIG = 1  # from Linux' prctl.h

#: Environment of the fork server. NumPy's BLAS, which computes nothing here, would start threads,
#: and a process with threads is not safe to fork.
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}

#: A context manager for the lifetime of a worker; its value is passed to every task.
WorkerContext = Callable[[], AbstractContextManager[Any]]
#: A task of a worker, called with the value of its context.
Task = Callable[[Any], Any]


class WorkerError(Exception):
    """A worker gave no answer; the message is one line with the reason."""


class WorkerDied(WorkerError):
    """A worker ended before it answered.

    Attributes
    ----------
    signal
        Number of the signal that ended it; 0 if it exited.
    """

    def __init__(self, exitcode: int) -> None:
        self._exitcode = exitcode
        self.signal = max(-exitcode, 0)
        by = f"by signal {_signal_name(self.signal)}" if self.signal else f"with status {exitcode}"
        why = ", perhaps because memory ran out" if self.signal == signal.SIGKILL else ""
        super().__init__(f"its process ended {by}{why}")

    def __reduce__(self) -> tuple[type[Self], tuple[int]]:
        """Pickle the exit status, from which the message is made."""
        return type(self), (self._exitcode,)


class ForkServerDied(WorkerDied):
    """The fork server itself ended, and its workers with it."""


class WorkerTimeout(WorkerError):
    """A worker did not answer in time and was killed."""


class WorkerFailed(WorkerError):
    """A worker's context or task raised; the message is the exception in one line."""


@dataclass(frozen=True)
class _Request:
    """A request to a worker; context and task are pickled and not read by the fork server."""

    worker: str
    context: bytes
    task: bytes
    seconds: float


def can_fork() -> bool:
    """Return whether a process can fork safely after loading torch, as on Linux."""
    return sys.platform == "linux"


class ForkServer(Closeable):
    """Starts workers and sends them tasks, one at a time.

    Parameters
    ----------
    environment
        Further environment variables, such as ``OMP_NUM_THREADS``, which libraries read on loading.
    modules
        Modules that the server imports, by name or file.

    It loads torch in the background; `wait` waits for it.
    """

    def __init__(
        self, environment: Mapping[str, str] | None = None, modules: Sequence[str] = ()
    ) -> None:
        ours, theirs = socket.socketpair()
        program = f"from {__name__} import main; main({theirs.fileno()}, {list(modules)!r})"
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        with _interrupts_blocked():  # the new process inherits this
            self._process = subprocess.Popen(
                [sys.executable, "-c", program],
                env={**os.environ, "PYTHONPATH": paths, **_ENVIRONMENT, **(environment or {})},
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        theirs.close()
        self._link = Connection(ours.detach())
        self._ready = False

    def wait(self) -> None:
        """Wait until it accepts tasks.

        Raises
        ------
        ForkServerDied
            If it ends before that; its error output has the reason.
        """
        if self._ready:
            return
        try:
            self._link.recv()  # torch is loaded
            self._ready = True
        except (EOFError, OSError):
            raise ForkServerDied(self._process.wait()) from None
        except BaseException:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether it is running."""
        return self._process.poll() is None

    def ask(self, worker: str, context: WorkerContext, task: Task, seconds: float) -> Any:
        """Send a task to a worker, and wait for its answer.

        Parameters
        ----------
        worker
            Name of the worker, which is started if there is none of that name.
        context
            Context of a new worker; context and task must be picklable.
        task
            The task.
        seconds
            Most seconds that it may take.

        Raises
        ------
        WorkerError
            If there is no answer. A worker of that name is restarted at its next task, except after
            `ForkServerDied`.
        """
        self.wait()
        try:
            request = _Request(worker, pickle.dumps(context), pickle.dumps(task), seconds)
            self._link.send(request)
            answer = self._link.recv()
        except (EOFError, OSError):
            raise ForkServerDied(self._process.wait()) from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """End the fork server and its workers."""
        self._link.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block Ctrl-C within a block; the caller handles it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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
            target=_work, args=(theirs, context, [self.link, *others]), daemon=True
        )
        self._process.start()
        theirs.close()

    def ask(self, task: bytes, seconds: float, parent: Connection) -> bytes:
        """Send it a task; return its answer or the exception that explains why there is none."""
        until = monotonic() + seconds
        with suppress(OSError):  # it has died, which is reported below
            self.link.send_bytes(task)
        while True:
            found = wait([self.link, parent], max(until - monotonic(), 0))
            if parent in found:
                raise EOFError  # the parent sends nothing while it waits, so it has ended
            if not found:
                self.end()
                why = f"it took longer than its limit of {seconds:.3g} s (--timeout)"
                return pickle.dumps(WorkerTimeout(why))
            try:
                return self.link.recv_bytes()
            except (EOFError, OSError):
                self._process.join()
                return pickle.dumps(WorkerDied(self._process.exitcode or 0))

    @property
    def alive(self) -> bool:
        """Whether it is running."""
        return self._process.is_alive()

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.join()
        self.link.close()


def _work(link: Connection, context: bytes, others: Sequence[Connection]) -> None:
    """Run tasks in the worker's process until there are no more."""
    for other in others:
        other.close()
    _tie_to_parent()
    try:
        begin: WorkerContext = pickle.loads(context)
        with begin() as made:
            while True:
                task = link.recv()
                try:
                    answer = task(made)
                except Exception as error:
                    answer = WorkerFailed(error_line(error))
                link.send(answer)
    except (EOFError, BrokenPipeError):
        return  # the parent has ended or closed the connection
    except Exception as error:  # raised by the context: it is the answer to the first task
        link.send(WorkerFailed(error_line(error)))


def _tie_to_parent() -> None:
    """End this process with its parent, and let the out-of-memory killer choose it first."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # the highest priority for the out-of-memory killer


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def main(descriptor: int, modules: Sequence[str]) -> None:
    """Serve requests to workers until the caller closes the connection or ends."""
    link = Connection(descriptor)
    os.dup2(2, 1)  # keeps a layer's printing out of the caller's standard output
    importlib.import_module("torch")
    for module in modules:
        import_module(module)
    gc.freeze()  # workers' garbage collectors skip what is loaded here
    workers: dict[str, _Worker] = {}
    with suppress(EOFError, OSError):
        link.send(None)
        while True:
            request: _Request = link.recv()
            worker = workers.get(request.worker)
            if worker is None or not worker.alive:
                others = [link, *(each.link for each in workers.values() if each.alive)]
                worker = workers[request.worker] = _Worker(request.context, others)
            link.send_bytes(worker.ask(request.task, request.seconds, link))
    for worker in workers.values():
        if worker.alive:
            worker.end()
