"""docs/validation.md: how well the fitter does on laws whose truth is known."""

from __future__ import annotations

import pandas as pd

from .markdown import table

_WORDS = {
    "number": "laws",
    "median error": "error of an exponent, median",
    "p95 error": "error of an exponent, 95th percentile",
    "line median error": "of a log-log line, median",
    "line p95 error": "of a log-log line, 95th percentile",
    "coverage": "95 % intervals that hold the truth",
    "two regimes": "two regimes found",
    "median width": "width of an interval, median",
    "matches": "verdict matches",
    "differs": "verdict differs",
    "unresolved": "verdict unresolved",
}


def render(figures: pd.DataFrame, command: str) -> str:
    """Write the figures of `analysis.validation.validate` as a page of Markdown.

    Parameters
    ----------
    figures
        A row for each kind of case.
    command
        What makes the page again.
    """
    rows = (
        [words, *(_written(figure, value) for value in figures[figure])]
        for figure, words in _WORDS.items()
    )
    return "\n\n".join(
        [
            "# How well the fitter does",
            "Laws whose truth is known, made as section 10 of [the method](method.md) says. The "
            "fitter is told theory's order and nothing else. Off the law, one exponent is 0.35 to "
            "0.8 from theory, and `differs` is right. This page is the output of",
            f"    {command}",
            table(["", *map(str, figures.index)], rows),
            "",
        ]
    )


def _written(figure: str, value: float) -> str:
    if figure == "number":
        return f"{value:.0f}"
    return f"{value:.4f}" if "error" in figure or "width" in figure else f"{value:.1%}"
