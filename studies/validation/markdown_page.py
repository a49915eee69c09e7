"""docs/validation.md: the results of the validation on synthetic laws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan

import pandas as pd

from ...reports import markdown_table
from .acceptance import Criterion

_BY_KIND = {
    "median error": "error, median",
    "p95 error": "95th percentile",
    "oracle median error": "given the true terms, median",
    "oracle p95 error": "95th percentile",
    "coverage": "coverage of exponents",
    "median width": "interval width, median",
    "prediction coverage": "coverage of predictions",
    "two regimes": "two regimes found",
    "matches": "matches",
    "differs": "differs",
    "unresolved": "unresolved",
}


def render(figures: pd.DataFrame, criteria: Sequence[Criterion], command: str) -> str:
    """Write the figures of `validate` as a page of Markdown.

    Parameters
    ----------
    figures
        A row for each kind of case.
    criteria
        The acceptance criteria.
    command
        The command that makes the page again.
    """
    return "\n\n".join([*_sections(figures, criteria, command), ""])


def _sections(figures: pd.DataFrame, criteria: Sequence[Criterion], command: str) -> Iterator[str]:
    yield "# How well the fitter does"
    yield (
        "Synthetic laws, made as section 10 of [the method](method.md) says: "
        f"{figures['number'].iloc[0]:.0f} of each kind. The fitter is given theory's order and "
        "nothing else. This page is the output of"
    )
    yield f"    {command}"
    yield "## Acceptance criteria"
    missed = [criterion for criterion in criteria if not criterion.is_met]
    yield f"{len(criteria) - len(missed)} of {len(criteria)} are met."
    yield markdown_table(["figure", "limits", "value", ""], map(_criterion_row, criteria))
    yield "## By kind of law"
    yield (
        "Errors are |exponent − truth|; where a slope changes, the truth is that of the side whose "
        "exponent the law gives, or of the smaller sizes if no change was found. Off the law, one "
        "exponent is 0.35 to 0.8 from theory, and the right verdict is `differs`; without a law or "
        "with too few sizes it is `unresolved`. Coverage is the share of 95 % intervals that "
        "contain the truth; predictions are at twice the largest size of one axis."
    )
    yield markdown_table(
        ["", *_BY_KIND.values()],
        (
            [str(kind), *(_figure_text(figure, row[figure]) for figure in _BY_KIND)]
            for kind, row in figures.iterrows()
        ),
    )
    if others := [c.removesuffix(" fails") for c in map(str, figures) if c.endswith(" fails")]:
        yield "## Other fitters on the same points"
        yield (
            "Median and 95th percentile of the error of an exponent. A sum has no single exponent, "
            "so what a fitter finds in theory's leading part without noise counts as theory's "
            "degrees. big_O and Extra-P choose from lists of exponents: on the law they are exact "
            "or wrong by a step of the list; off the law the list does not contain the truth. "
            "Neither gives an interval, and big_O fits one size at a time."
        )
        names = ["median error", "p95 error"]
        yield markdown_table(
            ["", "layerlaw", *others],
            (
                [
                    str(kind),
                    *(
                        " / ".join(_figure_text(n, row[f"{prefix}{n}"]) for n in names)
                        for prefix in ("", *(f"{name} " for name in others))
                    ),
                ]
                for kind, row in figures.iterrows()
            ),
        )
        yield "Median error of a prediction at four times the largest size of every axis:"
        prefixes = ("", "oracle ", *(f"{name} " for name in others))
        yield markdown_table(
            ["", "layerlaw", "given the true terms", *others],
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
        "" if criterion.is_met else "missed",
    ]


def _figure_text(figure: str, value: float) -> str:
    if isnan(value):
        return "–"
    return f"{value:.4f}" if "error" in figure or "width" in figure else _percent(value)


def _percent(value: float) -> str:
    return "–" if isnan(value) else f"{value:.1%}"
