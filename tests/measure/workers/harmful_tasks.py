"""Tasks of workers that leave processes behind, or do not answer as they should."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager


@contextmanager
def nothing():
    yield


def identity(_):
    return os.getpid(), os.getppid()


def descendants(_, kind, count=1):
    """Start processes that outlive the task, and return their ids."""
    return [STARTS[kind]() for _ in range(count)]


def _child():
    if (pid := os.fork()) == 0:
        time.sleep(600)
    return pid


def _session():
    if (pid := os.fork()) == 0:
        os.setsid()
        time.sleep(600)
    return pid


def _daemon():
    """Fork twice, so that the process is nobody's child."""
    reads, writes = os.pipe()
    if (pid := os.fork()) == 0:
        os.setsid()
        if (daemon := os.fork()) != 0:
            os.write(writes, str(daemon).encode())
            os._exit(0)
        time.sleep(600)
    os.waitpid(pid, 0)
    return int(os.read(reads, 20))


def _program():
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    return subprocess.Popen([sys.executable, "-S", "-c", code], start_new_session=True).pid


STARTS = {"child": _child, "session": _session, "daemon": _daemon, "program": _program}


def crash(_):
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(_):
    while True:
        pass


def close_all(_):
    os.closerange(0, 256)
    time.sleep(600)


def return_twice(_):
    os.fork()
    return os.getpid()


def stop(_):
    os.kill(os.getpid(), signal.SIGSTOP)


def leave(_):
    raise SystemExit(0)


def interrupt(_):
    raise KeyboardInterrupt


def allocate(_, megabytes):
    return len([bytearray(b"1" * 2**20) for _ in range(megabytes)])


def allocate_in_children(_):
    """Take memory in processes each of which keeps to the limit."""
    for _ in range(3):
        if os.fork() == 0:
            kept = bytearray(b"1" * 2**27)
            time.sleep(600)
            del kept
    time.sleep(600)


def print_much(_):
    print("\x1b[2J printed" * 1_000_000)
    os.write(2, b"\x1b[2J written\n" * 1000)
    return True


class Unpicklable:
    def __reduce__(self):
        raise ValueError("no pickle")


def unpicklable(_):
    return Unpicklable()
