"""Results of the cases of the validation, and the figures that summarise them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...analysis import Array, Verdict


@dataclass(frozen=True)
class CaseResult:
    """The result of one case.

    Attributes
    ----------
    errors, oracle_errors, baseline_errors
        |exponent − truth| by axis: of our fitter, of our fitter given the true terms, and of
        baselines by name.
    interval_covers, widths
        By axis, whether the 95 % interval contains the truth, and its width.
    prediction_covers
        For each point beyond the grid, whether the 95 % interval contains its measured value.
    far_errors
        Relative error of the prediction at `FAR_FACTOR` times the largest sizes, by fitter; ours
        is "", ours given the true terms "oracle".
    verdict
        The law's verdict.
    two_regimes
        Whether two regimes were found.
    lawless
        Whether the truth is so far from every law that the verdict should not be `matches`.
    """

    errors: Array
    oracle_errors: Array
    baseline_errors: Mapping[str, Array]
    interval_covers: NDArray[np.bool_]
    widths: Array
    prediction_covers: NDArray[np.bool_]
    far_errors: Mapping[str, float]
    verdict: Verdict
    two_regimes: bool
    lawless: bool


def summarise(some: Sequence[CaseResult]) -> dict[str, float]:
    """Summarise results as the figures of one row of the table.

    A figure without data, such as the error of resolved laws if none is resolved, is NaN.
    """
    verdicts = [one.verdict for one in some]
    resolved = [one for one in some if one.verdict is not Verdict.UNRESOLVED]
    outside = [one for one in some if one.lawless]
    names = list(some[0].baseline_errors)
    figures = {
        "number": len(some),
        **_quantiles("", [one.errors for one in some]),
        "resolved mean error": _mean([one.errors for one in resolved]),
        **_quantiles("oracle ", [one.oracle_errors for one in some]),
        "coverage": _mean([one.interval_covers for one in some]),
        "median width": float(np.median(np.concatenate([one.widths for one in some]))),
        "prediction coverage": _mean([one.prediction_covers for one in some]),
        "far error": float(np.median([one.far_errors[""] for one in some])),
        "oracle far error": float(np.median([one.far_errors["oracle"] for one in some])),
        "two regimes": float(np.mean([one.two_regimes for one in some])),
        **{v.value: verdicts.count(v) / len(verdicts) for v in Verdict},
        "resolved matches": _mean([np.array([o.verdict is Verdict.MATCHES]) for o in resolved]),
        "outside": len(outside) / len(some),
        "outside matches": _mean([np.array([o.verdict is Verdict.MATCHES]) for o in outside]),
    }
    for name in names:
        figures |= _quantiles(f"{name} ", [one.baseline_errors[name] for one in some])
        figures[f"{name} far error"] = float(np.median(_or_nan([o.far_errors[name] for o in some])))
        found = np.concatenate([one.baseline_errors[name] for one in some])
        figures[f"{name} fails"] = float(np.mean(np.isnan(found)))
    return figures


def _quantiles(name: str, errors: Sequence[Array]) -> dict[str, float]:
    """Compute median and 95th percentile of the errors, without NaN."""
    every = np.concatenate(errors)
    every = _or_nan(every[~np.isnan(every)])
    return {
        f"{name}median error": float(np.median(every)),
        f"{name}p95 error": float(np.quantile(every, 0.95)),
    }


def _mean(parts: Sequence[NDArray[np.floating] | NDArray[np.bool_]]) -> float:
    return float(np.mean(_or_nan(np.concatenate(parts) if parts else [])))


def _or_nan(values: Sequence[float] | NDArray[np.floating] | NDArray[np.bool_]) -> Array:
    """Return the values without NaN; a single NaN if none remains."""
    found = np.asarray(values, dtype=float)
    known = found[~np.isnan(found)]
    return known if len(known) else np.array([np.nan])
