"""Predictions from laws: the cost at given sizes, or the largest size within a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...analysis import (
    Fit,
    Law,
    Verdict,
    join_words,
    metric_title,
    number,
    outgrown_cache_at,
    quantity,
    sizes_text,
)
from ...messages import listed, quoted
from .law_names import law_variants


@dataclass(frozen=True)
class Prediction:
    """A predicted cost, or a predicted largest size.

    Attributes
    ----------
    layer, variant, metric
        The law's layer, variant and metric.
    at
        The given sizes.
    axis, budget
        The size to find, and the cost that it may have, in the metric's unit; None if the cost
        is predicted.
    value, low, high
        The prediction with its 95 % interval: a cost in the metric's unit, or a size.
    beyond
        By axis, the size divided by the largest measured one, where it is larger.
    outgrown
        A sentence on the cache that overflows at these sizes and at no measured point; or empty.
    verdict
        The law's verdict; None without theory.
    """

    layer: str
    variant: str
    metric: str
    at: dict[str, float]
    axis: str | None
    budget: float | None
    value: float
    low: float
    high: float
    beyond: Mapping[str, float]
    outgrown: str = ""
    verdict: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Convert to a dictionary for JSON; an infinite size is null."""
        return {
            name: None if isinstance(value, float) and np.isinf(value) else value
            for name, value in asdict(self).items()
        }

    @property
    def question(self) -> str:
        """The question as text: ``n = 4096, d = 64``, or ``n within 1 s at d = 64``."""
        if self.axis is None or self.budget is None:
            return sizes_text(self.at)
        given = f" at {sizes_text(self.at)}" if self.at else ""
        return f"{self.axis} within {quantity(self.budget, self.metric)}{given}"

    @property
    def answer(self) -> str:
        """The value with its interval."""
        value, low, high = (self._text(each) for each in (self.value, self.low, self.high))
        return value if low == value == high else f"{value} [{low}, {high}]"

    @property
    def warning(self) -> str:
        """A warning of extrapolation, an overflowing cache or an unresolved law; or empty."""
        far = [f"{number(times, 2)} × the largest {axis}" for axis, times in self.beyond.items()]
        law = "the law is unresolved" if self.verdict == Verdict.UNRESOLVED.value else ""
        return "; ".join(filter(None, [join_words(far), self.outgrown, law]))

    def _text(self, value: float) -> str:
        if self.axis is None:
            return quantity(value, self.metric)
        return "any" if np.isinf(value) else number(np.floor(value))


def predict_laws(
    fits: Sequence[Fit],
    at: Mapping[str, float],
    budget: float | None,
    caches: Mapping[str, Any] | None = None,
) -> list[Prediction]:
    """Predict each law's cost at the given sizes, or the largest value of the size not given.

    Parameters
    ----------
    fits
        Laws of any layers.
    at
        Sizes; a law ignores those that it does not depend on.
    budget
        The most that it may cost, in the metric's unit; None to predict the cost.
    caches
        Bytes of the machine's caches by level, where they are known.

    Raises
    ------
    ValueError
        If a size is missing or belongs to no law, or a law has no intervals; the message names
        the layer.
    """
    known = {size for fit in fits for size in (*fit.series.axes, *fit.series.constants)}
    if unknown := at.keys() - known:
        raise ValueError(
            f"no law depends on a size {quoted(min(unknown))}; the sizes are: "
            f"{listed(sorted(known), near=min(unknown))}"
        )
    return [
        _answer(fit, variant, at, budget, caches or {})
        for fit, variant in zip(fits, law_variants(fits), strict=True)
    ]


def _answer(
    fit: Fit,
    variant: str,
    at: Mapping[str, float],
    budget: float | None,
    caches: Mapping[str, Any],
) -> Prediction:
    law, layer = fit.law, fit.series.layer
    name = f"{layer}, {metric_title(fit.series.metric)}"
    if law is None:
        raise ValueError(f"{name}: {fit.reason}")
    given = {axis: at[axis] for axis in law.axes if axis in at}
    missing = [axis for axis in law.axes if axis not in at]
    try:
        if budget is None:
            if missing:
                raise ValueError(
                    f"the law depends on {join_words(law.axes)}: give {join_words(missing)} as well"
                )
            found = law.predict(np.array([[given[axis] for axis in law.axes]]), interval=0.95)
            axis, (value, low, high) = None, (float(each[0]) for each in found)
        else:
            if len(missing) != 1:
                raise ValueError(
                    f"the law depends on {join_words(law.axes)}: give all but the one to be found"
                )
            axis = missing[0]
            value, low, high = law.largest_size(axis, budget, given)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    reached = given if axis is None or np.isinf(value) else {**given, axis: value}
    return Prediction(
        layer,
        variant,
        fit.series.metric,
        given,
        axis,
        budget,
        value,
        low,
        high,
        beyond=_extrapolation(law, reached),
        outgrown=outgrown_cache_at(fit.series, law, reached, caches)
        if len(reached) == len(law.axes)
        else "",
        verdict=fit.judgement.verdict.value if fit.judgement else None,
    )


def _extrapolation(law: Law, at: Mapping[str, float]) -> dict[str, float]:
    """Divide each size that exceeds the largest measured one by it."""
    largest = dict(zip(law.axes, law.sizes.max(axis=0), strict=True))
    return {axis: float(x / largest[axis]) for axis, x in at.items() if x > largest[axis]}
