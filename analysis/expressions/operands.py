"""Operands of expressions: SymPy expressions whose size is known before they are computed.

SymPy computes a power of numbers, and expands a power of a sum, however large it becomes. So each
operand has bounds of its value by interval arithmetic (Moore 1966), at all sizes from 1 to
`LARGEST_SIZE`, and a bound of its number of terms. An operation is done only if the bounds of its
result are finite.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import sympy
from sympy import Expr, Symbol

from ...errors import LayerlawError

#: Sizes up to which the value of an expression is bounded.
LARGEST_SIZE = 1e9

_LARGEST, _SMALLEST = 1e300, 1e-300
_HIGHEST = 40  # power
_MOST_TERMS = 500


class ExpressionError(LayerlawError, ValueError):
    """An expression that is not one in the sizes, or no sum of monomials; the message says why."""


@dataclass(frozen=True)
class Operand:
    """A part of an expression.

    Attributes
    ----------
    expr
        The part.
    low, high
        Bounds of its value at all sizes from 1 to `LARGEST_SIZE`.
    terms
        Most terms that a sum in it has when it is expanded.
    """

    expr: Expr
    low: float
    high: float
    terms: int = 1

    @classmethod
    def size(cls, symbol: Symbol) -> Operand:
        """Return a size."""
        return cls(symbol, 1.0, LARGEST_SIZE)

    @classmethod
    def number(cls, value: float) -> Operand:
        """Return a number: whole ones are exact."""
        if not abs(value) <= _LARGEST:
            raise ExpressionError(f"a number is larger than {_LARGEST:g}")
        if 0 < abs(value) < _SMALLEST:
            raise ExpressionError(f"a number is smaller than {_SMALLEST:g}")
        expr = sympy.Integer(value) if isinstance(value, int) else sympy.Float(value)
        return cls(expr, float(value), float(value))

    def plus(self, other: Operand) -> Operand:
        """Add another."""
        bounds = self.low + other.low, self.high + other.high
        return _operand(sympy.Add, (self, other), bounds, self.terms + other.terms)

    def times(self, *others: Operand) -> Operand:
        """Multiply by others at once: SymPy distributes a number over a sum of two factors."""
        low, high, terms = self.low, self.high, self.terms
        for other in others:
            corners = [x * y for x in (low, high) for y in (other.low, other.high)]
            low, high, terms = min(corners), max(corners), terms * other.terms
            if not max(abs(low), abs(high)) <= _LARGEST:
                break  # infinity times 0 would be no number
        positive = all(each.low > 0 for each in (self, *others))
        return _operand(sympy.Mul, (self, *others), (low, high), terms, positive=positive)

    def negated(self) -> Operand:
        """Multiply by −1."""
        return self.times(Operand.number(-1))

    def inverse(self) -> Operand:
        """Divide 1 by it."""
        return self.to_the(Operand.number(-1))

    def root(self) -> Operand:
        """Take the square root."""
        return self.to_the(Operand(sympy.Rational(1, 2), 0.5, 0.5))

    def to_the(self, power: Operand) -> Operand:
        """Raise it to a power, which is a number."""
        p = power.low
        if not power.expr.is_number or not abs(p) <= _HIGHEST:
            raise ExpressionError(
                f"the power {brief(power.expr)} must be a number, {_HIGHEST} at most"
            )
        if p < 0 and self.low <= 0 <= self.high:
            raise ExpressionError(f"it divides by {self._which('0')}")
        if self.low < 0 and p != round(p):
            raise ExpressionError(
                f"it takes the power {brief(power.expr)} of {self._which('negative')}"
            )
        bounds = [_power(x, p) for x in (self.low, self.high)]
        bounds += [_power(0.0, p)] if self.low <= 0 <= self.high else []
        whole = math.ceil(abs(p))
        terms = math.comb(self.terms + whole - 1, whole) if self.terms > 1 and whole else 1
        return _operand(sympy.Pow, (self, power), bounds, terms, positive=self.low > 0)

    def log(self) -> Operand:
        """Take the natural logarithm."""
        if self.low <= 0:
            raise ExpressionError(f"it takes the logarithm of {self._which('0 or negative')}")
        return _operand(sympy.log, (self,), (math.log(self.low), math.log(self.high)), self.terms)

    def absolute(self) -> Operand:
        """Take the absolute value."""
        ends = [abs(self.low), abs(self.high)] + ([0.0] if self.low <= 0 <= self.high else [])
        return _operand(sympy.Abs, (self,), ends, self.terms)

    def ceiling(self) -> Operand:
        """Round up."""
        return _operand(sympy.ceiling, (self,), (self.low, self.high + 1), self.terms)

    def floor(self) -> Operand:
        """Round down."""
        return _operand(sympy.floor, (self,), (self.low - 1, self.high), self.terms)

    def smallest(self, *others: Operand) -> Operand:
        """Take the smallest of several."""
        every = (self, *others)
        bounds = min(each.low for each in every), min(each.high for each in every)
        return _operand(sympy.Min, every, bounds, max(each.terms for each in every))

    def largest(self, *others: Operand) -> Operand:
        """Take the largest of several."""
        every = (self, *others)
        bounds = max(each.low for each in every), max(each.high for each in every)
        return _operand(sympy.Max, every, bounds, max(each.terms for each in every))

    def _which(self, what: str) -> str:
        """Name it, and what it may be if that is not plain to see."""
        text = brief(self.expr)
        return text if self.expr.is_number else f"{text}, which may be {what}"


def _power(base: float, power: float) -> float:
    """Compute a power; infinite where it is too large for a float."""
    try:
        return float(base**power)
    except OverflowError:
        return math.inf


def _operand(
    operation: Callable[..., Expr],
    operands: Iterable[Operand],
    bounds: Iterable[float],
    terms: int = 1,
    *,
    positive: bool = False,
) -> Operand:
    """Do an operation if the bounds of its result are within the limits.

    If the result is `positive`, it must not be so small that a float is 0.
    """
    bounds = tuple(bounds)
    exprs = [each.expr for each in operands]
    low, high = min(bounds), max(bounds)
    fixed = all(expr.is_number for expr in exprs)
    what = "a number" if fixed else f"its value at sizes up to {LARGEST_SIZE:g}"
    if not max(abs(low), abs(high)) <= _LARGEST:  # not NaN either
        raise ExpressionError(f"{what} may be larger than {_LARGEST:g}")
    if positive and low < _SMALLEST:
        raise ExpressionError(f"{what} may be smaller than {_SMALLEST:g}")
    if terms > _MOST_TERMS:
        raise ExpressionError(f"the sum has more than {_MOST_TERMS} terms when expanded")
    expr = operation(*exprs)
    if expr.has(sympy.Max, sympy.Min):
        expr = expr.doit()  # SymPy leaves the smallest of two numbers in max(k, min(1, 2))
    if expr.is_number:  # such as n - n, whose bounds are those of any difference
        low = high = float(expr)
        terms = 1
    return Operand(expr, low, high, terms)


def brief(expr: Expr) -> str:
    """Write an operand for a message, cut off where it is long."""
    text = str(expr)
    return text if len(text) <= 40 else f"{text[:40]}…"
