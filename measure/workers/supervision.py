"""Processes that end with everything that they started, however their parent ends.

A layer may fork, start programs and leave the session, as daemons do. On Linux a process that calls
`adopt_orphans` becomes the parent of each descendant whose own parent has ended, so that none is
lost, and `end_children` ends them all. Process groups would not do: a daemon leaves its group.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
from collections.abc import Collection
from contextlib import suppress
from time import monotonic
from typing import NoReturn

import psutil

from ..host import children_of

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # from Linux' prctl.h

#: Most seconds in which killed processes are waited for; one in the kernel may take longer.
_ENDING = 5.0


def adopt_orphans(*, adopt: bool = True) -> None:
    """Become the parent of descendants whose parent ends, or leave them to another process."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(adopt))


def end_with_parent(parent: int) -> None:
    """Let this process be killed when its parent ends, whose id was `parent` before the fork."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
    if os.getppid() != parent:  # it ended before
        os._exit(1)


def end_children(keep: Collection[int] = ()) -> None:
    """Kill the children of this process but those to keep, and those that it adopts from them."""
    until = monotonic() + _ENDING
    while left := [each for each in psutil.Process().children() if each.pid not in keep]:
        for child in left:
            with suppress(psutil.Error):
                child.kill()
        psutil.wait_procs(left, timeout=0.5)
        if monotonic() > until:
            return


def descendants_of(process: int) -> list[int]:
    """Return the ids of the processes below one, if the kernel lists them."""
    children = children_of(process)
    return children + [below for child in children for below in descendants_of(child)]


def fork_supervised(link: int) -> None:
    """Fork: the child returns, and its parent ends it and all below it once it may not go on.

    The parent waits until the child has ended, the other end of the socket `link` was shut, or the
    caller has ended, whose daemons may hold the socket; then it ends all descendants, and itself as
    the child ended. It watches from before the child loads anything, which takes seconds.
    """
    adopt_orphans()
    caller = None
    with suppress(OSError):  # before Linux 5.3
        caller = os.pidfd_open(os.getppid())
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    supervisor, child = os.getpid(), os.fork()
    if child:
        _supervise(child, link, caller, reads)
    if caller is not None:
        os.close(caller)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.close(reads)
    os.close(writes)
    os.setpgid(0, 0)  # a signal to its group does not reach the supervisor
    end_with_parent(supervisor)


def _supervise(child: int, link: int, caller: int | None, wakeup: int) -> NoReturn:
    poll = select.poll()
    poll.register(link, 0)  # a shut other end is reported in any case
    if caller is not None:
        poll.register(caller, select.POLLIN)
    poll.register(wakeup, select.POLLIN)
    status = None
    while status is None:
        for descriptor, _ in poll.poll():
            if descriptor == wakeup:
                os.read(wakeup, 4096)
            else:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                poll.unregister(descriptor)
        ended, found = os.waitpid(child, os.WNOHANG)
        status = found if ended else None
    end_children()
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(OSError, ValueError):  # of SIGKILL and SIGSTOP there is no other handler
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 128 - code)
