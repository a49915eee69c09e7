"""Layers that do harm: each has to end in rows with a reason, in time, and leave nothing behind."""

import atexit
import contextlib
import ctypes
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import torch
from torch import nn


class Harmful(nn.Module):
    """y = W x, and harm beside it."""

    def __init__(self, d):
        super().__init__()
        self.linear = nn.Linear(d, d)

    def harm(self, x):
        """Do it."""

    def forward(self, x):
        found = self.harm(x)
        return self.linear(x) if found is None else found


class LoopsForever(Harmful):
    def harm(self, x):
        while True:
            pass


class SleepsForever(Harmful):
    def harm(self, x):
        time.sleep(100_000)


class SleepsInConstructor(Harmful):
    def __init__(self, d):
        super().__init__(d)
        time.sleep(100_000)


class ForksChildren(Harmful):
    def harm(self, x):
        if os.fork() == 0:
            time.sleep(600)
            os._exit(0)


class ForksDaemons(Harmful):
    """Its children leave the session, as daemons do."""

    def harm(self, x):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(600)
            os._exit(0)


class BeginsPrograms(Harmful):
    def harm(self, x):
        subprocess.Popen(["sleep", "600"], start_new_session=True)


class SpawnsThreads(Harmful):
    def harm(self, x):
        for _ in range(20):
            threading.Thread(target=time.sleep, args=(600,)).start()


class IgnoresSignals(Harmful):
    def harm(self, x):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(100_000)


class ChangesHandlers(Harmful):
    def harm(self, x):
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)


class AllocatesWithoutBound(Harmful):
    def harm(self, x):
        kept = []
        while True:
            kept.append(torch.ones(2**22))


class LeaksEachPass(Harmful):
    kept: list[torch.Tensor] = []

    def harm(self, x):
        self.kept.append(torch.ones(2**20))


class Exits(Harmful):
    def harm(self, x):
        sys.exit(0)


class ExitsAtOnce(Harmful):
    def harm(self, x):
        os._exit(0)


class Aborts(Harmful):
    def harm(self, x):
        os.abort()


class Segfaults(Harmful):
    def harm(self, x):
        ctypes.string_at(0)


class KillsItself(Harmful):
    def harm(self, x):
        os.kill(os.getpid(), signal.SIGKILL)


class KillsItsParent(Harmful):
    def harm(self, x):
        parent = Path(f"/proc/{os.getppid()}/cmdline").read_bytes()
        if b"tests.hostile" not in parent:  # that one only looks on
            os.kill(os.getppid(), signal.SIGKILL)


class ClosesDescriptors(Harmful):
    def harm(self, x):
        os.closerange(0, 256)


class ClosesOutput(Harmful):
    def harm(self, x):
        for number in (1, 2):
            with contextlib.suppress(OSError):
                os.close(number)


class PrintsMegabytes(Harmful):
    calls = 0

    def harm(self, x):
        PrintsMegabytes.calls += 1
        if PrintsMegabytes.calls < 9:
            print("\x1b[2J\x07" * 1_000_000)
            sys.stderr.write("\x1b]0;title\x07" * 100_000)


class PatchesTorch(Harmful):
    def harm(self, x):
        torch.matmul = torch.Tensor.matmul = lambda *_, **__: None
        torch.set_num_threads(1)
        torch.set_default_dtype(torch.float64)


class PatchesTime(Harmful):
    def harm(self, x):
        time.monotonic = time.perf_counter = time.time = lambda: 0.0


class ChangesFolder(Harmful):
    def harm(self, x):
        os.chdir(tempfile.gettempdir())


class ChangesEnvironment(Harmful):
    def harm(self, x):
        os.environ.clear()
        sys.path.clear()
        sys.modules.pop("layerlaw", None)


class WritesIntoInput(Harmful):
    def harm(self, x):
        x.fill_(float("nan"))


class ResizesInput(Harmful):
    def harm(self, x):
        x.resize_(0)


class Recurses(Harmful):
    def harm(self, x):
        return self.forward(x)


class GivesNaN(Harmful):
    def harm(self, x):
        return x * float("nan")


class GivesAnotherShape(Harmful):
    calls = 0

    def harm(self, x):
        Harmful.calls += 1
        return x.repeat(1, Harmful.calls % 3 + 1, 1)


class GivesAnotherType(Harmful):
    def harm(self, x):
        return random.choice([x, [x], {"y": x}, "text", x.int(), x.tolist()])


class GivesNothing(Harmful):
    def forward(self, x):
        return None


class HasHugeParameters(Harmful):
    def __init__(self, d):
        super().__init__(d)
        self.weight = nn.Parameter(torch.empty(2**38))


class RaisesBase(Harmful):
    def harm(self, x):
        raise BaseException("harm \x1b[2J" * 100)


class RaisesInterrupt(Harmful):
    def harm(self, x):
        raise KeyboardInterrupt


class RaisesUnprintable(Harmful):
    def harm(self, x):
        class Unprintable(Exception):
            def __str__(self):
                raise ValueError("no text")

        raise Unprintable


class RaisesManyLines(Harmful):
    def harm(self, x):
        raise ValueError("line\n" * 5_000)


class DeletesItsFile(Harmful):
    def harm(self, x):
        Path(__file__).unlink(missing_ok=True)


class ChangesRandomState(Harmful):
    def harm(self, x):
        torch.manual_seed(time.time_ns() % 2**31)
        random.seed()
        return x + torch.rand(())


class HoldsLocks(Harmful):
    lock = threading.Lock()

    def harm(self, x):
        self.lock.acquire()


class LowersLimits(Harmful):
    def harm(self, x):
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


class StopsItself(Harmful):
    def harm(self, x):
        os.kill(os.getpid(), signal.SIGSTOP)


class WarnsWithoutEnd(Harmful):
    def harm(self, x):
        for at in range(5_000):
            warnings.warn(f"harm {at}\x1b[2J\n" * 20, stacklevel=1)


class HangsAtExit(Harmful):
    def harm(self, x):
        atexit.register(time.sleep, 600)


class HangsInDestructor(Harmful):
    def __del__(self):
        time.sleep(600)


class WritesFiles(Harmful):
    """Leaves a file where it runs, which is its own."""

    def harm(self, x):
        Path("harm.txt").write_bytes(bytes(2**20))


def sleeps_when_built(d):
    """A function in place of a class."""
    time.sleep(100_000)
