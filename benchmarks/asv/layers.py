"""Benchmarks for asv: the times of the core layers, and the exponents fitted to them.

`layers.CORE` gives the layers, and the profile `asv` their sizes.
"""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING

import layerlaw
import torch  # noqa: F401 - imported once, before asv forks a process for each case
from layerlaw.layers import CORE
from layerlaw.measure import Case, Controls, plan
from layerlaw.measure.timing.workload import ready_pass

if TYPE_CHECKING:
    from layerlaw.measure.timing.modes import Pass

PROFILE = "asv"


#: Contexts that are left when the process ends; asv measures a single case in each process.
CONTEXTS = ExitStack()
atexit.register(CONTEXTS.close)


@cache
def prepare_pass(key: str) -> Pass:
    """Build the module and inputs of a case once, for the rest of the process."""
    case = Case.parse(key)
    CONTEXTS.enter_context(Controls(threads=case.threads).in_force())
    call, _ = CONTEXTS.enter_context(ready_pass(case))
    return call


class Forward:
    """One forward pass of each case.

    It has no `setup`: with one, asv repeats it before every call and times single calls with cold
    caches. Without one, asv times calls in a row for 10 ms, and prepares the pass in its warm-up.
    Looking the pass up takes 0.1 µs.
    """

    params = [case.key for case in plan(profile=PROFILE).cases]
    param_names = ["case"]
    timeout = 300

    def time_forward(self, case):
        prepare_pass(case)()


class Exponents:
    """The exponents that layerlaw measures and fits, for asv to detect regressions in."""

    params = [list(CORE), ["n", "d", "k"]]
    param_names = ["layer", "axis"]
    unit = "exponent"
    timeout = 1800

    def setup_cache(self):
        """Measure all layers in one run, whose shuffled rounds spread drift over all of them."""
        return {
            fit.series.layer: {
                axis: e["estimate"] for axis, e in fit.to_dict()["exponents"].items()
            }
            for fit in layerlaw.fit(layerlaw.sweep(profile=PROFILE))
        }

    def setup(self, exponents, layer, axis):
        if axis not in exponents.get(layer, {}):
            raise NotImplementedError  # asv then skips the axis, which this layer does not have

    def track_exponent(self, exponents, layer, axis):
        return exponents[layer][axis]
