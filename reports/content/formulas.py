"""Formulas as text: orders such as O(n²·d), and fitted laws with units."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from sympy import Expr

from ...analysis import (
    NONE,
    CapacityBreakpoint,
    ExactLaw,
    ExpressionError,
    Fit,
    FittedLaw,
    Law,
    Leading,
    Monomial,
    StepTerm,
    leading_part,
    metric_title,
    number,
    quantity,
)
from ...layers import is_known
from ...measure import metric_of


class Term(NamedTuple):
    """One term of a law: coefficient with unit, and powers as (base, exponent) texts.

    `where` names the regime in which the term applies; empty if it applies everywhere.
    """

    coefficient: str
    factors: tuple[tuple[str, str], ...]
    where: str = ""

    def __str__(self) -> str:
        powers = [base if power == "1" else f"{base}^{power}" for base, power in self.factors]
        coefficient = [] if powers and self.coefficient == "1" else [self.coefficient]
        written = "·".join([*coefficient, *powers])
        return f"{written} [{self.where}]" if self.where else written


def theory_text(fit: Fit) -> str:
    """Write theory's order in the sizes that vary, without coefficients: ``O(n²·d + n·d²)``."""
    return NONE if fit.theory is None else f"O({_without_coefficients(fit.theory)})"


def order_text(expr: Expr) -> str:
    """Write an order: ``O(n)``, ``O(n/k)``, ``∞`` if it is unbounded, ``–`` if it is unknown.

    >>> from sympy import Integer, oo, symbols
    >>> n, k = symbols("n k", positive=True)
    >>> order_text(n / k), order_text(Integer(1)), order_text(oo)
    ('O(n/k)', 'O(1)', '∞')
    """
    if not is_known(expr):
        return NONE
    if expr.is_infinite:
        return "∞"
    above, below = (_sum(part) for part in expr.as_numer_denom())
    return f"O({above})" if below == "1" else f"O({above}/{below})"


def term_sums(law: Law, metric: str) -> list[list[Term]]:
    """Return the sums of terms whose largest is the law; leading terms come last.

    A law is one sum, except the exact law of a peak, which may be the largest of several.
    """
    if isinstance(law, ExactLaw):
        return [
            [Term(_exact_coefficient(c, metric), _factors(law.axes, term)) for c, term in each]
            for each in law.polynomials
        ]
    return [[*_lower(law, metric), *_leading(law, metric)]]


def law_text(law: Law, metric: str) -> str:
    """Write a law in one line: ``time = 2 µs + 3 ns·n^2``."""
    p = overlap_text(law)
    written = [
        " + ".join(f"({term})^{p}" if p else str(term) for term in each).replace("+ -", "- ")
        for each in term_sums(law, metric)
    ]
    cost = f"{metric_title(metric)}^{p}" if p else metric_title(metric)
    return f"{cost} = {written[0]}" if len(written) == 1 else f"{cost} = max({', '.join(written)})"


def _exact_coefficient(coefficient: Fraction, metric: str) -> str:
    """Write the coefficient of an exact law with all its digits, bytes without a prefix."""
    if coefficient.denominator > 1:  # the measured values were rounded
        return quantity(float(coefficient), metric)
    if metric_of(metric).unit == "B":
        return f"{coefficient} B"
    return quantity(float(coefficient), metric, digits=15)


def _lower(law: Law, metric: str) -> Iterator[Term]:
    for c, term in law.terms:
        for weight, m in _monomials(term):
            yield Term(
                quantity(c * weight, metric), _factors(law.axes, m), regime_text(term, law.axes)
            )


def _leading(law: Law, metric: str) -> Iterator[Term]:
    for weight, m in law.leading.terms if law.coefficient else ():
        if not weight:
            continue
        coefficient = quantity(law.coefficient * weight, metric)
        yield Term(coefficient, _factors(law.axes, m, law.shift), _slope_break_text(law))


def _slope_break_text(law: Law) -> str:
    """Write the factor of the leading part beyond a slope break; empty if there is none."""
    if not isinstance(law, FittedLaw) or law.slope_break is None or law.slope_change is None:
        return ""
    axis, place = law.axes[law.slope_break.axis], number(law.slope_break.place)
    sign = ">" if law.slope_break.beyond else "<"
    return f"times ({axis}/{place})^{law.slope_change.estimate:.2f} where {axis} {sign} {place}"


def _monomials(term: Monomial | StepTerm) -> Sequence[tuple[float, Monomial]]:
    """Return the monomials of a term with their weights."""
    plain = term.term if isinstance(term, StepTerm) else term
    return plain.terms if isinstance(plain, Leading) else [(1.0, plain)]


def regime_text(term: Monomial | StepTerm, axes: Sequence[str]) -> str:
    """Write in which regime a term applies: ``d²·k ≥ 1.27e+06``; empty if in all."""
    if not isinstance(term, StepTerm):
        return ""
    breakpoint = term.breakpoint
    along = Leading(tuple(axes), ((1.0, breakpoint.along),)).text()
    where = f"{along} {'≥' if term.beyond else '<'} {number(term.limit)}"
    if isinstance(breakpoint, CapacityBreakpoint):
        return f"{where}, the more the further beyond"
    if breakpoint.middle is None:
        return where
    return (
        f"{where}, {term.part:.0%} {'below' if term.beyond else 'from'} {number(term.full_limit)}"
    )


def overlap_text(law: Law) -> str:
    """Write the overlap exponent p; empty if p = 1, where terms add up."""
    return "" if law.overlap == 1 else f"{law.overlap:.2g}"


def _factors(
    axes: Sequence[str], monomial: Monomial, shift: Iterable[float] | None = None
) -> tuple[tuple[str, str], ...]:
    moved = itertools.repeat(0.0) if shift is None else shift
    digits = ".3g" if shift is None else ".2f"  # a fitted exponent shows its decimals
    found = []
    for axis, power, logs, more in zip(axes, monomial.powers, monomial.logs, moved, strict=False):
        if power or more:
            found.append((axis, f"{power + more:{digits}}"))
        if logs:
            found.append((f"log({axis})", str(logs)))
    return tuple(found)


def _sum(expr: Expr) -> str:
    letters = sorted(symbol.name for symbol in expr.free_symbols)
    letters.sort(key=lambda letter: "ndk".find(letter) % 4)
    try:
        return _without_coefficients(leading_part(expr, letters)) if letters else "1"
    except ExpressionError:  # not a sum of monomials
        return str(expr)


def _without_coefficients(lead: Leading) -> str:
    return Leading(lead.axes, tuple((1.0, term) for _, term in lead.terms)).text()
