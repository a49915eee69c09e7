"""The order of a formula: its leading part, with or without the ratio of the coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from math import gcd, lcm

import sympy
from sympy import Expr, Rational

from ..analysis import ExpressionError, Leading, leading_part
from ..layers import SYMBOLS, is_known, without_negative_terms, without_rounding


def leading_order(expr: Expr, axes: Sequence[str], *, ratio: bool = False) -> Expr:
    """Return the leading part of a formula, without coefficients or with their ratio."""
    if not is_known(expr) or not expr.free_symbols:
        return sympy.Integer(1) if is_known(expr) else expr
    whole = without_rounding(expr.replace(sympy.Max, sympy.Add))
    above, below = sympy.fraction(sympy.together(sympy.expand_log(whole, force=True)))
    try:
        return sympy.expand(
            _summed(leading_part(without_negative_terms(above), axes), ratio=ratio)
            / _summed(leading_part(without_negative_terms(below), axes), ratio=False)
        )
    except ExpressionError:
        return sympy.nan


def _summed(lead: Leading, *, ratio: bool) -> Expr:
    weights = [Fraction(weight).limit_denominator(10**6) for weight, _ in lead.terms]
    whole = [int(weight * lcm(*(w.denominator for w in weights))) for weight in weights]
    shared = reduce(gcd, whole)
    return sympy.Add(
        *(
            (Rational(weight, shared) if ratio else 1)
            * sympy.Mul(
                *(
                    SYMBOLS[axis] ** sympy.nsimplify(power) * sympy.log(SYMBOLS[axis]) ** q
                    for axis, power, q in zip(lead.axes, term.powers, term.logs, strict=True)
                )
            )
            for weight, (_, term) in zip(whole, lead.terms, strict=True)
        )
    )
