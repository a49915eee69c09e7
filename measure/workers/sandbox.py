"""A sandbox for external layers, whose code may crash or hang outside timing too.

Timing has processes of its own (`executor`). Without a sandbox, a module would be loaded, traced,
counted and derived in the calling process.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from ...layers import (
    Layer,
    LayerError,
    Sizes,
    get,
    is_external,
    known_findings,
    made_findings,
    observing_sizes,
)
from ..planning import ResourceLimits
from .closeable import Closeable
from .forkserver import ForkServer, can_fork
from .worker_errors import WorkerError, WorkerTimeout

Answer = TypeVar("Answer")

#: Default limit of a layer's task, in seconds.
TASK_SECONDS = 300.0


#: What torch imports when the first operation on meta tensors is called; it takes a second.
_LOADED_BY_META = "torch._dynamo"


class Sandbox(Closeable):
    """Runs tasks of layers, those of external layers in a process of their own.

    All others run in the calling process, as do all tasks if the system cannot fork. A layer that
    has exceeded its time once is not asked again. Close the sandbox, or use it as a context
    manager.

    Parameters
    ----------
    seconds
        Most seconds of a task.
    memory
        Most bytes that a process may take for a task; None for `planning.MEMORY_SHARE` of the free
        memory.
    modules
        Modules that define tasks; they are imported once, before any task, in none of its time.
    """

    def __init__(
        self,
        seconds: float = TASK_SECONDS,
        memory: float | None = None,
        modules: Sequence[str] = (),
    ) -> None:
        self._seconds, self._modules = seconds, (_LOADED_BY_META, __name__, *modules)
        self._memory = ResourceLimits(memory=memory).memory_of_cpu()
        self._timed_out: dict[str, str] = {}  # by name, what was said of the layer
        self._forkserver: ForkServer | None = None

    def load(self, name: str) -> Layer:
        """Load a layer in the calling process, after another process has survived loading it.

        An external layer is called in the other process alone, to find out what it takes. The
        calling process imports its module and nothing more.

        Raises
        ------
        KeyError, LayerError
            As `layers.get`; also LayerError if it ends the other process, or takes too long.
        """
        if not self._isolates(name):
            return get(name)
        found = self.ask(name, partial(_load, name))
        if isinstance(found, Exception):
            raise found
        from .containment import contained  # on Linux alone

        with contained(), known_findings(found):
            return get(name)

    def ask(self, name: str, task: Callable[[], Answer], seconds: float | None = None) -> Answer:
        """Run a task of a layer, which must be picklable, and return its answer.

        Parameters
        ----------
        name
            Of the layer.
        task
            What is run.
        seconds
            Most seconds of this task, if not the sandbox's.

        Raises
        ------
        LayerError
            If an external layer ends its process, raises, or takes too long, or took too long
            before.
        """
        if not self._isolates(name):
            return task()
        if name in self._timed_out:
            raise LayerError(self._timed_out[name])
        if self._forkserver is None or not self._forkserver.alive:
            self.close()
            self._forkserver = ForkServer(modules=self._modules)
            importlib.import_module("torch")  # here too, while it loads in the fork server
        try:
            answer: Answer = self._forkserver.ask(
                name, _noting, partial(_do, task), seconds or self._seconds, self._memory
            )
        except WorkerError as error:
            why = f"{name}, {self._forkserver.note or 'while it is loaded'}: {error}"
            if isinstance(error, WorkerTimeout):
                self._timed_out[name] = why
            raise LayerError(why) from None
        return answer

    def _isolates(self, name: str) -> bool:
        return can_fork() and is_external(name)

    def close(self) -> None:
        """End all processes."""
        if self._forkserver is not None:
            self._forkserver.close()


def _load(name: str) -> Mapping[Any, Any] | Exception:
    """Load a layer; return what its trials have found, or why it cannot be loaded."""
    try:
        get(name)
    except (KeyError, LayerError) as error:
        return error
    return made_findings()


def _do(task: Callable[[], Answer], _: object) -> Answer:
    return task()


@contextmanager
def _noting() -> Iterator[None]:
    """Note the sizes at which a layer is built, which survives the process."""
    from .forkserver_main import note

    def note_sizes(layer: Layer, sizes: Sizes) -> None:
        note("at " + ", ".join(f"{axis}={size}" for axis, size in sizes.items()))

    with observing_sizes(note_sizes):
        yield
