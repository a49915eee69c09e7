"""The theory of a layer: SymPy expressions in the size symbols, each with its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any, overload

import sympy
from sympy import Expr

Shape = tuple[Expr | int, ...]
Sizes = Mapping[str, int]

#: sequence length, width, kernel, input width, heads
n, d, k, m, h = sympy.symbols("n d k m h", positive=True)

#: window, chunk, states per channel, groups of heads, inner width of an MLP, vocabulary, layers
r, c, N, g, f, V, L = sympy.symbols("r c N g f V L", positive=True)

#: The size symbols by their letter.
SYMBOLS: Mapping[str, sympy.Symbol] = {
    symbol.name: symbol for symbol in (n, d, k, m, h, r, c, N, g, f, V, L)
}

#: ⌈log₂ n⌉: levels of a scan, stages of a Fourier transform.
LEVELS = sympy.ceiling(sympy.log(n, 2))

#: The source of most orders; it counts a matrix product as one operation.
TABLE_1 = "Vaswani et al. 2017, Table 1"


def subs(expr: Expr | int, sizes: Mapping[str, int | Expr]) -> Expr:
    """Substitute sizes, by letter, in an expression; other letters are ignored."""
    return _subs(sympy.sympify(expr, strict=True), tuple(sizes.items()))


@lru_cache(maxsize=2**16)  # a sweep builds the same shapes again in each round
def _subs(expr: Expr, sizes: tuple[tuple[str, int | Expr], ...]) -> Expr:
    given = dict(sizes)
    return expr.subs({s: given[s.name] for s in expr.free_symbols if s.name in given})


@overload
def evaluate(expr: Expr, sizes: Mapping[str, float]) -> float: ...


@overload
def evaluate(expr: Expr, sizes: Mapping[str, Any]) -> Any: ...


def evaluate(expr: Expr, sizes: Mapping[str, Any]) -> Any:
    """Evaluate an expression in the size symbols at sizes, in floating point.

    Parameters
    ----------
    expr
        The expression.
    sizes
        By letter: numbers, or NumPy arrays of points, broadcast with the numbers. Letters that the
        expression does not have are ignored.

    Returns
    -------
    A number, or an array if a size is an array.

    Raises
    ------
    KeyError
        If a size of the expression is not given.

    Examples
    --------
    >>> evaluate(n**2 * d, {"n": 16, "d": 4})
    1024.0
    """
    if any(getattr(size, "shape", ()) for size in sizes.values()):
        letters, function = _function(expr, "numpy")
        points = sum(0.0 * size for size in sizes.values())  # zeros, to broadcast with
        return function(*(1.0 * sizes[letter] for letter in letters)) + points  # 1.0: no overflow
    letters, function = _function(expr, "math")
    return float(function(*(float(sizes[letter]) for letter in letters)))


@lru_cache(maxsize=2**12)  # to substitute sizes takes about 0.3 ms each time
def _function(expr: Expr, module: str) -> tuple[tuple[str, ...], Callable[..., Any]]:
    """Compile an expression to a function; return its arguments' letters and the function."""
    symbols = sorted(expr.free_symbols, key=lambda symbol: str(symbol.name))
    return tuple(str(s.name) for s in symbols), sympy.lambdify(symbols, expr, module)


def without_rounding(expr: Expr) -> Expr:
    """Return an expression without ceilings and floors, such as log₂ n for ⌈log₂ n⌉.

    The order is the same.
    """
    return expr.replace(sympy.ceiling, lambda exact: exact).replace(
        sympy.floor, lambda exact: exact
    )


def is_known(*exprs: Expr) -> bool:
    """Return whether all expressions are known; the theory of a user's layer may have NaN."""
    return not any(expr.has(sympy.nan) for expr in exprs)


def without_negative_terms(expr: Expr) -> Expr:
    """Drop the negative terms of a sum, as in 3n − 1; the order is the same."""
    terms = sympy.Add.make_args(expr.expand())
    return sympy.Add(*(term for term in terms if term.as_coeff_Mul()[0] > 0))


@dataclass(frozen=True)
class Theory:
    """Orders and exact counts of one layer at batch 1; one multiply-add is 2 FLOPs.

    Parameters
    ----------
    time
        Leading order of the forward time. Where several terms lead (n²·d and n·d² of
        multi-head attention) it is their sum, with the ratio of their FLOPs.
    flops
        Exact FLOPs of the forward pass, by the convention of docs/flops.md.
    parameters
        Number of parameters.
    memory
        Order of the activations saved for the backward pass, in elements.
    sequential_ops
        Order of the operations that must follow one another (Vaswani et al. 2017, Table 1,
        where a matrix product counts as one).
    depth
        Exact number of sequential operations (docs/counts.md), such as 3n for the order n.
    path_length
        Order of `distance`: operations on the shortest path between the positions that are
        farthest apart; infinite if there is none.
    distance
        Exact number of operations on the shortest path from the first of two or more positions to
        the last, through as many stacked layers as that takes.
    temporaries
        Most elements of intermediate results that a forward pass holds at once, to leading order;
        the memory inside a fused kernel is not known.
    sources
        The paper or exercise that each field comes from, by field name.
    """

    time: Expr
    flops: Expr
    parameters: Expr
    memory: Expr
    sequential_ops: Expr
    path_length: Expr
    temporaries: Expr = sympy.S.Zero
    depth: Expr = sympy.nan
    distance: Expr = sympy.nan
    sources: Mapping[str, str] = field(default_factory=dict)

    def at(self, sizes: Mapping[str, int | Expr]) -> Theory:
        """Substitute sizes (by letter) in every expression.

        Examples
        --------
        >>> from layerlaw import layers
        >>> theory = layers.get("attention").theory
        >>> theory.flops, theory.at({"n": 512, "d": 64}).flops
        (4*d*n**2 + 5*n**2, 68419584)
        """
        values = {
            f.name: subs(getattr(self, f.name), sizes) for f in fields(self) if f.name != "sources"
        }
        return replace(self, **values)
