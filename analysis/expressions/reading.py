"""Expressions in the sizes, read from text and split into monomials."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import sympy
from sympy import Expr, Symbol

from ...layers import SYMBOLS
from . import grammar
from .operands import ExpressionError, brief
from .terms import Leading, Monomial

#: Letters that an expression may use even if the table has no such column: the size symbols
#: and the constants of a layer (input width, heads, chunk).
SIZE_LETTERS = tuple(SYMBOLS)


def parse(text: str, extra: Iterable[str] = ()) -> Expr:
    """Read an expression such as ``n*k*d**2``, ``n*log(n)*d`` or ``ceil(n/2)*d^2``.

    Nothing is evaluated. The result is finite at all sizes of 1 or more.

    Parameters
    ----------
    text
        Numbers, size letters, ``+ - * / ** ^``, parentheses, and ``log(x)``, ``log(x, base)``,
        ``sqrt``, ``min``, ``max``, ``abs``, ``ceil`` and ``floor``.
    extra
        Names that are allowed besides `SIZE_LETTERS`, such as ``batch``.

    Raises
    ------
    ExpressionError
        If the text has anything else, or its value could be infinite, too large or no real number;
        the message says which part.

    Examples
    --------
    >>> parse("n*log(n)*d")
    d*n*log(n)
    >>> parse("4*n^2*d + sqrt(n)*max(n, d)")
    4*d*n**2 + sqrt(n)*Max(d, n)
    """
    names = (*SIZE_LETTERS, *(name for name in extra if name not in SIZE_LETTERS))
    return grammar.read(text, names)


def leading_part(
    expr: Expr, axes: Sequence[str], constants: Mapping[str, float] | None = None
) -> Leading:
    """Extract the leading part of an expression in the axes that vary.

    Parameters
    ----------
    expr
        A sum of monomials with positive coefficients; logarithms of a size may multiply them.
    axes
        The sizes that vary. A letter that is neither an axis nor in `constants` counts as 1.
    constants
        Sizes with one value, which are substituted: 4n²d + 8nd² at one d has the leading part n².

    Raises
    ------
    ExpressionError
        If the expression is not such a sum.

    Examples
    --------
    >>> leading_part(parse("4*n**2*d + 5*n**2"), ["n", "d"]).degree("n")
    2.0
    """
    terms: dict[Monomial, float] = {}
    for term in summands(expr, axes, constants):
        weight, monomial = split(term, axes)
        if not 0 < weight < math.inf:
            what = "too large" if weight > 0 else "not positive"
            raise ExpressionError(f"the term {brief(term)} of {brief(expr)} is {what}")
        terms[monomial] = terms.get(monomial, 0.0) + weight
    lead = Leading.of(axes, terms)
    if len(lead.terms) == 1:  # a single term's coefficient is fitted anyway
        return replace(lead, terms=((1.0, lead.terms[0][1]),))
    return lead


def summands(
    expr: Expr, axes: Sequence[str], constants: Mapping[str, float] | None = None
) -> Sequence[Expr]:
    """Return the terms of a sum in the axes that vary; arguments are those of `leading_part`."""
    values = {s: (constants or {}).get(s.name, 1) for s in expr.free_symbols if s.name not in axes}
    whole = sympy.expand(sympy.expand_log(expr.subs(values), force=True))
    return tuple(sympy.Add.make_args(whole))


def split(term: Expr, axes: Sequence[str]) -> tuple[float, Monomial]:
    """Split a product into its coefficient and its monomial.

    Raises
    ------
    ExpressionError
        If it is not a product of powers of sizes and of their logarithms.
    """
    weight = 1.0
    powers = dict.fromkeys(axes, 0.0)
    logs = dict.fromkeys(axes, 0)
    for factor in sympy.Mul.make_args(term):
        base, power = factor.as_base_exp()
        if factor.is_number:
            if not factor.is_extended_real:  # such as the root of the logarithm of a size below 1
                raise ExpressionError(f"{brief(factor)} in {brief(term)} is no real number")
            weight *= float(factor)
        elif isinstance(base, Symbol) and power.is_number:
            powers[base.name] += float(power)
        elif (
            isinstance(base, sympy.log)
            and isinstance(base.args[0], Symbol)
            and power.is_Integer
            and power > 0
        ):
            logs[base.args[0].name] += int(power)
        else:
            raise ExpressionError(
                f"{brief(factor)} in {brief(term)} is neither a power of a size nor of its log"
            )
    return weight, Monomial(tuple(powers[a] for a in axes), tuple(logs[a] for a in axes))
