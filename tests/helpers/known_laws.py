"""Laws with coefficients that a test chooses, and tables made of them with a fixed seed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from layerlaw.analysis import Exponent, Fit, FittedLaw, Series
from layerlaw.analysis.expressions.terms import Leading, Monomial
from layerlaw.analysis.regression.residual_diagnostics import ResidualDiagnostics

N = (16, 32, 64, 128, 256, 512)
D = (8, 16, 32, 64, 128)


def exact(
    layer: str,
    coefficient: float,
    powers: Mapping[str, float],
    grid: Mapping[str, tuple[int, ...]] | None = None,
    overhead: float = 0.0,
) -> Fit:
    """Fit without fitting: coefficient · Π size^power + overhead, known exactly."""
    grid = grid or {"n": N, "d": D}
    axes = tuple(grid)
    sizes = np.array(np.meshgrid(*grid.values(), indexing="ij"), dtype=float)
    sizes = sizes.reshape(len(axes), -1).T
    zeros = (0,) * len(axes)
    top = Leading(axes, ((1.0, Monomial(tuple(powers.get(a, 0.0) for a in axes), zeros)),))
    values = coefficient * top.column(sizes) + overhead
    law = FittedLaw(
        leading=top,
        coefficient=coefficient,
        exponents=tuple(
            Exponent(
                powers.get(a, 0.0), powers.get(a, 0.0) - 0.05, powers.get(a, 0.0) + 0.05, axis=a
            )
            for a in axes
        ),
        terms=((overhead, Monomial(tuple(map(float, zeros)), zeros)),) if overhead else (),
        sizes=sizes,
        values=values,
        residuals=np.zeros(len(values)),
        diagnostics=ResidualDiagnostics(0.01),
        residual_df=len(values) - 2,
    )
    series = Series(layer, "cpu", "forward", "seconds", {}, axes, {}, sizes, values)
    return Fit(series, law, top, None, {})


def rows(layer: str, cost, *, n=N, d=D, seed: int = 0, **columns: object) -> pd.DataFrame:
    """Tidy rows of a cost in seconds over n and d, three repeats with 1 % noise."""
    rng = np.random.default_rng(seed)
    made = [
        {
            "layer": layer,
            "device": "cpu",
            "mode": "forward",
            "metric": "seconds",
            "n": size,
            "d": width,
            "repeat": repeat,
            "value": cost(size, width) * np.exp(rng.normal(0, 0.01)),
        }
        for size in n
        for width in d
        for repeat in range(3)
    ]
    return pd.DataFrame(made).assign(**columns)


def attention(n: float, d: float) -> float:
    return 2e-5 + 1e-9 * n**2 + 2e-11 * n**2 * d


def rnn(n: float, d: float) -> float:
    return 1e-5 + 1e-6 * n + 5e-10 * n * d**2
