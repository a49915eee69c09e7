"""The array type of all of analysis and reports, and how costs that overlap are put together."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: The relative error below which no law and no timer is believed: it keeps exact data finite.
FLOOR = 1e-3


def power_mean(parts: Array, p: float) -> Array:
    """Cost of parts (points, parts) that overlap with exponent p: (Σ part^p)^(1/p), (points,)."""
    # Relative to the largest: high powers of small times would vanish.
    most = np.maximum(parts.max(axis=1), np.finfo(float).tiny)
    return np.asarray(most * np.sum((parts / most[:, None]) ** p, axis=1) ** (1 / p))
