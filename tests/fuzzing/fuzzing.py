"""How fuzzing is done: how many examples, within which limits, and what may come out."""

import resource
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
from hypothesis import HealthCheck, Phase, settings
from layerlaw.analysis import TableWarning
from layerlaw.errors import LayerlawError

#: The profile of an hour, which has this many times the examples of the other's minute.
NIGHTLY, TIMES = "nightly", 60

#: Seconds of the processor and mebibytes beyond those of this process that one example may take.
SECONDS, MEBIBYTES = 5, 1024

#: Characters of the line that says why something is refused.
LONGEST = 300


def register_profiles() -> None:
    """Register Hypothesis's profile of the nightly workflow."""
    settings.register_profile(NIGHTLY, max_examples=100 * TIMES, deadline=None, print_blob=True)


def fuzzed(
    examples: int, *, shrinks: bool = True
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Try so many examples, the same ones each time; in the nightly profile others, and more.

    What takes long is not shrunk to a smaller example where it fails.
    """
    nightly = settings.get_current_profile_name() == NIGHTLY
    return settings(
        max_examples=examples * (TIMES if nightly else 1),
        derandomize=not nightly,
        database=None,
        deadline=None,
        phases=(Phase.generate, *([Phase.shrink] * shrinks)),
        suppress_health_check=list(HealthCheck),
    )


class OverdueError(BaseException):
    """An example takes more of the processor's time than it may; nothing catches it."""


@contextmanager
def limited(seconds: float = SECONDS, mebibytes: int = MEBIBYTES) -> Iterator[None]:
    """Hold this process to limits of time and memory; what exceeds them raises."""
    if sys.platform != "linux":
        yield
        return

    def overdue(*_: object) -> None:
        raise OverdueError(f"it takes more than {seconds:g} s of the processor")

    before = signal.signal(signal.SIGPROF, overdue)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    size = psutil.Process().memory_info().vms + mebibytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (size, hard))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGPROF, before)


def refused_or_read(call: Callable[[], object], seconds: float = SECONDS) -> str:
    """Call a reader within the limits; return the line that refuses, empty where it reads.

    Any other exception, any warning of Python's, and a refusal of several lines fail.
    """
    said = ""
    with limited(seconds), warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", TableWarning)
        try:
            call()
        except LayerlawError as error:
            said = str(error)
            assert said, "no reason is given"
    assert_one_line(said)
    return said


def assert_one_line(said: str) -> None:
    """Require one line that a terminal shows as it is."""
    assert said.isprintable(), repr(said)
    assert len(said) <= LONGEST, said
