"""A theory for layers of tests that compute nothing of interest."""

from __future__ import annotations

from layerlaw.layers import Theory
from layerlaw.layers.core.theory import d, n
from sympy import Integer

#: Orders of a layer without parameters, with enough FLOPs to choose sizes by.
TOY_THEORY = Theory(
    time=n * d,
    flops=n * d**2,
    parameters=Integer(0),
    memory=n * d,
    sequential_ops=Integer(1),
    path_length=Integer(1),
)
