"""Times of the core layers, and the exponents fitted to them, commit by commit.

No layer and no size is named here: `layers.CORE` and the grid's profile `asv` give them.
"""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING

import layerlaw
import torch  # noqa: F401 - once, before asv forks a process for each case
from layerlaw.layers import CORE
from layerlaw.measure import Case, Controls, plan
from layerlaw.measure.timing.workload import ready_pass

if TYPE_CHECKING:
    from layerlaw.measure.timing.modes import Pass

PROFILE = "asv"


#: What is in force until the process ends, in which asv measures a single case.
IN_FORCE = ExitStack()
atexit.register(IN_FORCE.close)


@cache
def ready_for_good(key: str) -> Pass:
    """Make a case ready for the rest of the process."""
    case = Case.parse(key)
    IN_FORCE.enter_context(Controls(threads=case.threads).in_force())
    call, _ = IN_FORCE.enter_context(ready_pass(case))
    return call


class Forward:
    """One forward pass of each case.

    There is no `setup` on purpose: where there is one, asv runs it again before every call and
    times single calls, with cold caches; without one it times calls in a row, 10 ms of them, and
    its warm-up takes the making ready. The look-up costs 0.1 µs.
    """

    params = [case.key for case in plan(profile=PROFILE).cases]
    param_names = ["case"]
    timeout = 300

    def time_forward(self, case):
        ready_for_good(case)()


class Exponents:
    """The exponents that layerlaw measures and fits by itself, as numbers to be gated on."""

    params = [list(CORE), ["n", "d", "k"]]
    param_names = ["layer", "axis"]
    unit = "exponent"
    timeout = 1800

    def setup_cache(self):
        """Measure all layers in one run, whose shuffled rounds spread what drifts over them."""
        return {
            fit.series.layer: {
                axis: e["estimate"] for axis, e in fit.to_dict()["exponents"].items()
            }
            for fit in layerlaw.fit(layerlaw.sweep(profile=PROFILE))
        }

    def setup(self, exponents, layer, axis):
        if axis not in exponents.get(layer, {}):
            raise NotImplementedError  # asv's way to skip: the layer lacks the axis

    def track_exponent(self, exponents, layer, axis):
        return exponents[layer][axis]
