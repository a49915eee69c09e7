"""Columns divided by the measured values and raised to the power p, within the range of floats."""

from __future__ import annotations

import numpy as np

from ..expressions import Array

#: Largest power of a ratio that is taken as it is, and the inverse of the smallest: its square,
#: times the number of points, is a float.
_LARGEST = 1e100


def relative_columns(columns: Array, values: Array, overlap: float) -> tuple[Array, Array]:
    """Divide columns by values, and raise them to the power p.

    A column whose powers are extreme, such as those of n¹⁰ at n = 10⁶ with p = 5, is divided by
    its largest element first.

    Parameters
    ----------
    columns
        (points, terms), not negative.
    values
        (points,), positive.
    overlap
        The exponent p.

    Returns
    -------
    The powers, (points, terms), and what each column was divided by, (terms,): 1 for most.

    Examples
    --------
    >>> columns, values = np.array([[1.0, 1e80], [2.0, 4e80]]), np.array([1.0, 2.0])
    >>> relative_columns(columns, values, 2.0)
    (array([[1.  , 0.25],
           [1.  , 1.  ]]), array([1.e+00, 2.e+80]))
    """
    scales = np.ones(columns.shape[1])
    with np.errstate(over="ignore"):
        ratios = columns / values[:, None]
        tops = ratios.max(axis=0, initial=0) ** overlap
    extreme = (tops > _LARGEST) | (tops < 1 / _LARGEST)
    extreme &= columns.max(axis=0, initial=0) > 0
    if extreme.any():
        largest = columns[:, extreme].max(axis=0)
        scaled = columns[:, extreme] / largest / values[:, None]
        top = scaled.max(axis=0)
        ratios[:, extreme] = scaled / top
        scales[extreme] = largest * top
    return np.asarray(ratios**overlap), scales
