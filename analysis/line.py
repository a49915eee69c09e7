"""A straight line through logarithms: what a law is shown beside, since most people fit one."""

from __future__ import annotations

import numpy as np

from .arrays import Array


def slopes(sizes: Array, values: Array) -> Array:
    """Exponents of the straight line through the logarithms of all points.

    Parameters
    ----------
    sizes
        (points, axes), positive.
    values
        (points,), positive.

    Returns
    -------
    (axes,): a slope for each axis. Where the points cannot tell two axes apart, the smallest
    slopes that fit.

    Examples
    --------
    >>> import numpy as np
    >>> n = np.array([[1.0], [2.0], [4.0]])
    >>> slopes(n, 3 * n[:, 0] ** 2).round(6).tolist()
    [2.0]
    """
    logs = np.log(sizes)
    logs = logs - logs.mean(axis=0)
    target = np.log(values) - np.log(values).mean()
    return np.asarray(np.linalg.lstsq(logs, target, rcond=None)[0])
