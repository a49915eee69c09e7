"""Predictions for a reader: what a law expects at sizes, or how far a size goes in a budget."""

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
from .law_names import variants


@dataclass(frozen=True)
class Answer:
    """One prediction.

    Attributes
    ----------
    layer, variant, metric
        Whose law, what tells it from the others of its layer, and what it is a law of.
    at
        The sizes that were given.
    axis, budget
        The size that was asked for, and what it may cost, in the metric's unit; None where the
        cost was asked for.
    value, low, high
        The answer with its 95 % interval: a cost in the metric's unit, or a size.
    beyond
        How many times the size lies beyond the measured ones, where it does.
    outgrown
        The cache that is outgrown there and was not at any point, in words; empty where none is.
    verdict
        Of the law, compared with theory; None where none is known.
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
        """Give it as JSON has it; an infinite size is null."""
        return {
            name: None if isinstance(value, float) and np.isinf(value) else value
            for name, value in asdict(self).items()
        }

    @property
    def question(self) -> str:
        """What was asked: ``n = 4096, d = 64``, or ``n within 1 s at d = 64``."""
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
        """Say how far beyond the measured sizes it is, what changes there, and of what law it is.

        It is empty where there is nothing to mind.
        """
        far = [f"{number(times, 2)} × the largest {axis}" for axis, times in self.beyond.items()]
        law = "the law is unresolved" if self.verdict == Verdict.UNRESOLVED.value else ""
        return "; ".join(filter(None, [join_words(far), self.outgrown, law]))

    def _text(self, value: float) -> str:
        if self.axis is None:
            return quantity(value, self.metric)
        return "any" if np.isinf(value) else number(np.floor(value))


def answers(
    fits: Sequence[Fit],
    at: Mapping[str, float],
    budget: float | None,
    caches: Mapping[str, Any] | None = None,
) -> list[Answer]:
    """Predict by each law at sizes, or how far the size goes that was not given.

    Parameters
    ----------
    fits
        Laws of any layers.
    at
        Sizes; those that a law does not grow in are passed over.
    budget
        In the metric's unit; None where the cost is asked for.
    caches
        Bytes of the machine's caches by level, where they are known.

    Raises
    ------
    ValueError
        If a size is missing or none of any law's, or a law has no intervals; the message names the
        layer.
    """
    known = {size for fit in fits for size in (*fit.series.axes, *fit.series.constants)}
    if unknown := at.keys() - known:
        raise ValueError(
            f"no law has a size {min(unknown)!r}; there are: {', '.join(sorted(known))}"
        )
    return [
        _answer(fit, variant, at, budget, caches or {})
        for fit, variant in zip(fits, variants(fits), strict=True)
    ]


def _answer(
    fit: Fit,
    variant: str,
    at: Mapping[str, float],
    budget: float | None,
    caches: Mapping[str, Any],
) -> Answer:
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
                    f"it grows in {join_words(law.axes)}: say at which {join_words(missing)}"
                )
            found = law.predict(np.array([[given[axis] for axis in law.axes]]), interval=0.95)
            axis, (value, low, high) = None, (float(each[0]) for each in found)
        else:
            if len(missing) != 1:
                raise ValueError(
                    f"it grows in {join_words(law.axes)}: give all of them but the one to be found"
                )
            axis = missing[0]
            value, low, high = law.largest_size(axis, budget, given)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    reached = given if axis is None or np.isinf(value) else {**given, axis: value}
    return Answer(
        layer,
        variant,
        fit.series.metric,
        given,
        axis,
        budget,
        value,
        low,
        high,
        beyond=_beyond(law, reached),
        outgrown=outgrown_cache_at(fit.series, law, reached, caches)
        if len(reached) == len(law.axes)
        else "",
        verdict=fit.judgement.verdict.value if fit.judgement else None,
    )


def _beyond(law: Law, at: Mapping[str, float]) -> dict[str, float]:
    """How many times each size lies beyond the largest one measured."""
    largest = dict(zip(law.axes, law.sizes.max(axis=0), strict=True))
    return {axis: float(x / largest[axis]) for axis, x in at.items() if x > largest[axis]}
