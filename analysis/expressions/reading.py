"""Expressions in the sizes, read from text and split into monomials."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import sympy
from sympy import Expr, Symbol

from ...errors import LayerlawError
from ...layers import SYMBOLS
from .terms import Leading, Monomial

#: Letters that an expression may use even if the table has no such column: the size symbols
#: and the constants of a layer (input width, heads, chunk).
SIZE_LETTERS = tuple(SYMBOLS)

_LONGEST, _LARGEST, _HIGHEST = 500, 1e9, 10  # characters, number and power in an expression


class ExpressionError(LayerlawError, ValueError):
    """An expression that is not a sum of monomials in the sizes; the message says why."""


def parse(text: str, extra: Iterable[str] = ()) -> Expr:
    """Read an expression such as ``n*k*d**2`` or ``n*log(n)*d``.

    The text is checked as a Python expression first, since SymPy would evaluate any code.

    Parameters
    ----------
    text
        Numbers, size letters, ``+ - * / **``, parentheses and ``log``.
    extra
        Names that are allowed besides `SIZE_LETTERS`, such as ``batch``.

    Raises
    ------
    ExpressionError
        If the text has anything else; the message names it.

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
                names = ", ".join(sorted(allowed))
                raise ExpressionError(
                    f"unknown symbol {node.id!r} in {text!r}; known are {names}, log"
                )
        elif isinstance(node, ast.Constant):
            if type(node.value) is not int and type(node.value) is not float:
                raise ExpressionError(f"{node.value!r} in {text!r} is not a number")
            if not abs(float(node.value)) <= _LARGEST:
                raise ExpressionError(f"a number in {text!r} is larger than {_LARGEST:g}")
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            # SymPy would compute any power of numbers, however large.
            if not abs(_number(node.right)) <= _HIGHEST:
                raise ExpressionError(
                    f"the power {ast.unparse(node.right)} in {text!r} must be a number, "
                    f"{_HIGHEST} at most"
                )
        elif isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Name) or node.func.id != "log" or node.keywords:
                raise ExpressionError(f"{text!r} calls a function other than log(size)")
        elif not isinstance(
            node,
            ast.Expression
            | ast.BinOp
            | ast.UnaryOp
            | ast.operator
            | ast.unaryop
            | ast.expr_context,
        ):
            raise ExpressionError(
                f"{ast.unparse(node)!r} is not allowed in the expression {text!r}"
            )
    symbols = {letter: Symbol(letter, positive=True) for letter in allowed}
    try:
        expr = sympy.sympify(text, locals={**symbols, "log": sympy.log})
    except (TypeError, ValueError, SyntaxError, AttributeError, sympy.SympifyError):
        raise ExpressionError(f"cannot read the expression {text!r}") from None
    if not isinstance(expr, Expr):
        raise ExpressionError(f"cannot read the expression {text!r}")
    return expr


def _number(node: ast.expr) -> float:
    """Evaluate a power such as 2, 0.5, -1 or (1/2); NaN for anything else."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand)
        case ast.BinOp(left=dividend, op=ast.Div(), right=divisor):
            return _number(dividend) / (_number(divisor) or math.nan)
    return math.nan


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
        if weight <= 0:
            raise ExpressionError(f"the term {term} of {expr} is not positive")
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
