"""Monomials in the sizes: what theory's expressions are made of, and the columns of a fit."""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import sympy
from sympy import Expr, Symbol

from ...errors import LayerlawError
from ...layers import SYMBOLS
from .arrays import Array

#: Letters that an expression may use without being a column of the table: DESIGN's size
#: symbols and the constants of a layer (input width, heads, chunk).
SIZE_LETTERS = tuple(SYMBOLS)


_LONGEST, _LARGEST, _HIGHEST = 500, 1e9, 10  # of an expression, its numbers and its powers


class ExpressionError(LayerlawError, ValueError):
    """An expression that is no sum of monomials in the sizes; the message says why."""


@dataclass(frozen=True)
class Monomial:
    """n^a · d^b · … · log(n)^q …, by axis.

    Attributes
    ----------
    powers
        Degree in each axis.
    logs
        Power of the logarithm of each axis.
    """

    powers: tuple[float, ...]
    logs: tuple[int, ...]

    def column(self, sizes: Array) -> Array:
        """Evaluate at sizes of shape (points, axes); gives (points,)."""
        column: Array = np.prod(sizes ** np.array(self.powers), axis=1)
        for axis, q in enumerate(self.logs):
            if q:
                column = column * np.log(sizes[:, axis]) ** q
        return column

    def shifted(self, shift: Array) -> Monomial:
        """Move its degrees by a shift, (axes,)."""
        return replace(self, powers=tuple(np.add(self.powers, shift).tolist()))

    def divides(self, other: Monomial) -> bool:
        """Whether it is of lower or equal order in every axis."""
        pairs = zip(
            zip(self.powers, self.logs, strict=True),
            zip(other.powers, other.logs, strict=True),
            strict=True,
        )
        return all(a <= b for a, b in pairs)

    def text(self, axes: Sequence[str], shift: Array | None = None) -> str:
        """Write it as SymPy reads it, the degrees shifted; empty for the constant."""
        factors = []
        moved = self.powers if shift is None else np.add(self.powers, shift)
        for axis, degree, q in zip(axes, moved, self.logs, strict=True):
            if (written := f"{degree:.10g}") != "0":
                factors.append(axis if written == "1" else f"{axis}**{written}")
            if q:
                factors.append(f"log({axis})" if q == 1 else f"log({axis})**{q}")
        return "*".join(factors)


class Evaluated(Protocol):
    """What has a value at sizes: a monomial, a leading part, a term of one regime."""

    def column(self, sizes: Array) -> Array:
        """Evaluate at sizes of shape (points, axes); gives (points,)."""


def product(coefficient: float, text: str, unit: str = "1*") -> str:
    """Write a product as SymPy reads it; a coefficient of 1 before a term is written as `unit`."""
    if not text:
        return f"{coefficient:.12g}"
    return f"{unit if coefficient == 1 else f'{coefficient:.12g}*'}{text}"


def monomials(axes: int, highest: int) -> list[Monomial]:
    """List all of whole degrees up to `highest` in each of so many sizes, the constant first."""
    return monomials_of([range(highest + 1)] * axes)


def monomials_of(degrees: Sequence[range]) -> list[Monomial]:
    """List all that have one of so many whole degrees in each size."""
    return [
        Monomial(tuple(map(float, powers)), (0,) * len(powers))
        for powers in itertools.product(*degrees)
    ]


def columns(terms: Sequence[Evaluated], sizes: Array) -> Array:
    """Evaluate terms at sizes (points, axes): (points, terms), of which there may be none."""
    return np.array([term.column(sizes) for term in terms]).reshape(len(terms), len(sizes)).T


@dataclass(frozen=True)
class Leading:
    """The leading part of a law: Σ weight · monomial, no monomial dividing another."""

    axes: tuple[str, ...]
    terms: tuple[tuple[float, Monomial], ...]

    @classmethod
    def of(cls, axes: Sequence[str], terms: Mapping[Monomial, float]) -> Leading:
        """Take those terms of a sum, with their coefficients, that divide no other."""
        top = [
            (weight, term)
            for term, weight in terms.items()
            if not any(term != other and term.divides(other) for other in terms)
        ]
        return cls(tuple(axes), tuple(sorted(top, key=lambda pair: pair[1].powers, reverse=True)))

    def column(self, sizes: Array) -> Array:
        """Evaluate at sizes of shape (points, axes); gives (points,)."""
        columns = [weight * term.column(sizes) for weight, term in self.terms]
        return np.asarray(np.sum(columns, axis=0))

    def shifted(self, shift: Array) -> Leading:
        """Move the degrees of all its terms by a shift, (axes,)."""
        return replace(self, terms=tuple((w, term.shifted(shift)) for w, term in self.terms))

    def degree(self, axis: str) -> float:
        """Highest degree in an axis."""
        at = self.axes.index(axis)
        return max(term.powers[at] for _, term in self.terms)

    def divisors(self) -> tuple[Monomial, ...]:
        """Every monomial of whole degrees that properly divides one of its own.

        A rate that saturates, overhead per step or per row, the traffic of memory: costs of
        lower order are of this form, so these are the natural candidates (constant first).
        """
        found: set[Monomial] = set()
        for _, term in self.terms:
            degrees = [[*range(math.ceil(p)), p] if p > 0 else [min(p, 0.0)] for p in term.powers]
            logs = [range(q + 1) for q in term.logs]
            for powers in itertools.product(*degrees):
                for q in itertools.product(*logs):
                    found.add(Monomial(tuple(float(p) for p in powers), tuple(q)))
        found -= {term for _, term in self.terms}
        return tuple(sorted(found, key=lambda m: (sum(m.powers), m.powers, m.logs)))

    @property
    def formula(self) -> str:
        """Write it as a factor that SymPy reads: ``(4*n**2*d + 8*n*d**2)``, or ``n**2*d``."""
        texts = (product(weight, term.text(self.axes), unit="") for weight, term in self.terms)
        return f"({' + '.join(texts)})" if len(self.terms) > 1 else "".join(texts)

    def text(self) -> str:
        """Write it for a person: ``4·n²·d + 8·n·d²``."""
        return " + ".join(
            "·".join(filter(None, [f"{weight:g}" if weight != 1 else "", _pretty(self.axes, term)]))
            for weight, term in self.terms
        )


def _pretty(axes: Sequence[str], term: Monomial) -> str:
    superscripts = str.maketrans("0123456789.-", "⁰¹²³⁴⁵⁶⁷⁸⁹·⁻")
    factors = []
    for axis, power, q in zip(axes, term.powers, term.logs, strict=True):
        if power:
            factors.append(axis if power == 1 else axis + f"{power:g}".translate(superscripts))
        if q:
            factors.append(
                f"log {axis}" if q == 1 else f"(log {axis})" + f"{q}".translate(superscripts)
            )
    return "·".join(factors) or "1"


def parse(text: str, extra: Iterable[str] = ()) -> Expr:
    """Read an expression such as ``n*k*d**2`` or ``n*log(n)*d``.

    It is checked as a Python expression before SymPy, which would evaluate any, sees it.

    Parameters
    ----------
    text
        Numbers, size letters, ``+ - * / **``, parentheses and ``log``.
    extra
        Names allowed besides `SIZE_LETTERS`, such as ``batch``.

    Raises
    ------
    ExpressionError
        If it has anything else; the message names it.

    Examples
    --------
    >>> parse("n*log(n)*d")
    d*n*log(n)
    """
    allowed = {*SIZE_LETTERS, *extra}
    if len(text) > _LONGEST:
        raise ExpressionError(f"the expression {text[:40]!r}… is longer than {_LONGEST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError):
        raise ExpressionError(f"cannot read the expression {text!r}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if node.id not in allowed and node.id != "log":
                known = ", ".join(sorted(allowed))
                raise ExpressionError(
                    f"unknown symbol {node.id!r} in {text!r}; known are {known}, log"
                )
        elif isinstance(node, ast.Constant):
            if type(node.value) is not int and type(node.value) is not float:
                raise ExpressionError(f"{node.value!r} in {text!r} is no number")
            if not abs(float(node.value)) <= _LARGEST:
                raise ExpressionError(f"a number in {text!r} is larger than {_LARGEST:g}")
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            # SymPy would work out any power of numbers, however large.
            if not abs(_number(node.right)) <= _HIGHEST:
                raise ExpressionError(
                    f"the power {ast.unparse(node.right)} in {text!r} is no number up to {_HIGHEST}"
                )
        elif isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Name) or node.func.id != "log" or node.keywords:
                raise ExpressionError(f"{text!r} calls something other than log(size)")
        elif not isinstance(
            node,
            ast.Expression
            | ast.BinOp
            | ast.UnaryOp
            | ast.operator
            | ast.unaryop
            | ast.expr_context,
        ):
            raise ExpressionError(f"{ast.unparse(node)!r} has no place in the expression {text!r}")
    symbols = {letter: Symbol(letter, positive=True) for letter in allowed}
    try:
        expr = sympy.sympify(text, locals={**symbols, "log": sympy.log})
    except (TypeError, ValueError, SyntaxError, AttributeError, sympy.SympifyError):
        raise ExpressionError(f"cannot read the expression {text!r}") from None
    if not isinstance(expr, Expr):
        raise ExpressionError(f"cannot read the expression {text!r}")
    return expr


def _number(node: ast.expr) -> float:
    """Value of a power such as 2, 0.5, -1 or (1/2); NaN for anything else."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand)
        case ast.BinOp(left=above, op=ast.Div(), right=below):
            return _number(above) / (_number(below) or math.nan)
    return math.nan


def leading(
    expr: Expr, axes: Sequence[str], constants: Mapping[str, float] | None = None
) -> Leading:
    """Take the leading part of an expression in the axes that vary.

    Parameters
    ----------
    expr
        A sum of monomials with positive coefficients; logarithms of a size may multiply them.
    axes
        The sizes that vary. A letter that is neither an axis nor in `constants` counts as 1.
    constants
        Sizes with one value: they are put in, so that 4n²d + 8nd² at one d leads with n² alone.

    Raises
    ------
    ExpressionError
        If it is no such sum.

    Examples
    --------
    >>> leading(parse("4*n**2*d + 5*n**2"), ["n", "d"]).degree("n")
    2.0
    """
    terms: dict[Monomial, float] = {}
    for term in summands(expr, axes, constants):
        weight, monomial = split(term, axes)
        if weight <= 0:
            raise ExpressionError(f"the term {term} of {expr} is not positive")
        terms[monomial] = terms.get(monomial, 0.0) + weight
    found = Leading.of(axes, terms)
    if len(found.terms) == 1:  # one term leads: its coefficient says nothing
        return replace(found, terms=((1.0, found.terms[0][1]),))
    return found


def summands(
    expr: Expr, axes: Sequence[str], constants: Mapping[str, float] | None = None
) -> Sequence[Expr]:
    """Give the terms of a sum in the axes that vary; the arguments are those of `leading`."""
    values = {s: (constants or {}).get(s.name, 1) for s in expr.free_symbols if s.name not in axes}
    whole = sympy.expand(sympy.expand_log(expr.subs(values), force=True))
    return tuple(sympy.Add.make_args(whole))


def split(term: Expr, axes: Sequence[str]) -> tuple[float, Monomial]:
    """Split one product into its coefficient, and its degrees and powers of logarithms.

    Raises
    ------
    ExpressionError
        If it is no such product.
    """
    weight = 1.0
    powers = dict.fromkeys(axes, 0.0)
    logs = dict.fromkeys(axes, 0)
    for factor in sympy.Mul.make_args(term):
        base, power = factor.as_base_exp()
        if factor.is_number:
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
            raise ExpressionError(f"{factor} in {term} is neither a power of a size nor of its log")
    return weight, Monomial(tuple(powers[a] for a in axes), tuple(logs[a] for a in axes))
