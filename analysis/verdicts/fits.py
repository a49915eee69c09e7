"""Fit every law of a table and hold it against theory: one way for commands, reports and asv."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from html import escape
from math import prod
from pathlib import Path
from typing import Any

import pandas as pd
import sympy
from sympy import Expr, Symbol, ceiling

from ... import layers
from ...layers import is_known, subs, without_negative_terms, without_rounding
from ...measure import MODES, PEAK_BYTES, SECONDS, SIZES, metric_of
from ..explain import SlopeGap, slope_gaps
from ..fitting import Candidate, HoldoutError, discover, fit_law, holdout_errors
from ..laws import (
    ExactLaw,
    ExpressionError,
    FittedLaw,
    Law,
    Leading,
    Monomial,
    exact_law,
    expected_time,
    is_rational,
    known_law,
    leading,
    parse,
    peak_law,
    split,
    summands,
)
from ..tables import Series, TableError, readers, table
from .verdict import MARGIN, Judgement, Verdict, judge

SCHEMA = 1

_NO_LAW: Mapping[str, Any] = {
    "law": None,
    "terms": [],
    "overlap": None,
    "regimes": [],
    "exponents": {},
}

_TOLD = 0.01  # a leading part less likely than this is not told of


@dataclass(frozen=True, repr=False)
class Fit:
    """One law of a table and what it says of theory.

    Attributes
    ----------
    series
        The points that the law is about.
    law
        The fitted law; None where there is a single point, or no size varies.
    theory
        Theory's leading part in the sizes that vary; None where none is known.
    judgement, exponents
        The law's verdict with its reason, and each exponent's; None and empty without theory.
    candidates
        What the search for a leading part found, the one taken first; empty with theory.
    held
        Sizes of one value, of those that theory names: of their exponents nothing is known.
    """

    series: Series
    law: Law | None
    theory: Leading | None
    judgement: Judgement | None
    exponents: Mapping[str, Judgement]
    candidates: Sequence[Candidate] = ()
    held: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def holdout_errors(self) -> Sequence[HoldoutError]:
        """How well the law predicts its own largest points when they are left out."""
        if not isinstance(self.law, FittedLaw):
            return ()
        return holdout_errors(self.law, overlap=self.series.timed)

    @cached_property
    def slope_gaps(self) -> Sequence[SlopeGap]:
        """Why the slopes are not theory's, along each axis; empty where parts were not timed."""
        return slope_gaps(self.series, self.theory) if self.theory is not None else ()

    @property
    def reason(self) -> str:
        """Why the verdict is what it is, or why there is none."""
        if self.judgement is not None:
            differs = {a for a, j in self.exponents.items() if j.verdict is Verdict.DIFFERS}
            why = [
                f"the slope in {gap.axis} is {gap}"
                for gap in self.slope_gaps
                if gap.axis in differs
            ]
            return "; ".join([self.judgement.reason, *why, *self._held])
        if self.law is None:
            return _nothing_grows(self.series)
        found = "; ".join(f"{candidate.text}: {candidate.weight:.2f}" for candidate in self._likely)
        said = f", whose leading part was searched for ({found})" if found else ""
        return "; ".join([f"no theory was given for this layer{said}", *self._held])

    @property
    def _held(self) -> list[str]:
        return [
            f"{axis} takes one value ({value:g}), which says nothing of its exponent"
            for axis, value in (self.held.items() if self.law is not None else ())
        ]

    @property
    def _likely(self) -> list[Candidate]:
        return [candidate for candidate in self.candidates if candidate.weight >= _TOLD]

    def to_dict(self) -> dict[str, Any]:
        """Give the fit as the JSON contract has it (schema 1)."""
        law, series = self.law, self.series
        written = law.to_dict() if law else _NO_LAW
        for axis, exponent in written["exponents"].items():
            judged = self.exponents.get(axis)
            exponent["expected"] = self.theory.degree(axis) if judged and self.theory else None
            exponent["verdict"] = judged.verdict.value if judged else None
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
                for candidate in self._likely
            ],
            "overlap": written["overlap"],
            "regimes": written["regimes"],
            "prediction_error": [asdict(trial) for trial in self.holdout_errors],
            "gaps": [asdict(gap) for gap in self.slope_gaps],
            "exponents": written["exponents"],
            "verdict": self.judgement.verdict.value if self.judgement else None,
            "reason": self.reason,
        }

    def _repr_html_(self) -> str:
        """Show it in a notebook: what it is, the law in words, and the verdict with its reason."""
        verdict = f"{self.judgement.verdict.value}: " if self.judgement else ""
        lines = [str(self.series), self.law.summary() if self.law else "", verdict + self.reason]
        return f"<pre>{escape(chr(10).join(filter(None, lines)))}</pre>"

    def __repr__(self) -> str:
        verdict = self.judgement.verdict.value if self.judgement else "no theory"
        return f"Fit({self.series}: {self.law!r}, {verdict})"


Source = pd.DataFrame | str | Path


def fit(
    source: Source | Sequence[Source],
    expect: Mapping[str, str] | None = None,
    *,
    axes: Sequence[str] = (),
    margin: float = MARGIN,
    at_most: bool = False,
    progress: Callable[[int, int, Series], None] | None = None,
) -> list[Fit]:
    """Fit the laws of a table.

    Parameters
    ----------
    source
        A tidy table: ``layer, device, mode, metric, n, d, value``, optionally ``k, repeat,
        process, round, status`` and others; or a file of one, or what asv or
        pytest-benchmark wrote; or several of these, each with laws of its own.
    expect
        Layer to the leading order that theory gives it, such as ``{"mine": "n*k*d**2"}``.
        Layers of the registry need none.
    axes
        Further columns that are sizes, such as ``batch``.
    margin
        Largest deviation of an exponent that still counts as a match.
    at_most
        Whether an exponent below theory's matches too: "no worse than theory".
    progress
        Called before each law with the number done, the number of all, and the series.

    Returns
    -------
    A fit for each law, in the order of the table.

    Raises
    ------
    TableError
        If the table cannot be used; the message names file, row and column.
    ExpressionError
        If an expression of `expect` cannot.
    ValueError
        If the margin is negative.

    Examples
    --------
    A table made up as 2 µs + 3 ns · n · d²:

    >>> import layerlaw, pandas
    >>> rows = [(n, d, 2e-6 + 3e-9 * n * d**2) for n in (64, 128, 256, 512) for d in (32, 64, 128)]
    >>> table = pandas.DataFrame(rows, columns=["n", "d", "value"]).assign(
    ...     layer="mine", device="cpu", mode="forward", metric="seconds"
    ... )
    >>> (fit,) = layerlaw.fit(table, {"mine": "n*d**2"})
    >>> fit.judgement.verdict.value, [round(each.estimate, 2) for each in fit.law.exponents]
    ('matches', [1.0, 2.0])
    >>> fit.law.predict([[4096, 64]]).round(3)  # seconds at n = 4096, d = 64
    array([0.05])
    """
    if not margin >= 0:
        raise ValueError(f"the margin must be 0 or larger, not {margin}")
    expected = {layer: parse(text, axes) for layer, text in (expect or {}).items()}
    sources = [source] if isinstance(source, pd.DataFrame | str | Path) else source
    series = [one for each in sources for one in series_of(each, axes)]
    there = list(dict.fromkeys(one.layer for one in series))
    for layer in expected:
        if layer not in there:
            raise TableError(
                f"expected {layer!r}: no row has it in the column layer; it has {', '.join(there)}"
            )
    # What is expected is the order of the time, where there are times; counts have laws beside it.
    timed = {one.layer for one in series if one.timed}
    fits = []
    for done, one in enumerate(series):
        if progress is not None:
            progress(done, len(series), one)
        theory = expected.get(one.layer) if one.timed or one.layer not in timed else None
        if theory is None:
            theory = theory_of(one.layer, one.metric, one.mode)
        fits.append(fit_series(one, theory, margin, at_most=at_most))
    return fits


def with_checks(fits: Sequence[Fit], source: Source, axes: Sequence[str] = ()) -> list[Fit]:
    """Give the fits of a table with the checks that were measured since; no law is fitted anew."""
    now = {str(one): one.checks for one in series_of(source, axes)}
    return [replace(fit, series=replace(fit.series, checks=now[str(fit.series)])) for fit in fits]


def series_of(source: Source, axes: Sequence[str]) -> list[Series]:
    """Read a source, check it and cut it into the points of its laws."""
    frame = source if isinstance(source, pd.DataFrame) else readers.read(Path(source))
    name = frame.attrs.get(readers.FILE)
    if name is None:
        frame, name = frame.reset_index(drop=True), "table"
    axes = [*axes, *(axis for axis in _own_axes(frame) if axis not in axes)]
    return list(table.cut(table.check(frame, name, axes), name, axes))


def _own_axes(frame: pd.DataFrame) -> list[str]:
    """Sizes that are none of every table's, of the registered layers in a table: windows, say."""
    found = set(frame["layer"]) if "layer" in frame.columns else set()
    known = (layers.find(name) for name in found)
    own = {axis for layer in known if layer is not None for axis in layer.axes}
    return sorted((own - set(SIZES)) & set(frame.columns))


def theory_of(layer: str, metric: str, mode: str = "forward") -> Expr | None:
    """Look up what the registry says of a layer's metric; None where it says nothing.

    The order of the time is the same for every pass; that of the peak memory is not.
    """
    known = layers.find(layer)
    if known is None:
        return None
    if metric == PEAK_BYTES.name:
        peak = known.peak_memory(mode) if mode in MODES else sympy.nan
        return peak if is_known(peak) else None
    fields = metric_of(metric)
    if not fields.order:
        return None
    if isinstance(known, layers.Own) and metric != SECONDS.name:
        return None  # what was derived from counts is no theory to hold counts against
    theory = known.tied_theory()
    if metric == SECONDS.name:
        theory = replace(theory, time=subs(expected_time(known), known.ties))
    expression: Expr = getattr(theory, fields.order)
    exact: Expr = getattr(theory, fields.exact or fields.order)
    polynomial = exact.is_finite and not exact.atoms(ceiling) and exact.is_polynomial()
    if (
        polynomial and without_negative_terms(exact) == exact.expand()
    ):  # a leading part takes nothing away
        expression = exact
    if not expression.is_finite:
        return None
    return without_rounding(expression)


def fit_series(
    series: Series,
    theory: Expr | None,
    margin: float = MARGIN,
    *,
    at_most: bool = False,
    regimes: bool = True,
) -> Fit:
    """Fit one series and judge it where there is a theory.

    Without `regimes` a law of times has one alone, which takes a tenth of the seconds.

    Raises
    ------
    ExpressionError
        If the theory is no sum of monomials.
    """
    if not series.axes:
        reason = _nothing_grows(series)
        judgement = None if theory is None else Judgement(Verdict.UNRESOLVED, reason)
        return Fit(series, None, None, judgement, {})
    if theory is None:
        held = series.constants
        if exact := _exact(series):
            return Fit(series, exact, None, None, {}, held=held)
        candidates = discover(series.axes, series.sizes, series.values)
        found = _law(series, candidates[0].leading, regimes)
        return Fit(series, found, None, None, {}, candidates, held)
    # Of a size that theory does not name, such as the batch, it says nothing; but all that a
    # layer does it does for each sequence, so its terms are taken to be linear there. A size of
    # the layer itself changes the order of no time that does not name it.
    layer = layers.find(series.layer) if series.timed else None
    own = layer.axes if layer is not None else ()
    named = {symbol.name for symbol in theory.free_symbols} | {*SIZES, *own}
    silent = [axis for axis in series.axes if axis not in named]
    lead = leading(theory * prod(map(Symbol, silent)), series.axes, series.constants)
    law: Law = _exact(series, lead) or _law(series, lead, regimes)
    if isinstance(law, ExactLaw) and law.since is not None:
        series = series.since(law.since.axis, law.since.size)
    spoken = {axis: lead.degree(axis) for axis in series.axes if axis not in silent}
    names = {symbol.name for symbol in theory.free_symbols}
    held = {axis: size for axis, size in series.constants.items() if axis in names}
    return Fit(series, law, lead, *judge(law, spoken, margin, at_most=at_most), held=held)


def _exact(series: Series, lead: Leading | None = None) -> ExactLaw | None:
    """Find the exact law of a count; a time is measured, and has none."""
    if series.timed:
        return None
    points = series.axes, series.sizes, series.values
    law = exact_law(*points, lead)
    if law is not None or lead is None:
        return law
    if series.metric == PEAK_BYTES.name:
        return peak_law(*points, lead)
    return known_law(*points, terms, lead) if (terms := _terms_of(series)) else None


def _terms_of(series: Series) -> list[Monomial]:
    """Terms of what theory says of a count exactly; none where it says nothing of that form."""
    known = layers.find(series.layer)
    field = metric_of(series.metric).exact
    if known is None or isinstance(known, layers.Own) or not field:
        return []
    exact: Expr = getattr(known.tied_theory(), field)
    try:
        terms = summands(exact, series.axes, series.constants)
        found = [split(term, series.axes)[1] for term in terms]
    except ExpressionError:
        return []
    return found if all(map(is_rational, found)) else []


def _law(series: Series, lead: Leading, regimes: bool) -> FittedLaw:
    """Fit all divisors beside the leading part."""
    law = fit_law(
        series.sizes,
        series.values,
        lead,
        lead.divisors(),
        overlap=series.timed,
        regimes=series.timed and regimes,
        processes=series.processes,
    )
    return replace(
        law, diagnostics=replace(law.diagnostics, between_round_sd=series.between_round_sd)
    )


def _nothing_grows(series: Series) -> str:
    where = (
        ", ".join(f"{size} = {value:g}" for size, value in series.constants.items()) or "no size"
    )
    return f"one point only ({where}): nothing grows"


def to_json(fits: Sequence[Fit]) -> dict[str, Any]:
    """Write fits as the contract's JSON document."""
    return {"schema": SCHEMA, "fits": [one.to_dict() for one in fits]}


__all__ = ["ExpressionError", "Fit", "TableError", "fit", "fit_series", "theory_of", "to_json"]
