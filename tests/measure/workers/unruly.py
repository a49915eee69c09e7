"""Layers that misbehave for real at some sizes; to be imported with a registry of their own."""

import os
import signal
import time
from pathlib import Path

import torch
from layerlaw.layers import Textbook, register
from layerlaw.layers.core.theory import d, n

from tests.helpers.toy_theory import TOY_THEORY


class Unruly(Textbook):
    title = "unruly"
    formula = "x"
    inputs = {"x": (n, d)}
    theory = TOY_THEORY

    def at(self, x):
        """Do it where n is 64."""

    def forward(self, x):
        if x.shape[1] == 64:
            self.at(x)
        return x + 1


@register
class Crashing(Unruly):
    name = "crashing"

    def at(self, x):
        os.kill(os.getpid(), signal.SIGSEGV)


@register
class Hanging(Unruly):
    name = "hanging"

    def at(self, x):
        time.sleep(60)


@register
class Leaving(Unruly):
    name = "leaving"

    def at(self, x):
        os._exit(7)


@register
class Greedy(Unruly):
    name = "greedy"

    def at(self, x):
        torch.empty(2**50)


@register
class Hoarding(Unruly):
    """Keeps what it allocates, little by little, beyond any limit of memory."""

    name = "hoarding"

    def at(self, x):
        self.kept = [torch.ones(2**22) for _ in range(400)]


@register
class Killed(Unruly):
    """What the system's killer does where memory runs out."""

    name = "killed"

    def at(self, x):
        os.kill(os.getpid(), signal.SIGKILL)


@register
class Orphaned(Unruly):
    """Kills the fork server that it comes from, for as long as the file has lines."""

    name = "orphaned"

    def at(self, x):
        left = Path("lives.txt").read_text().splitlines()
        if left:
            Path("lives.txt").write_text("\n".join(left[1:]))
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)


@register
class Fine(Unruly):
    name = "fine"
