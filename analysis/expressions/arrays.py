"""The array type of analysis and reports, the error floor, and the power mean of costs."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Smallest relative error that is assumed of any law or timer; it keeps fits of exact data finite.
FLOOR = 1e-3


def power_mean(parts: Array, p: float) -> Array:
    """Combine parts (points, parts) that overlap with exponent p: (Σ part^p)^(1/p), (points,)."""
    # Relative to the largest part: high powers of small times would underflow.
    most = np.maximum(parts.max(axis=1), np.finfo(float).tiny)
    return np.asarray(most * np.sum((parts / most[:, None]) ** p, axis=1) ** (1 / p))
