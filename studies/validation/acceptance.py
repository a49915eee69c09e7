"""Acceptance criteria: limits for the figures of the validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

_ON = ("on the law", "on the law, much overhead")
_OFF = ("off the law", "off the law, much overhead")
_NOISE = ("2 % between repeats", "5 % between repeats", "10 % between repeats")
_LAWS = (*_ON, *_OFF, *_NOISE, "n²·d + n·d², 5 %")
_GRADUAL = "a step that comes little by little"
_UNBROKEN = (*_LAWS, "overlapping costs", "overhead hides it")


@dataclass(frozen=True)
class Criterion:
    """An acceptance criterion: a figure with its limits.

    Attributes
    ----------
    figure
        Name of the figure.
    value
        Its value in this validation.
    low, high
        Limits, inclusive.
    share
        Whether it is a share, written in per cent.
    """

    figure: str
    value: float
    low: float
    high: float
    share: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the value lies within the limits."""
        return self.low <= self.value <= self.high


#: Criteria on means: name, column of the figures, kinds that the mean is over, and limits.
_MEANS: Sequence[tuple[str, str, Sequence[str], float, float]] = (
    *(
        (f"mean error of an exponent, {kind}, resolved", "resolved mean error", [kind], 0, most)
        for kind, most in zip(_NOISE, (0.005, 0.01, 0.02), strict=True)
    ),
    ("median error of an exponent", "median error", _ON[:1], 0, 0.012),
    ("its 95th percentile", "p95 error", _ON[:1], 0, 0.08),
    ("coverage of exponents", "coverage", _LAWS, 0.93, 0.97),
    ("coverage of exponents, a step", "coverage", ["a step"], 0.93, 0.97),
    ("coverage of exponents, a gradual step", "coverage", [_GRADUAL], 0.93, 0.97),
    ("coverage of exponents, overlapping costs", "coverage", ["overlapping costs"], 0.93, 0.97),
    ("coverage of values beyond the grid", "prediction coverage", _LAWS, 0.93, 0.97),
    ("median error, overlapping costs", "median error", ["overlapping costs"], 0, 0.012),
    ("off the law, verdict matches", "matches", _OFF, 0, 0.005),
    ("on the law and resolved, verdict matches", "resolved matches", _ON, 0.97, 1),
    ("on the law, verdict unresolved", "unresolved", _ON[:1], 0, 0.12),
    ("hidden by overhead, verdict unresolved", "unresolved", ["overhead hides it"], 0.99, 1),
    ("no law, verdict matches", "outside matches", ["no law"], 0, 0.01),
    ("error of n²·d + n·d² at 4 times the sizes", "far error", _LAWS[-1:], 0, 0.03),
    ("steps found", "two regimes", ["a step"], 0.95, 1),
    ("gradual steps found", "two regimes", [_GRADUAL], 0.95, 1),
    ("slope breaks found", "two regimes", ["a slope that changes"], 0.95, 1),
    ("breakpoints found where there are none", "two regimes", _UNBROKEN, 0, 0.02),
)
#: Largest error, divided by that of the fitter given the true terms.
_ORACLE = 1.15


def criteria(figures: pd.DataFrame, recovered: tuple[int, int]) -> list[Criterion]:
    """Compare the figures of `validate` and `recover_exact_orders` with their limits."""
    rows: dict[Any, dict[Any, float]] = figures.to_dict("index")
    found = []
    for figure, column, kinds, low, high in _MEANS:
        value = float(np.mean([rows[kind][column] for kind in kinds]))
        share = column == "far error" or "error" not in column
        found.append(Criterion(figure, 0.0 if np.isnan(value) else value, low, high, share=share))
    on = rows["on the law"]
    for column, figure in (("median error", "median"), ("p95 error", "95th percentile")):
        ratio = on[column] / on[f"oracle {column}"]
        found.append(
            Criterion(
                f"{figure} of the error, divided by that given the true terms", ratio, 0, _ORACLE
            )
        )
    right, every = recovered
    found.append(Criterion("x^p·log^q x found, without noise", right / every, 1, 1, share=True))
    return found
