"""The simulated noisy machine that measures a synthetic law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...analysis import Array
from ...measure import SECONDS
from .truth import Truth

REPEATS, PROCESSES = 5, 3


@dataclass(frozen=True)
class Noise:
    """Relative errors of a simulated machine; a pair is a range to draw from for each case.

    Attributes
    ----------
    repeat_sd
        Standard deviation between repeats.
    shared
        Probability that the repeats of a point share most of their error, as they do with one
        memory layout or one choice of kernel.
    size_sd
        Standard deviation of the error that all points of one size share.
    process_sd
        Standard deviation of the error that all points of one process share.
    outliers
        Share of repeats that are disturbed; each takes longer, by 50 % on average.
    """

    repeat_sd: tuple[float, float] = (0.01, 0.06)
    shared: float = 0.5
    size_sd: tuple[float, float] = (0.0, 0.02)
    process_sd: tuple[float, float] = (0.0, 0.05)
    outliers: float = 0.08


def simulate_measurements(
    rng: np.random.Generator,
    name: str,
    axes: tuple[str, ...],
    sizes: Array,
    truth: Truth,
    noise: Noise,
) -> pd.DataFrame:
    """Simulate measurements of a law at sizes (points, axes): tidy rows, five for each point."""
    repeat_sd = rng.uniform(*noise.repeat_sd)
    time = truth(sizes)
    for column in sizes.T:
        levels, which = np.unique(column, return_inverse=True)
        time = time * np.exp(rng.normal(0, rng.uniform(*noise.size_sd), len(levels)))[which]
    if rng.random() < noise.shared:
        time = time * np.exp(rng.normal(0, repeat_sd, len(time)))
        repeat_sd = repeat_sd / 3
    process = rng.integers(PROCESSES, size=len(time))[:, None]
    if rng.random() < 0.5:  # every process measures every point; otherwise one does
        process = process + np.arange(REPEATS)
    process = process % PROCESSES
    shift = rng.normal(0, rng.uniform(*noise.process_sd), PROCESSES)
    shape = (len(time), REPEATS)
    values = time[:, None] * np.exp(shift[process] + rng.normal(0, repeat_sd, shape))
    disturbed = rng.random(shape) < noise.outliers
    values = np.where(disturbed, values * (1 + rng.exponential(0.5, shape)), values)
    rows = {axis: np.repeat(sizes[:, at], REPEATS) for at, axis in enumerate(axes)}
    return pd.DataFrame(
        {
            "layer": name,
            "device": "synthetic",
            "mode": "forward",
            "metric": SECONDS.name,
            **{size: rows.get(size, np.nan) for size in ("n", "d", "k")},
            "repeat": np.tile(np.arange(REPEATS), len(time)),
            "process": np.broadcast_to(process, shape).ravel(),
            "value": values.ravel(),
        }
    )
