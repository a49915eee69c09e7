"""Fork servers: processes that have loaded torch and fork workers, which they watch over.

`main` is the server's program; `ForkServer` starts one and talks to it. Loading torch takes more
than a second, forking some 20 ms, so that each layer can have a process of its own. One worker is
asked at a time, so that nothing runs in parallel with what is measured. Whatever becomes of a
worker (a crash, the kernel's out-of-memory killer, a timeout), the others and the caller live on.

What the libraries lack (on two cores of a busy x86 virtual machine with torch 2.13, where a further
worker of this module answers after 22 to 51 ms, and one that is killed is reported within 29 ms):

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
from .closing import Closeable

_PR_SET_PDEATHSIG = 1  # from Linux' prctl.h

#: What libraries read when they load. NumPy's, which computes nothing here, would begin threads,
#: and a process that has some is not safe to fork.
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}

#: Makes what a worker has for its whole life; it is left when the worker ends.
Setting = Callable[[], AbstractContextManager[Any]]
#: What a worker does: it gets what the setting made.
Task = Callable[[Any], Any]


class WorkerError(Exception):
    """A worker gave no answer; the message is one line that says why."""


class WorkerDied(WorkerError):
    """A worker ended before it answered.

    Attributes
    ----------
    signal
        Number of the signal that ended it; 0 where it ended by itself.
    """

    def __init__(self, exitcode: int) -> None:
        self._exitcode = exitcode
        self.signal = max(-exitcode, 0)
        by = f"by signal {_signal_name(self.signal)}" if self.signal else f"with status {exitcode}"
        why = ", as the system does where memory runs out" if self.signal == signal.SIGKILL else ""
        super().__init__(f"its process ended {by}{why}")

    def __reduce__(self) -> tuple[type[Self], tuple[int]]:
        """Go from process to process by the status, from which the message is made."""
        return type(self), (self._exitcode,)


class ForkServerDied(WorkerDied):
    """The fork server itself ended, and its workers with it, whatever they were asked."""


class WorkerTimeout(WorkerError):
    """A worker did not answer in time, and was ended."""


class WorkerFailed(WorkerError):
    """A worker's setting or task raised; the message says what."""


@dataclass(frozen=True)
class _Request:
    """What a worker is asked; setting and task are pickled: the fork server does not read them."""

    worker: str
    setting: bytes
    task: bytes
    seconds: float


def can_fork() -> bool:
    """Whether this system can: forking has to be safe after loading torch, as it is on Linux."""
    return sys.platform == "linux"


class ForkServer(Closeable):
    """Start workers and have them carry out tasks, one at a time.

    Parameters
    ----------
    environment
        Further variables to set, such as ``OMP_NUM_THREADS``: libraries read them when they load.
    modules
        Modules to import in it, by name or file, besides those that tasks import.

    It loads torch while the caller goes on; `wait` waits until it has.
    """

    def __init__(
        self, environment: Mapping[str, str] | None = None, modules: Sequence[str] = ()
    ) -> None:
        ours, theirs = socket.socketpair()
        program = f"from {__name__} import main; main({theirs.fileno()}, {list(modules)!r})"
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        with _interrupts_blocked():  # the new process keeps it so
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
        """Wait until it can be asked.

        Raises
        ------
        ForkServerDied
            If it ends before that; what it printed says why.
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
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, worker: str, setting: Setting, task: Task, seconds: float) -> Any:
        """Have a worker do a task, and wait for its answer.

        Parameters
        ----------
        worker
            Its name; it is started where there is none of that name.
        setting
            What it has for its whole life; everything that goes to it must be picklable.
        task
            What it does.
        seconds
            How long it may take.

        Raises
        ------
        WorkerError
            Where there is no answer. A worker of that name is started anew when it is asked next,
            unless it is `ForkServerDied`.
        """
        self.wait()
        try:
            request = _Request(worker, pickle.dumps(setting), pickle.dumps(task), seconds)
            self._link.send(request)
            answer = self._link.recv()
        except (EOFError, OSError):
            raise ForkServerDied(self._process.wait()) from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """End all of its processes."""
        self._link.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block Ctrl-C meanwhile: the caller handles it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Worker:
    """A forked process, seen from the one that forked it.

    Parameters
    ----------
    setting
        What it has for its whole life.
    others
        Connections of its siblings and its parent, which it closes: as long as it held one, the
        end of the process at the other side would not be seen.
    """

    def __init__(self, setting: bytes, others: Sequence[Connection]) -> None:
        context = get_context("fork")
        self.link, theirs = context.Pipe()
        self._process = context.Process(
            target=_work, args=(theirs, setting, [self.link, *others]), daemon=True
        )
        self._process.start()
        theirs.close()

    def ask(self, task: bytes, seconds: float, parent: Connection) -> bytes:
        """Have it do a task; what it answers, or an exception that says why it does not."""
        until = monotonic() + seconds
        with suppress(OSError):  # it has died; the answer below says so
            self.link.send_bytes(task)
        while True:
            found = wait([self.link, parent], max(until - monotonic(), 0))
            if parent in found:
                raise EOFError  # it sends nothing while it waits for an answer: it is gone
            if not found:
                self.end()
                return pickle.dumps(WorkerTimeout(f"it took longer than {seconds:g} s"))
            try:
                return self.link.recv_bytes()
            except (EOFError, OSError):
                self._process.join()
                return pickle.dumps(WorkerDied(self._process.exitcode or 0))

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.is_alive()

    def end(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.join()
        self.link.close()


def _work(link: Connection, setting: bytes, others: Sequence[Connection]) -> None:
    """Carry out tasks until there are no more, in the worker's process."""
    for other in others:
        other.close()
    _tie_to_parent()
    try:
        begin: Setting = pickle.loads(setting)
        with begin() as made:
            while True:
                task = link.recv()
                try:
                    answer = task(made)
                except Exception as error:
                    answer = WorkerFailed(_in_a_line(error))
                link.send(answer)
    except (EOFError, BrokenPipeError):
        return  # the parent is gone, or wants no more
    except Exception as error:  # of the setting: the task that came with it is answered so
        link.send(WorkerFailed(_in_a_line(error)))


def _tie_to_parent() -> None:
    """End this process with its parent, and before it where memory runs out."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # the first that the out-of-memory killer takes


def _in_a_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def main(descriptor: int, modules: Sequence[str]) -> None:
    """Start workers as they are asked for, until the caller closes the connection or dies."""
    link = Connection(descriptor)
    os.dup2(2, 1)  # what a layer prints stays out of the caller's output
    importlib.import_module("torch")
    for module in modules:
        import_module(module)
    gc.freeze()  # what is loaded stays: workers need not look through it for garbage
    workers: dict[str, _Worker] = {}
    with suppress(EOFError, OSError):
        link.send(None)
        while True:
            request: _Request = link.recv()
            worker = workers.get(request.worker)
            if worker is None or not worker.alive:
                others = [link, *(each.link for each in workers.values() if each.alive)]
                worker = workers[request.worker] = _Worker(request.setting, others)
            link.send_bytes(worker.ask(request.task, request.seconds, link))
    for worker in workers.values():
        if worker.alive:
            worker.end()
