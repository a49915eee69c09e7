"""docs/validation.md: how well the fitter does on laws whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan

import pandas as pd

from ...reports import table
from .acceptance import Criterion

_BY_KIND = {
    "median error": "error, median",
    "p95 error": "95th percentile",
    "oracle median error": "told the terms, median",
    "oracle p95 error": "95th percentile",
    "coverage": "intervals that hold the truth",
    "median width": "their width, median",
    "prediction coverage": "that hold a value beyond",
    "two regimes": "two regimes found",
    "matches": "matches",
    "differs": "differs",
    "unresolved": "unresolved",
}


def render(figures: pd.DataFrame, criteria: Sequence[Criterion], command: str) -> str:
    """Write the figures of `analysis.validation.validate` as a page of Markdown.

    Parameters
    ----------
    figures
        A row for each kind of case.
    criteria
        What is to be reached.
    command
        What makes the page again.
    """
    return "\n\n".join([*_sections(figures, criteria, command), ""])


def _sections(figures: pd.DataFrame, criteria: Sequence[Criterion], command: str) -> Iterator[str]:
    yield "# How well the fitter does"
    yield (
        "Laws whose truth is known, made as section 10 of [the method](method.md) says: "
        f"{figures['number'].iloc[0]:.0f} of each kind. The fitter is told theory's order and "
        "nothing else. This page is the output of"
    )
    yield f"    {command}"
    yield "## What is to be reached"
    missed = [criterion for criterion in criteria if not criterion.reached]
    yield f"{len(criteria) - len(missed)} of {len(criteria)} are reached."
    yield table(["figure", "to reach", "reached", ""], map(_criterion_row, criteria))
    yield "## By kind of law"
    yield (
        "Errors are |exponent − truth|; where a slope changes, of the side that the law is about, "
        "or the lower one where none was found. Off the law, one exponent is 0.35 to 0.8 from "
        "theory, and `differs` is right. Where there is no law, or too few sizes, `unresolved` is."
    )
    yield table(
        ["", *_BY_KIND.values()],
        (
            [str(kind), *(_written(figure, row[figure]) for figure in _BY_KIND)]
            for kind, row in figures.iterrows()
        ),
    )
    if others := [c.removesuffix(" fails") for c in map(str, figures) if c.endswith(" fails")]:
        yield "## Other fitters on the same points"
        yield (
            "Median and 95th percentile of the error of an exponent. What a fitter finds in "
            "theory's own leading part, without noise, counts as theory's degrees: a sum has none "
            "of its own. big_O and Extra-P choose from lists of whole and broken "
            "exponents, so that on theory they are right to the last digit or wrong by a step; off "
            "theory the truth is no member of a list. Neither gives an interval, and big_O fits "
            "one size at a time."
        )
        names = ["median error", "p95 error"]
        yield table(
            ["", "layerlaw", *others],
            (
                [
                    str(kind),
                    *(
                        " / ".join(_written(n, row[f"{prefix}{n}"]) for n in names)
                        for prefix in ("", *(f"{name} " for name in others))
                    ),
                ]
                for kind, row in figures.iterrows()
            ),
        )
        yield "Median error of a prediction at four times the largest size in every axis:"
        prefixes = ("", "oracle ", *(f"{name} " for name in others))
        yield table(
            ["", "layerlaw", "told the terms", *others],
            (
                [str(kind), *(_percent(row[f"{prefix}far error"]) for prefix in prefixes)]
                for kind, row in figures.iterrows()
            ),
        )


def _criterion_row(criterion: Criterion) -> list[str]:
    write = _percent if criterion.share else "{:.4f}".format
    short = (lambda end: f"{end:.1%}") if criterion.share else "{:g}".format
    if criterion.low == 0:
        to_reach = f"≤ {short(criterion.high)}"
    elif criterion.high == 1:
        to_reach = f"≥ {short(criterion.low)}"
    else:
        to_reach = f"{short(criterion.low)} to {short(criterion.high)}"
    return [
        criterion.figure,
        to_reach,
        write(criterion.value),
        "" if criterion.reached else "missed",
    ]


def _written(figure: str, value: float) -> str:
    if isnan(value):
        return "–"
    return f"{value:.4f}" if "error" in figure or "width" in figure else _percent(value)


def _percent(value: float) -> str:
    return "–" if isnan(value) else f"{value:.1%}"
