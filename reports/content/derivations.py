"""What was derived of a layer, compared with its theory: what `layerlaw explain` shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sympy
from sympy import Expr

from ...analysis import NONE, leading_part, metric_title
from ...experiments import DERIVED_METRICS, Derivation, ExactFormula
from ...layers import Theory, is_known, subs
from ...measure import FLOPS, KEPT_BYTES, metric_of
from .formulas import order_text

#: Version of the JSON document.
SCHEMA = 1


@dataclass(frozen=True)
class DerivedRow:
    """One metric of a layer.

    Parameters
    ----------
    metric, title
        Its name, for a program and for a reader.
    formula, order
        What was derived, as SymPy writes it, and its order; – where nothing was.
    theory
        What the layer's own theory says; – where it says nothing.
    agrees
        Whether the two are the same; None where one of them is missing.
    solved, verified
        How many sizes the formula was solved from, and at how many others it was verified.
    reason
        Why there is no formula.
    """

    metric: str
    title: str
    formula: str
    order: str
    theory: str
    agrees: bool | None
    solved: int
    verified: tuple[dict[str, int], ...]
    reason: str


def derived_rows(found: Derivation, theory: Theory | None = None) -> list[DerivedRow]:
    """Write what was derived, metric by metric.

    Parameters
    ----------
    found
        What was derived.
    theory
        The layer's own, to be compared with it.
    """
    return [_row(found, metric, theory) for metric in DERIVED_METRICS if _tried(found, metric)]


def derived_dict(found: Derivation, theory: Theory | None = None) -> dict[str, Any]:
    """Give what was derived as JSON has it."""
    layer = found.layer
    return {
        "schema": SCHEMA,
        "layer": layer.name,
        "title": layer.title,
        "axes": list(layer.axes),
        "tied": {letter: str(size) for letter, size in layer.ties.items()},
        "inputs": {name: [str(side) for side in shape] for name, shape in layer.inputs.items()},
        "output": [str(side) for side in layer.output],
        "work": str(found.work) if is_known(found.work) else None,
        "metrics": [asdict(row) for row in derived_rows(found, theory)],
    }


def head(found: Derivation) -> list[str]:
    """Say in lines what the layer is, and what its time would be if each FLOP took as long."""
    layer = found.layer
    inputs = ", ".join(f"{name} {_shape(shape)}" for name, shape in layer.inputs.items())
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


def _tried(found: Derivation, metric: str) -> bool:
    return metric in found.formulas or metric in found.reasons


def _row(found: Derivation, metric: str, theory: Theory | None) -> DerivedRow:
    one = found.formulas.get(metric)
    order = found.order(metric)
    expected, agrees = _expected(one, order, metric, theory)
    return DerivedRow(
        metric,
        "FLOPs, forward" if metric == FLOPS.name else metric_title(metric),
        _text(one.expression) if one else NONE,
        order_text(order),
        expected,
        agrees,
        len(one.solved_at) if one else 0,
        tuple(dict(sizes) for sizes in one.verified_at) if one else (),
        found.reasons.get(metric, ""),
    )


def _expected(
    one: ExactFormula | None, order: Expr, metric: str, theory: Theory | None
) -> tuple[str, bool | None]:
    """Give what theory says of a metric, and whether the formula agrees."""
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
    if metric == KEPT_BYTES.name or not one:  # theory gives their leading term alone
        return expected, None
    return expected, expected == order_text(order)


def _text(expr: Expr) -> str:
    if not is_known(expr):
        return NONE
    return "∞" if expr.is_infinite else str(expr).replace("ceiling(log(n)/log(2))", "⌈log₂ n⌉")
