"""The roofline: points compared with the machine's limits (Williams, Waterman & Patterson 2009).

With I FLOPs per byte that has to be moved, a machine of peak rate P and bandwidth B attains at
most min(P, I·B) FLOP/s. Both are measured, B at the working set that the bytes belong to: data that
stays in a cache moves at the cache's speed.
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
    """The points of a series compared with the machine's limits, each (points,).

    Attributes
    ----------
    flops
        FLOPs of a pass, by theory.
    bytes_moved
        Bytes that a pass has to move: inputs, weights as often as they are read, output.
    moving_seconds
        Least seconds that moving them takes.
    seconds
        Measured times.
    calibration
        The machine's peak and bandwidths.
    """

    flops: Array
    bytes_moved: Array
    moving_seconds: Array
    seconds: Array
    calibration: Calibration

    @property
    def intensity(self) -> Array:
        """FLOPs per byte moved: the arithmetic intensity."""
        return self.flops / self.bytes_moved

    @property
    def achieved_rate(self) -> Array:
        """Achieved FLOP/s."""
        return self.flops / self.seconds

    @property
    def streaming_rate(self) -> Array:
        """FLOP/s to which the memory bandwidth limits the pass."""
        return self.flops / self.moving_seconds

    @property
    def attainable_rate(self) -> Array:
        """FLOP/s that this machine attains at most: the roofline."""
        return np.minimum(self.calibration.peak, self.streaming_rate)

    @property
    def share(self) -> Array:
        """Achieved share of the attainable FLOP/s."""
        return self.achieved_rate / self.attainable_rate


def roofline(series: Series) -> Roofline | None:
    """Compare the points of a series with the machine's limits.

    Returns
    -------
    The roofline; None where the machine was not calibrated, for anything but times of forward
    passes of layers whose FLOPs theory gives, and for products in TF32, which has another peak.
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
    weights, reread = element * at(theory.parameters), element * at(_reread_weights(layer))
    working_set = element * batch * at(activations(layer)) + weights
    read_once = element * batch * at(operands(layer)) + weights - reread
    rereads = reread * at(theory.sequential_ops)
    bandwidth = series.calibration.bandwidth
    return Roofline(
        flops=batch * at(theory.flops),
        bytes_moved=read_once + rereads,
        moving_seconds=read_once / bandwidth(working_set)
        + rereads / bandwidth(np.maximum(reread, 1)),
        seconds=series.values,
        calibration=series.calibration,
    )


def _counts(theory: Theory) -> tuple[Expr, ...]:
    return theory.flops, theory.parameters, theory.sequential_ops


def _reread_weights(layer: Layer) -> Expr:
    """Count the weights that a pass reads again at each of its sequential steps.

    A textbook layer computes nothing ahead of its step. A fused kernel may multiply its inputs, of
    width m, for all steps at once, and need not read those weights again.
    """
    if not layer.theory.sequential_ops.free_symbols:
        return sympy.S.Zero
    if not layer.native:
        return layer.tied_theory().parameters
    return subs(subs(layer.theory.parameters, {"m": 0}), layer.ties)
