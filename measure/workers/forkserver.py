"""Fork servers, as their caller sees them: processes that fork and supervise workers.

`ForkServer` starts the program of `forkserver_main` and talks to it. It has loaded torch, which
takes more than a second; forking takes about 20 ms, so each layer can have a process of its own.
One worker works at a time, so that nothing runs in parallel with a measurement. If a worker fails
(a crash, the kernel's out-of-memory killer, a timeout), the others and the caller continue. What
layers print is discarded, and whatever they leave behind is ended with their worker.

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

import mmap
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from ...layers import inputs_told
from .closeable import Closeable
from .worker_errors import ForkServerDied, WorkerTimeout

#: Environment of the fork server. NumPy's BLAS, which computes nothing here, would start threads,
#: and a process with threads is not safe to fork.
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}

#: Most seconds in which a fork server loads torch and its modules.
_LOADING = 300.0

#: Seconds after the limit of a task by which the fork server has said that it was exceeded.
_GRACE = 15.0

#: Bytes of the note that a worker leaves.
_NOTE_BYTES = 4096

#: A context manager for the lifetime of a worker; its value is passed to every task.
WorkerContext = Callable[[], AbstractContextManager[Any]]
#: A task of a worker, called with the value of its context.
Task = Callable[[Any], Any]


@dataclass(frozen=True)
class Request:
    """A request to a worker; context and task are pickled and not read by the fork server.

    Attributes
    ----------
    worker
        The worker's name.
    context, task
        Pickled.
    seconds
        Most seconds of the task.
    memory
        Most bytes that the worker may take beyond those before the task; None for no limit.
    """

    worker: str
    context: bytes
    task: bytes
    seconds: float
    memory: float | None


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

    It knows what is told of the inputs of layers (`layers.told_inputs`). It loads torch in the
    background; `wait` waits for it.
    """

    def __init__(
        self, environment: Mapping[str, str] | None = None, modules: Sequence[str] = ()
    ) -> None:
        ours, theirs = socket.socketpair()
        shared = os.memfd_create("layerlaw-note")  # without a name in any folder
        os.ftruncate(shared, _NOTE_BYTES)
        self._note = mmap.mmap(shared, _NOTE_BYTES)
        told = {name: one.texts for name, one in inputs_told().items()}
        given = (theirs.fileno(), shared, list(modules), told)
        program = f"from {__package__}.forkserver_main import main; main(*{given!r})"
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        with _interrupts_blocked():  # the new process inherits this
            self._process = subprocess.Popen(
                [sys.executable, "-c", program],
                env={**os.environ, "PYTHONPATH": paths, **_ENVIRONMENT, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), shared),
                start_new_session=True,  # without a terminal, to which a layer could write
            )
        theirs.close()
        os.close(shared)
        self._link = Connection(ours.detach())
        self._ready = False

    def wait(self) -> None:
        """Wait until it accepts tasks.

        Raises
        ------
        WorkerError
            If it ends before that, cannot load its modules, or does not do so in time.
        """
        if not self._ready:
            self._answer(_LOADING)  # torch is loaded
            self._ready = True

    @property
    def alive(self) -> bool:
        """Whether it is running."""
        return self._process.poll() is None

    @property
    def note(self) -> str:
        """What the last task noted by `forkserver_main.note`, also if its worker died."""
        return self._note[:].split(b"\0")[0].decode("utf-8", "replace")

    def ask(
        self,
        worker: str,
        context: WorkerContext,
        task: Task,
        seconds: float,
        memory: float | None = None,
    ) -> Any:
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
        memory
            Most bytes that the worker may take beyond those before the task.

        Raises
        ------
        WorkerError
            If there is no answer. A worker of that name is restarted at its next task, except after
            `ForkServerDied`.
        """
        self.wait()
        self._note[:1] = b"\0"
        request = Request(worker, pickle.dumps(context), pickle.dumps(task), seconds, memory)
        try:
            self._link.send(request)
        except OSError:
            raise ForkServerDied(self._process.wait()) from None
        return self._answer(seconds + _GRACE, seconds)

    def _answer(self, most: float, limit: float | None = None) -> Any:
        """Receive an answer, at most after so many seconds; close if anything interrupts this."""
        try:
            if not self._link.poll(most):
                self.close()
                raise WorkerTimeout(
                    f"its process did not answer within {most:.3g} s"
                    if limit is None
                    else f"it took longer than its limit of {limit:.3g} s (--timeout)"
                )
            answer = self._link.recv()
        except (EOFError, OSError):
            raise ForkServerDied(self._process.wait()) from None
        except BaseException:  # the answer would be taken for that to the next task
            self.close()
            raise
        if isinstance(answer, Exception):
            raise answer
        return answer

    def begin_to_close(self) -> None:
        """Let the fork server and its workers end; `close` waits for that."""
        if not self._link.closed:
            # A process that a layer started while it was imported here holds the socket too.
            with socket.socket(fileno=os.dup(self._link.fileno())) as shared, suppress(OSError):
                shared.shutdown(socket.SHUT_RDWR)
        self._link.close()

    def close(self) -> None:
        """End the fork server and its workers."""
        self.begin_to_close()
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
