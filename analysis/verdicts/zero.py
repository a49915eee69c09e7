"""Verdicts where theory, or every value, is 0: such a count has no exponents."""

from __future__ import annotations

from sympy import Expr

from ..expressions import Array
from ..formatting import number
from .verdict import Judgement, Verdict


def judge_zero(theory: Expr) -> Judgement:
    """Judge a series whose values are all 0.

    >>> from sympy import Integer, Symbol
    >>> judge_zero(Integer(0)).verdict.value, judge_zero(Symbol("d")).verdict.value
    ('matches', 'differs')
    """
    if theory.is_zero:
        return Judgement(Verdict.MATCHES, "every value is 0, as theory says")
    return Judgement(Verdict.DIFFERS, f"every value is 0, but theory says {theory}")


def judge_growth_of_zero(values: Array) -> Judgement:
    """Judge values, (points,), of which none is 0, by a theory that says 0."""
    low, high = (number(float(value)) for value in (values.min(), values.max()))
    found = low if low == high else f"{low} to {high}"
    return Judgement(Verdict.DIFFERS, f"theory says 0, but the values are {found}")
