"""Calls in processes of their own: what they print, take, leave and change.

`forked` forks a process that has loaded everything, which takes milliseconds; `begun` begins a new
Python, as a user does. Both are held to limits by the system. This process becomes the parent of
whatever a call leaves behind, so that nothing of it escapes.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import hashlib
import math
import os
import resource
import select
import signal
import stat
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import psutil

from .attempts import Attempt, Limits, Outcome

SCRIPT = "from layerlaw.cli.main import run_app; run_app()"

#: Seconds that processes may take to end after the one that began them.
GRACE = 2.0

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # from Linux' prctl.h
_CAPABILITY_VERSION = 0x20080522
_MIB = 2**20
_MOST = 200_000  # bytes of what was printed, at its begin and at its end


def adopt_orphans() -> None:
    """Become the parent of processes whose parents end, so that none is lost sight of."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1))


def load_everything() -> None:
    """Load what commands load, once, for the processes that are forked."""
    import_module("torch")
    import_module("layerlaw.cli.main")
    from layerlaw import analysis, measure, reports, session
    from layerlaw.studies import claims, gradients, published, validation

    for package in (analysis, measure, reports, session, claims, gradients, published, validation):
        for name in package.__all__:
            getattr(package, name)
    gc.freeze()  # forked processes need not look through it


def forked(attempt: Attempt, folder: Path) -> Outcome:
    """Call the command in a process that is forked from this one."""
    return _outcome(attempt, folder, lambda: _call(attempt), fresh=False)


def begun(attempt: Attempt, folder: Path) -> Outcome:
    """Call the command in a new Python."""
    command = [sys.executable, "-c", SCRIPT, *attempt.arguments]
    return _outcome(attempt, folder, lambda: os.execv(sys.executable, command), fresh=True)


def _call(attempt: Attempt) -> int:
    from layerlaw.cli.main import run_app

    sys.argv = ["layerlaw", *attempt.arguments]
    try:
        (attempt.call or run_app)()
    except SystemExit as end:
        if isinstance(end.code, int) or end.code is None:
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _outcome(
    attempt: Attempt, folder: Path, call: Callable[[], int | None], *, fresh: bool
) -> Outcome:
    before = _listing(folder)
    sys.stdout.flush()
    sys.stderr.flush()
    with tempfile.TemporaryDirectory(prefix="hostile-") as beside:
        outputs = [_output(attempt, Path(beside, name)) for name in ("stdout", "stderr")]
        begin = time.monotonic()
        pid = os.fork()
        if pid == 0:
            _be_child(attempt, folder, Path(beside), outputs, call, fresh=fresh)
        overdue, status, used = _wait(pid, attempt.limits)
        wall = time.monotonic() - begin
        processes = end_descendants()
        after = _listing(folder)
        left = sorted(path.name for path in Path(beside, "tmp").iterdir())
        stdout, stderr = map(_printed, outputs)
    code = os.waitstatus_to_exitcode(status)
    return Outcome(
        status=code,
        stdout=stdout.decode("utf-8", "surrogateescape"),
        stderr=stderr.decode("utf-8", "surrogateescape"),
        seconds=used.ru_utime + used.ru_stime,
        wall=wall,
        memory=used.ru_maxrss / 1024 - (_FRESH if fresh else resident()),
        overdue=overdue or _SPENT * (code == -signal.SIGXCPU),
        processes=processes,
        made=(*sorted(set(after) - set(before)), *(f"TMPDIR/{name}" for name in left)),
        changed=tuple(sorted(name for name in before if after.get(name) != before[name])),
    )


#: Why the system ends what takes more of the processor's time than it may.
_SPENT = "it takes more than its seconds of the processor"

#: Mebibytes of a command that has loaded all it needs, in a Python of its own.
_FRESH = 420.0


def resident() -> float:
    """Mebibytes of this process."""
    return psutil.Process().memory_info().rss / _MIB


def _output(attempt: Attempt, path: Path) -> tuple[int, int]:
    """Give descriptors to read and to write what a call prints.

    A pipe has room for a megabyte; a file has more, but where the disk is full it is full too.
    """
    if attempt.disk is not None:
        reads, writes = os.pipe()
        fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, _MIB)
        os.set_blocking(reads, False)
        return reads, writes
    writes = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.open(path, os.O_RDONLY), writes


def _printed(output: tuple[int, int]) -> bytes:
    os.close(output[1])
    with os.fdopen(output[0], "rb") as file:
        begin = file.read(_MOST) or b""
        if not file.seekable() or (size := os.fstat(file.fileno()).st_size) <= 2 * _MOST:
            return begin + (file.read() or b"")
        file.seek(size - _MOST)  # what was printed without end is not read as a whole
        return begin + file.read()


def _be_child(
    attempt: Attempt,
    folder: Path,
    beside: Path,
    outputs: Sequence[tuple[int, int]],
    call: Callable[[], int | None],
    *,
    fresh: bool,
) -> None:
    status = 70
    try:
        os.setsid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, (_, writes) in enumerate(outputs, 1):
            os.dup2(writes, number)
        (beside / "tmp").mkdir()
        os.environ.update({"TMPDIR": str(beside / "tmp"), "COLUMNS": "160"})
        tempfile.tempdir = None
        os.chdir(folder)
        _limit(attempt, fresh=fresh)
        drop_privileges()
        status = call() or 0
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        with suppress(BaseException):
            traceback.print_exc()
            sys.stderr.flush()
    finally:
        os._exit(status)


def _limit(attempt: Attempt, *, fresh: bool) -> None:
    """Have the system hold this process to its limits."""
    size = 900 * _MIB if fresh else psutil.Process().memory_info().vms
    most = size + (attempt.limits.memory + 512) * _MIB  # addresses are not all memory
    seconds = int(attempt.limits.seconds) + 1
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 2))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    disk = attempt.disk if attempt.disk is not None else 2**30
    resource.setrlimit(resource.RLIMIT_FSIZE, (disk, disk))


def drop_privileges() -> None:
    """Give up what root may do beyond others: what is unreadable is unreadable then."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    none = (ctypes.c_uint32 * 6)()
    ctypes.CDLL(None).capset(header, none)


def _wait(pid: int, limits: Limits) -> tuple[str, int, resource.struct_rusage]:
    """Wait for a process, and end it when the time is up, or when it does nothing any more."""
    watched = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(watched, select.POLLIN)
        begin = busy = time.monotonic()
        before = -1.0
        overdue = ""
        while not (overdue or poll.poll(500)):
            now, used = time.monotonic(), _seconds(pid)
            if used != before:
                before, busy = used, now
            if now - busy > limits.idle:
                overdue = f"it waits for more than {limits.idle:g} s"
            elif now - begin > limits.wall:
                overdue = f"it takes more than {limits.wall:g} s on the wall"
        if overdue:
            os.kill(pid, signal.SIGKILL)
        _, status, used_in_all = os.wait4(pid, 0)
    finally:
        os.close(watched)
    return overdue, status, used_in_all


def _seconds(pid: int) -> float:
    """Give the time of the processor of a process and all below it; NaN while it waits for one."""
    used = 0.0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            if one.status() in (psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP):
                return math.nan
            times = one.cpu_times()
            used += times.user + times.system
    return used


def end_descendants(grace: float = GRACE) -> tuple[str, ...]:
    """End what is left of a call, and give the command lines of what did not end by itself."""
    until, told = time.monotonic() + grace, set()
    while _has_children():
        if time.monotonic() >= until:
            for one in _descendants():
                told.add(_told(one))
                with suppress(psutil.NoSuchProcess):
                    one.kill()
        time.sleep(0.01)
    return tuple(sorted(told))


def _has_children() -> bool:
    """Reap what has ended, and say whether anything has not: orphans are children of this one."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _descendants() -> list[psutil.Process]:
    living = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if one.status() != psutil.STATUS_ZOMBIE:
                living.append(one)
    return living


def _told(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())[:200]
    return "?"


def _listing(folder: Path) -> dict[str, str]:
    """Give the names below a folder with a digest of what each is."""
    found = {}
    for parent, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(parent, name)
            found[os.path.relpath(path, folder)] = _digest(path)
    return found


def _digest(path: Path) -> str:
    about = path.lstat()
    kind = str(stat.S_IFMT(about.st_mode))
    if not stat.S_ISREG(about.st_mode):
        return kind
    if about.st_size > 64 * _MIB:
        return f"{kind} {about.st_size} {about.st_mtime_ns}"
    try:
        return f"{kind} {hashlib.blake2b(path.read_bytes()).hexdigest()}"
    except OSError:
        return f"{kind} {about.st_size}"
