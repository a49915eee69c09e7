"""Points against what the machine can do: the roofline (Williams, Waterman & Patterson 2009).

With I FLOPs for each byte that has to be moved, a machine of peak rate P and bandwidth B attains
min(P, I·B) FLOP/s and no more. Both are measured, B at the working set that the bytes belong to:
what stays in a cache moves at the cache's speed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy
from sympy import Expr

from ... import layers
from ...layers import Layer, Theory, evaluate, is_known, subs
from ...measure import activations, operands
from ..expressions import Array
from ..tables import Calibration, Series


@dataclass(frozen=True)
class Roofline:
    """The points of a series against what the machine can do, each (points,).

    Attributes
    ----------
    flops
        FLOPs of a pass, by theory.
    moved
        Bytes that a pass cannot but move: inputs, weights as often as it reads them, output.
    moving
        Seconds that moving them takes at least.
    seconds
        What was measured.
    calibration
        What the machine can do.
    """

    flops: Array
    moved: Array
    moving: Array
    seconds: Array
    calibration: Calibration

    @property
    def intensity(self) -> Array:
        """FLOPs for each byte that is moved."""
        return self.flops / self.moved

    @property
    def achieved(self) -> Array:
        """FLOP/s that were reached."""
        return self.flops / self.seconds

    @property
    def streaming(self) -> Array:
        """FLOP/s at which memory feeds the pass."""
        return self.flops / self.moving

    @property
    def attainable(self) -> Array:
        """FLOP/s that this machine attains at most."""
        return np.minimum(self.calibration.peak, self.streaming)

    @property
    def share(self) -> Array:
        """Share of what this machine can do."""
        return self.achieved / self.attainable


def roofline(series: Series) -> Roofline | None:
    """Hold the points of a series against what the machine can do.

    Returns
    -------
    None where the machine was not calibrated; for what is no time of a forward pass of a layer of
    the registry, whose FLOPs theory counts; and for products in TF32, which is another peak.
    """
    conditions = series.conditions
    if (
        series.calibration is None
        or not series.timed
        or series.mode != "forward"
        or (layer := layers.find(series.layer)) is None
        or not is_known(activations(layer), *_counts(layer.tied_theory()))
        or "tf32" in str(conditions.get("options", ""))
    ):
        return None
    theory = layer.tied_theory()
    sizes: dict[str, Array | float] = {
        **series.constants,
        **dict(zip(series.axes, series.sizes.T, strict=True)),
    }
    batch = sizes.get("batch", conditions.get("batch", 1))

    def at(expr: Expr) -> Array:
        values: Array = evaluate(expr, sizes)
        return values

    element = series.calibration.element
    weights, again = element * at(theory.parameters), element * at(_read_again(layer))
    held = element * batch * at(activations(layer)) + weights
    once = element * batch * at(operands(layer)) + weights - again
    often = again * at(theory.sequential_ops)
    bandwidth = series.calibration.bandwidth
    return Roofline(
        flops=batch * at(theory.flops),
        moved=once + often,
        moving=once / bandwidth(held) + often / bandwidth(np.maximum(again, 1)),
        seconds=series.values,
        calibration=series.calibration,
    )


def _counts(theory: Theory) -> tuple[Expr, ...]:
    return theory.flops, theory.parameters, theory.sequential_ops


def _read_again(layer: Layer) -> Expr:
    """Count weights that a pass reads at each of the steps that follow one another.

    A textbook layer computes nothing ahead of its step. A fused kernel may multiply its inputs,
    of width m, for all steps at once, and need not read those weights again.
    """
    if not layer.theory.sequential_ops.free_symbols:
        return sympy.S.Zero
    if not layer.native:
        return layer.tied_theory().parameters
    return subs(subs(layer.theory.parameters, {"m": 0}), layer.ties)
