"""Fit every law of a table and judge it by theory, for commands, reports and asv alike."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np
import pandas as pd
from sympy import Expr, Symbol

from ... import layers
from ...layers import without_rounding
from ...measure import FILE_LIMIT, PEAK_BYTES, SIZES
from ...messages import listed
from ..expressions import ExpressionError, Leading, leading_part, parse
from ..fitting import find_leading_parts, fit_law
from ..laws import ExactLaw, FittedLaw, Law, exact_law, law_with_terms, peak_law
from ..tables import (
    Series,
    TableError,
    TableWarning,
    add_axes,
    axis_names,
    check_table,
    drop_without_sizes,
    readers,
    split_series,
    tidy,
)
from .bounds import search_fault, terms_fault, thinned
from .fits import Fit, no_law_reason
from .theory import exact_terms, is_users, logarithm_fault, states_ratio, theory_of
from .verdict import MARGIN, Judgement, Verdict, judge_law
from .zero import judge_growth_of_zero, judge_zero

Source = pd.DataFrame | str | Path


def fit(
    source: Source | Sequence[Source],
    expect: Mapping[str, str] | None = None,
    *,
    axes: Sequence[str] = (),
    margin: float = MARGIN,
    at_most: bool = False,
    file_limit: float = FILE_LIMIT,
    progress: Callable[[int, int, Series], None] | None = None,
) -> list[Fit]:
    """Fit the laws of a table.

    Parameters
    ----------
    source
        A tidy table: ``layer, device, mode, metric, n, d, k, value``, optionally ``repeat,
        process, round, status`` and others, or a minimal one of ``n, seconds``; a file with such a
        table, or one that asv or pytest-benchmark wrote; or several of these, each with its own
        laws.
    expect
        Theory's leading order of each layer, such as ``{"mine": "n*k*d**2"}``. Registered layers
        need none.
    axes
        Further columns to be taken as sizes, such as ``batch``; under another name,
        ``n=seq_len``; an element of a shape, ``n=input_shape:1``.
    margin
        Largest deviation of an exponent that still counts as a match.
    at_most
        Whether an exponent below theory's matches too: "no worse than theory".
    file_limit
        Largest size of a file in MiB.
    progress
        Called before each law with the number done, the total, and the series.

    Returns
    -------
    A fit for each law, in the order of the table.

    Raises
    ------
    TableError
        If the table cannot be used; the message names file, row and column.
    ExpressionError
        If an expression of `expect` cannot be used.
    ValueError
        If the margin is negative.

    Examples
    --------
    A synthetic table of 2 µs + 3 ns · n · d²:

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
    expect = expect or {}
    names = axis_names(axes)
    expected = {layer: without_rounding(parse(text, names)) for layer, text in expect.items()}
    sources = [source] if isinstance(source, pd.DataFrame | str | Path) else source
    series = [one for each in sources for one in series_of(each, axes, file_limit)]
    present = list(dict.fromkeys(one.layer for one in series))
    for layer in expected:
        if layer not in present:
            raise TableError(
                f"expected {layer!r}: no row has it in the column layer; that has {listed(present)}"
            )
    # `expect` is the order of a layer's times if it has any; its counts then keep their theory.
    timed = {one.layer for one in series if one.timed}
    fits = []
    for done, one in enumerate(series):
        if progress is not None:
            progress(done, len(series), one)
        theory = expected.get(one.layer) if one.timed or one.layer not in timed else None
        own = theory is not None or is_users(one.layer)
        if theory is not None and (fault := _order_fault(theory, one)):
            raise TableError(f"expected {one.layer}={expect[one.layer]}: {fault}")
        if theory is None:
            theory = theory_of(one.layer, one.metric, one.mode)
        fits.append(fit_series(one, theory, margin, at_most=at_most, separate=own))
    return fits


def _order_fault(order: Expr, series: Series) -> str:
    """Say why a stated order cannot be that of a series; empty where it can."""
    if order.is_zero:
        return "it is 0, and no time is" if series.timed else ""
    if fault := logarithm_fault(order, series):
        return fault
    try:
        leading_part(order, series.axes, series.constants)
    except ExpressionError as error:
        return str(error)
    return ""


def with_checks(fits: Sequence[Fit], source: Source, axes: Sequence[str] = ()) -> list[Fit]:
    """Return the fits of a table with the checks measured since; no law is fitted again."""
    checks = {str(one): one.checks for one in series_of(source, axes)}
    return [
        replace(fit, series=replace(fit.series, checks=checks[str(fit.series)])) for fit in fits
    ]


def series_of(source: Source, axes: Sequence[str], file_limit: float = FILE_LIMIT) -> list[Series]:
    """Read a source, check it, and split it into series, one for each law."""
    frame = source if isinstance(source, pd.DataFrame) else readers.read(Path(source), file_limit)
    name = frame.attrs.get(readers.FILE)
    if name is None:
        frame, name = frame.reset_index(drop=True), "table"
    frame, left_out = drop_without_sizes(add_axes(tidy(frame, name), name, axes), name, axes)
    if left_out:
        warnings.warn(TableWarning(left_out), stacklevel=3)
    names = axis_names(axes)
    names = [*names, *(axis for axis in _own_axes(frame) if axis not in names)]
    return list(split_series(check_table(frame, name, names), name, names))


def _own_axes(frame: pd.DataFrame) -> list[str]:
    """List the columns that are sizes of the table's registered layers only, such as a window."""
    names = set(frame["layer"]) if "layer" in frame.columns else set()
    registered = (layers.find(name) for name in names)
    own = {axis for layer in registered if layer is not None for axis in layer.axes}
    return sorted((own - set(SIZES)) & set(frame.columns))


def fit_series(
    series: Series,
    theory: Expr | None,
    margin: float = MARGIN,
    *,
    at_most: bool = False,
    regimes: bool = True,
    separate: bool = False,
) -> Fit:
    """Fit one series, and judge its law if there is a theory.

    Without `regimes` no breakpoint is looked for, which takes a tenth of the time. If `separate`,
    each leading term of a theory that states no ratio of its terms has a coefficient of its own.

    Raises
    ------
    ExpressionError
        If the theory is not a sum of monomials.
    """
    if not series.values.any():
        return Fit(series, None, None, None if theory is None else judge_zero(theory), {})
    if not series.axes:
        reason = no_law_reason(series)
        judgement = None if theory is None else Judgement(Verdict.UNRESOLVED, reason)
        return Fit(series, None, None, judgement, {})
    if theory is not None and theory.is_zero:
        found = fit_series(series, None, margin, regimes=regimes)
        return replace(found, judgement=judge_growth_of_zero(series.values), candidates=())
    if theory is not None and (fault := logarithm_fault(theory, series)):
        return Fit(series, None, None, Judgement(Verdict.UNRESOLVED, fault), {})
    if theory is None:
        if search_fault(series):
            return Fit(series, None, None, None, {})
        fixed_sizes = series.constants
        if exact := _exact(series):
            return Fit(series, exact, None, None, {}, fixed_sizes=fixed_sizes)
        series = thinned(series)
        candidates = find_leading_parts(series.axes, series.sizes, series.values)
        fitted = _law(series, candidates[0].leading, regimes)
        return Fit(series, fitted, None, None, {}, candidates, fixed_sizes)
    # Theory's terms are taken to be linear in a size that it does not name, such as the batch: a
    # layer repeats all its work for each sequence. A time does not grow with a size of the layer
    # itself that its theory does not name.
    layer = layers.find(series.layer) if series.timed else None
    own = layer.axes if layer is not None else ()
    named = {symbol.name for symbol in theory.free_symbols} | {*SIZES, *own}
    unnamed = [axis for axis in series.axes if axis not in named]
    lead = leading_part(theory * prod(map(Symbol, unnamed)), series.axes, series.constants)
    if fault := terms_fault(lead):
        return Fit(series, None, lead, Judgement(Verdict.UNRESOLVED, fault), {})
    if separate and series.timed and len(lead.terms) > 1 and not states_ratio(theory):
        lead = replace(lead, separate=True).weighted(np.ones(len(lead.terms)))
    law: Law | None = _exact(series, lead)
    if law is None:
        series = thinned(series)
        law = _law(series, lead, regimes)
    if isinstance(law, ExactLaw) and law.valid_from is not None:
        series = series.starting_at(law.valid_from.axis, law.valid_from.size)
    expected = {axis: lead.degree(axis) for axis in series.axes if axis not in unnamed}
    names = {symbol.name for symbol in theory.free_symbols}
    fixed_sizes = {axis: size for axis, size in series.constants.items() if axis in names}
    return Fit(
        series,
        law,
        lead,
        *judge_law(law, expected, margin, at_most=at_most),
        fixed_sizes=fixed_sizes,
    )


def _exact(series: Series, lead: Leading | None = None) -> ExactLaw | None:
    """Find the exact law of a count; None for times, which have none."""
    if series.timed:
        return None
    points = series.axes, series.sizes, series.values
    law = exact_law(*points, lead)
    if law is not None or lead is None:
        return law
    if series.metric == PEAK_BYTES.name:
        return peak_law(*points, lead)
    return law_with_terms(*points, terms, lead) if (terms := exact_terms(series)) else None


def _law(series: Series, lead: Leading, regimes: bool) -> FittedLaw:
    """Fit the leading part with all its divisors as lower-order terms."""
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
