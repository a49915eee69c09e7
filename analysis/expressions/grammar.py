"""The language of expressions in the sizes, read from text.

An expression consists of numbers, sizes, ``+ - * /``, powers (``**`` or ``^``), parentheses, and
the functions of `FUNCTIONS`. Python's own grammar gives the tree; each of its nodes becomes a SymPy
expression, from the leaves up, by one of the operations of `Operand`. These check before they
compute: how large the result may be at any sizes, and how many terms it has. So no text is
evaluated, and none takes long.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterable, Mapping

from sympy import Expr, Symbol
from sympy.printing.str import StrPrinter

from ...messages import quoted
from .operands import ExpressionError, Operand

_LONGEST = 500  # characters
_DEEPEST, _MOST_CALLS = 4, 16  # calls within one another, and in all
_LISTED = 20  # names that a message lists

#: Signs that mean the same as Python's.
_SIGNS = str.maketrans({"^": "**", "−": "-", "·": "*", "×": "*"})

_OPERATORS: Mapping[type[ast.operator], Callable[[Operand, Operand], Operand]] = {
    ast.Add: Operand.plus,
    ast.Sub: lambda one, other: one.plus(other.negated()),
    ast.Pow: lambda one, other: one.to_the(other),
}


def _log(operand: Operand, *base: Operand) -> Operand:
    return operand.log().times(*(each.log().inverse() for each in base)) if base else operand.log()


#: The functions of the language, each with its numbers of arguments. SymPy's names are read too.
FUNCTIONS: Mapping[str, tuple[Callable[..., Operand], range]] = {
    "log": (_log, range(1, 3)),
    "sqrt": (Operand.root, range(1, 2)),
    "abs": (Operand.absolute, range(1, 2)),
    "ceil": (Operand.ceiling, range(1, 2)),
    "floor": (Operand.floor, range(1, 2)),
    "min": (Operand.smallest, range(1, 9)),
    "max": (Operand.largest, range(1, 9)),
}
_SYNONYMS = {"Abs": "abs", "ceiling": "ceil", "Min": "min", "Max": "max"}


def read(text: str, names: Iterable[str]) -> Expr:
    """Read an expression in the sizes of these names, as `parse` does."""
    reader = _Reader({name: Operand.size(Symbol(name, positive=True)) for name in names})
    try:
        if len(text) > _LONGEST:
            raise ExpressionError(f"it has {len(text)} characters, longer than {_LONGEST}")
        tree = _tree(text)
        if (calls := sum(isinstance(node, ast.Call) for node in ast.walk(tree))) > _MOST_CALLS:
            raise ExpressionError(f"it has {calls} calls, the limit is {_MOST_CALLS}")
        return reader.read(tree, 0).expr
    except ExpressionError as error:
        raise ExpressionError(f"the expression {quoted(text)}: {error}") from None


def write(expr: Expr) -> str:
    """Write an expression so that `parse` reads the same one.

    Examples
    --------
    >>> write(read("ceil(n/2)*max(n, d)", "nd"))
    'ceil(n/2)*max(d, n)'
    """
    return str(_Writer().doprint(expr))


def _tree(text: str) -> ast.expr:
    """Parse the text as a Python expression, without compiling it."""
    if "#" in text:  # Python would pass over the rest of the line
        raise ExpressionError("'#' is not allowed")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numbers that are followed by a letter
            return ast.parse(text.strip().translate(_SIGNS), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError("cannot read it") from None


class _Reader:
    """Builds the operand of each node of a tree.

    Parameters
    ----------
    sizes
        The sizes by name.
    """

    def __init__(self, sizes: Mapping[str, Operand]) -> None:
        self._sizes = sizes

    def read(self, node: ast.expr, calls: int) -> Operand:
        """Build a node within so many calls."""
        match node:
            case ast.Constant(value=value):
                if type(value) is not int and type(value) is not float:
                    raise ExpressionError(f"{quoted(str(value))} is not a number")
                return Operand.number(value)
            case ast.Name(id=name):
                if name not in self._sizes:
                    raise ExpressionError(f"unknown symbol {quoted(name)} ({self._known})")
                return self._sizes[name]
            case ast.UnaryOp(op=ast.USub()) | ast.BinOp(op=ast.Mult() | ast.Div()):
                first, *others = self._factors(node, calls)
                return first.times(*others)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.read(operand, calls)
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
                operate = _OPERATORS[type(operator)]
                return operate(self.read(left, calls), self.read(right, calls))
            case ast.Call():
                return self._call(node, calls + 1)
        raise ExpressionError(f"{quoted(ast.unparse(node))} is not allowed")

    def _factors(self, node: ast.expr, calls: int) -> list[Operand]:
        """Build the factors of a product: (-a)*b/c has the factors -1, a, b and 1/c."""
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return [Operand.number(-1), *self._factors(operand, calls)]
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return [*self._factors(left, calls), *self._factors(right, calls)]
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return [*self._factors(left, calls), self.read(right, calls).inverse()]
        return [self.read(node, calls)]

    def _call(self, node: ast.Call, calls: int) -> Operand:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        name = _SYNONYMS.get(name, name)
        if name not in FUNCTIONS or node.keywords:
            raise ExpressionError(
                f"{quoted(ast.unparse(node))} calls a function other than {', '.join(FUNCTIONS)}"
            )
        if calls > _DEEPEST:
            raise ExpressionError(f"more than {_DEEPEST} calls lie within one another")
        function, numbers = FUNCTIONS[name]
        if len(node.args) not in numbers:
            least, most = numbers[0], numbers[-1]
            wanted = f"{least}" if least == most else f"{least} to {most}"
            raise ExpressionError(f"{name} takes {wanted} arguments, not {len(node.args)}")
        return function(*(self.read(each, calls) for each in node.args))

    @property
    def _known(self) -> str:
        names = sorted(self._sizes)
        listed = ", ".join(names[:_LISTED])
        more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        return f"known are {listed}{more}"


class _Writer(StrPrinter):  # type: ignore[misc]  # SymPy ships no types
    """Writes SymPy's expressions with the names of the language and all digits."""

    def _print_Float(self, expr: Expr) -> str:
        return repr(float(expr))

    def _print_Abs(self, expr: Expr) -> str:
        return f"abs({self._print(expr.args[0])})"

    def _print_ceiling(self, expr: Expr) -> str:
        return f"ceil({self._print(expr.args[0])})"

    def _print_Max(self, expr: Expr) -> str:
        return f"max({', '.join(sorted(map(self._print, expr.args)))})"

    def _print_Min(self, expr: Expr) -> str:
        return f"min({', '.join(sorted(map(self._print, expr.args)))})"
