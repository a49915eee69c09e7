"""The derived theory of a layer, compared with its own theory: what `layerlaw explain` shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sympy
from sympy import Expr

from ...analysis import NONE, leading_part, metric_title, plain_formula
from ...experiments import DERIVED_METRICS, Derivation, ExactFormula
from ...layers import InputTensor, Theory, is_known, subs
from ...measure import FLOPS, KEPT_BYTES, metric_of
from .formulas import order_text

#: Version of the JSON document.
SCHEMA = 1


@dataclass(frozen=True)
class DerivedRow:
    """The derived formula of one metric, compared with theory.

    Parameters
    ----------
    metric, title
        The metric's name and its title for a reader.
    formula, order
        The derived formula, with ⌈n/2⌉ for a ceiling, and its order; "–" where none was found.
    expression
        The formula as SymPy writes it; empty where none was found.
    where
        The sizes that the formula holds for, such as "even n"; empty if for all.
    theory
        The same from the layer's own theory; "–" where it has none.
    agrees
        Whether formula and theory are equal; None where one of them is missing.
    solved
        Number of sizes that the formula was solved from.
    verified
        Further sizes at which it was verified.
    reason
        Why there is no formula.
    """

    metric: str
    title: str
    formula: str
    expression: str
    where: str
    order: str
    theory: str
    agrees: bool | None
    solved: int
    verified: tuple[dict[str, int], ...]
    reason: str


def derived_rows(found: Derivation, theory: Theory | None = None) -> list[DerivedRow]:
    """Write a row for each metric of a derived theory.

    Parameters
    ----------
    found
        The derived theory.
    theory
        The layer's own theory, for comparison.
    """
    return [
        _row(found, metric, theory) for metric in DERIVED_METRICS if _was_derived(found, metric)
    ]


def derived_dict(found: Derivation, theory: Theory | None = None) -> dict[str, Any]:
    """Convert a derived theory to a dictionary for JSON."""
    layer = found.layer
    return {
        "schema": SCHEMA,
        "layer": layer.name,
        "title": layer.title,
        "axes": list(layer.axes),
        "tied": {letter: str(size) for letter, size in layer.ties.items()},
        "inputs": {name: [str(side) for side in shape] for name, shape in layer.inputs.items()},
        "input_tensors": [str(one) for one in layer.input_tensors],
        "output": [str(side) for side in layer.output],
        "work": str(found.work) if is_known(found.work) else None,
        "metrics": [asdict(row) for row in derived_rows(found, theory)],
    }


def derived_line(metric: str, found: ExactFormula | str) -> str:
    """Write the formula of a metric in a line, or that there is none and why."""
    if isinstance(found, str):
        return f"{_title(metric)}: no formula: {found}"
    return f"{_title(metric)}: {_text(found.expression)}" + (
        f", for {found.where}" if found.where else ""
    )


def derivation_summary(found: Derivation) -> list[str]:
    """Describe the layer in lines: shapes, sizes, and how its time grows if FLOPs decide."""
    layer = found.layer
    inputs = ", ".join(map(_input, layer.input_tensors))
    tied = ", ".join(f"{letter} = {size}" for letter, size in layer.ties.items())
    lines = [
        f"{layer.name}: from {inputs} to {_shape(layer.output)}",
        f"sizes that vary: {', '.join(layer.axes)}" + (f"; tied: {tied}" if tied else ""),
    ]
    if is_known(found.work):
        degrees = ", ".join(f"{axis} {found.degree(axis):g}" for axis in layer.axes)
        lines.append(
            f"the work grows like {leading_part(found.work, layer.axes).text()}: where FLOPs "
            f"decide, the time has the exponents {degrees}"
        )
    return lines


def _shape(shape: Sequence[Expr | int]) -> str:
    return f"({', '.join(['batch', *map(str, shape)])})"


def _input(one: InputTensor) -> str:
    """Write an input: numbers with their shape, others as they are told."""
    return f"{one.name} {_shape(one.sequence_shape)}" if one.is_plain else str(one)


def _was_derived(found: Derivation, metric: str) -> bool:
    return metric in found.formulas or metric in found.reasons


def _title(metric: str) -> str:
    return "FLOPs, forward" if metric == FLOPS.name else metric_title(metric)


def _row(found: Derivation, metric: str, theory: Theory | None) -> DerivedRow:
    one = found.formulas.get(metric)
    order = found.order(metric)
    expected, agrees = _compare_theory(one, order, metric, theory)
    return DerivedRow(
        metric,
        _title(metric),
        _text(one.expression) if one else NONE,
        str(one.expression) if one else "",
        one.where if one else "",
        order_text(order),
        expected,
        agrees,
        len(one.solved_at) if one else 0,
        tuple(dict(sizes) for sizes in one.verified_at) if one else (),
        found.reasons.get(metric, ""),
    )


def _compare_theory(
    one: ExactFormula | None, order: Expr, metric: str, theory: Theory | None
) -> tuple[str, bool | None]:
    """Return theory's formula or order of a metric, and whether the derived one equals it."""
    if theory is None:
        return NONE, None
    known = metric_of(metric)
    exact: Expr = getattr(theory, known.exact) if known.exact else sympy.nan
    if is_known(exact):
        points = (*one.solved_at, *one.verified_at) if one else ()
        same = all(subs(exact, at) == subs(one.expression, at) for at in points) if one else None
        return _text(exact), same
    if not known.order or not is_known(getattr(theory, known.order)):
        return NONE, None
    expected = order_text(getattr(theory, known.order))
    if metric == KEPT_BYTES.name or not one:  # theory gives the leading term alone
        return expected, None
    return expected, expected == order_text(order)


def _text(expr: Expr) -> str:
    if not is_known(expr):
        return NONE
    return "∞" if expr.is_infinite else plain_formula(expr)
