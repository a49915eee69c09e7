"""Format exact formulas."""

from __future__ import annotations

import sympy
from sympy import Expr
from sympy.printing.str import StrPrinter


class _Printer(StrPrinter):  # type: ignore[misc]  # SymPy ships no types
    def _print_ceiling(self, expr: Expr) -> str:
        return f"⌈{self._print(expr.args[0])}⌉"

    def _print_Min(self, expr: Expr) -> str:
        return f"min({', '.join(map(self._print, expr.args))})"


def formula_text(expr: Expr) -> str:
    """Write an exact formula in the usual notation.

    >>> from sympy import symbols, ceiling
    >>> n, d = symbols("n d", positive=True)
    >>> formula_text(4 * n**2 * d + 5 * n**2), formula_text(ceiling(n / d))
    ('4·d·n² + 5·n²', '⌈n/d⌉')
    """
    expr = sympy.expand(expr) if expr.is_polynomial() else expr
    text = str(_Printer().doprint(expr))
    for power, raised in (("**2", "²"), ("**3", "³"), ("**", "^"), ("*", "·")):
        text = text.replace(power, raised)
    return text
