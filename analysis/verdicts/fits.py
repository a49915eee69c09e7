"""A fit: one law of a table, its verdict and reason, and its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from html import escape
from typing import Any

from ..explain import SlopeGap, slope_gaps
from ..expressions import Leading
from ..fitting import Candidate, HoldoutError, holdout_errors
from ..laws import FittedLaw, Law
from ..tables import Series
from .bounds import search_fault
from .verdict import Judgement, Verdict

SCHEMA = 1

_NO_LAW: Mapping[str, Any] = {
    "law": None,
    "terms": [],
    "overlap": None,
    "regimes": [],
    "exponents": {},
}

_LEAST_WEIGHT = 0.01  # of a candidate leading part that is listed


@dataclass(frozen=True, repr=False)
class Fit:
    """One law of a table, compared with theory.

    Attributes
    ----------
    series
        The points that the law is fitted to.
    law
        The law; None where no size varies, as with a single point.
    theory
        Theory's leading part in the sizes that vary; None without theory.
    judgement, exponents
        The judgement of the law, and of each exponent; None and empty without theory.
    candidates
        Leading parts that the search found, the one in use first; empty with theory.
    fixed_sizes
        Sizes with one value, among those that theory names: their exponents are unknown.
    """

    series: Series
    law: Law | None
    theory: Leading | None
    judgement: Judgement | None
    exponents: Mapping[str, Judgement]
    candidates: Sequence[Candidate] = ()
    fixed_sizes: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def holdout_errors(self) -> Sequence[HoldoutError]:
        """Errors of predicting the largest points when they are held out."""
        if not isinstance(self.law, FittedLaw):
            return ()
        return holdout_errors(self.law, overlap=self.series.timed)

    @cached_property
    def slope_gaps(self) -> Sequence[SlopeGap]:
        """Why slopes differ from theory's, along each axis; empty where parts were not timed."""
        return slope_gaps(self.series, self.theory) if self.theory is not None else ()

    @property
    def reason(self) -> str:
        """Why the verdict is what it is, or why there is none."""
        if self.judgement is not None:
            differs = {a for a, j in self.exponents.items() if j.verdict is Verdict.DIFFERS}
            gaps = [
                f"the slope in {gap.axis} is {gap}"
                for gap in self.slope_gaps
                if gap.axis in differs
            ]
            return "; ".join([self.judgement.reason, *gaps, *self._fixed_sizes_remarks])
        if self.law is None:
            return no_law_reason(self.series)
        listed = "; ".join(
            f"{candidate.text}: {candidate.weight:.2f}" for candidate in self._likely_candidates
        )
        search = f", whose leading part was searched for ({listed})" if listed else ""
        return "; ".join(
            [f"no theory was given for this layer{search}", *self._fixed_sizes_remarks]
        )

    @property
    def _fixed_sizes_remarks(self) -> list[str]:
        return [
            f"{axis} takes one value ({value:g}), which says nothing of its exponent"
            for axis, value in (self.fixed_sizes.items() if self.law is not None else ())
        ]

    @property
    def _likely_candidates(self) -> list[Candidate]:
        return [candidate for candidate in self.candidates if candidate.weight >= _LEAST_WEIGHT]

    def to_dict(self) -> dict[str, Any]:
        """Return the fit as the JSON contract has it (schema 1)."""
        law, series = self.law, self.series
        written = law.to_dict() if law else _NO_LAW
        for axis, exponent in written["exponents"].items():
            judgement = self.exponents.get(axis)
            exponent["expected"] = self.theory.degree(axis) if judgement and self.theory else None
            exponent["verdict"] = judgement.verdict.value if judgement else None
        return {
            "layer": series.layer,
            "device": series.device,
            "mode": series.mode,
            "metric": series.metric,
            "by": series.by,
            "sizes": series.constants,
            "points": len(series.values),
            "left_out": series.left_out,
            "law": written["law"],
            "terms": written["terms"],
            "runners_up": [
                {"leading": candidate.text, "weight": candidate.weight}
                for candidate in self._likely_candidates
            ],
            "overlap": written["overlap"],
            "regimes": written["regimes"],
            "prediction_error": [asdict(error) for error in self.holdout_errors],
            "gaps": [asdict(gap) for gap in self.slope_gaps],
            "exponents": written["exponents"],
            "verdict": self.judgement.verdict.value if self.judgement else None,
            "reason": self.reason,
        }

    def _repr_html_(self) -> str:
        """Show the fit in a notebook: series, law in words, and verdict with its reason."""
        verdict = f"{self.judgement.verdict.value}: " if self.judgement else ""
        lines = [str(self.series), self.law.summary() if self.law else "", verdict + self.reason]
        return f"<pre>{escape(chr(10).join(filter(None, lines)))}</pre>"

    def __repr__(self) -> str:
        verdict = self.judgement.verdict.value if self.judgement else "no theory"
        return f"Fit({self.series}: {self.law!r}, {verdict})"


def no_law_reason(series: Series) -> str:
    """Say why a series has no law: no size varies or too many do, or every value is 0."""
    if not series.values.any():
        return "every value is 0: nothing grows"
    if series.axes:
        return search_fault(series)
    sizes = (
        ", ".join(f"{size} = {value:g}" for size, value in series.constants.items()) or "no size"
    )
    return f"one point only ({sizes}): nothing grows"


def to_json(fits: Sequence[Fit]) -> dict[str, Any]:
    """Return fits as the JSON contract's document."""
    return {"schema": SCHEMA, "fits": [one.to_dict() for one in fits]}
