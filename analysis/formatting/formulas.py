"""Format exact formulas."""

from __future__ import annotations

import sympy
from sympy import Expr
from sympy.printing.str import StrPrinter


class _PlainPrinter(StrPrinter):  # type: ignore[misc]  # SymPy ships no types
    def _print_ceiling(self, expr: Expr) -> str:
        return f"⌈{self._rounded(expr.args[0])}⌉"

    def _print_floor(self, expr: Expr) -> str:
        return f"⌊{self._rounded(expr.args[0])}⌋"

    def _rounded(self, expr: Expr) -> str:
        for size in expr.free_symbols:
            if expr == sympy.log(size, 2):
                return f"log₂ {size}"
            if expr == sympy.sqrt(size):
                return f"√{size}"
        return str(self._print(expr))


class _Printer(_PlainPrinter):
    def _print_Min(self, expr: Expr) -> str:
        return f"min({', '.join(map(self._print, expr.args))})"


def plain_formula(expr: Expr) -> str:
    """Write an exact formula as in Python, but with floors and ceilings as usual.

    >>> from sympy import ceiling, symbols
    >>> n, d = symbols("n d", positive=True)
    >>> plain_formula((14 * d**2 + 3 * d) * ceiling(n / 2))
    '(14*d**2 + 3*d)*⌈n/2⌉'
    """
    return str(_PlainPrinter().doprint(expr))


def formula_text(expr: Expr) -> str:
    """Write an exact formula in the usual notation.

    >>> from sympy import ceiling, floor, log, sqrt, symbols
    >>> n, d = symbols("n d", positive=True)
    >>> formula_text(4 * n**2 * d + 5 * n**2), formula_text(ceiling(n / d))
    ('4·d·n² + 5·n²', '⌈n/d⌉')
    >>> formula_text(3 * floor(sqrt(n))), formula_text(ceiling(log(n, 2)))
    ('3·⌊√n⌋', '⌈log₂ n⌉')
    """
    expr = sympy.expand(expr) if expr.is_polynomial() else expr
    text = str(_Printer().doprint(expr))
    for power, raised in (("**2", "²"), ("**3", "³"), ("**", "^"), ("*", "·")):
        text = text.replace(power, raised)
    return text
