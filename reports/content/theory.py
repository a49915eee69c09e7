"""The theory of every registered layer, as text: what `layerlaw list` shows."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sympy import Expr

from ... import layers
from ...analysis import NONE, expected_time
from ...layers import is_known
from .formulas import order_text


@dataclass(frozen=True)
class TheoryRow:
    """A layer's theory in the sizes that vary; `flops` and `parameters` as SymPy writes them."""

    name: str
    title: str
    formula: str
    native: bool
    axes: tuple[str, ...]
    time: str
    flops: str
    parameters: str
    memory: str
    sequential_ops: str
    path_length: str
    sources: dict[str, str]

    def as_dict(self) -> dict[str, object]:
        """Convert to a dictionary for JSON."""
        return asdict(self)


def theory_rows() -> list[TheoryRow]:
    """Write a row for each layer in the registry's order, layers of other packages last.

    A layer that cannot be loaded gives a warning instead of a row; see `layers.find`.
    """
    rows = []
    for name in layers.names():
        if (layer := layers.find(name)) is None:
            continue
        theory = layer.tied_theory()
        rows.append(
            TheoryRow(
                name=name,
                title=layer.title,
                formula=layer.formula,
                native=layer.native,
                axes=layer.axes,
                time=order_text(expected_time(layer)),
                flops=_text(theory.flops.expand()),
                parameters=_text(theory.parameters),
                memory=order_text(theory.memory),
                sequential_ops=order_text(theory.sequential_ops),
                path_length=order_text(theory.path_length),
                sources=dict(theory.sources),
            )
        )
    return rows


def _text(expr: Expr) -> str:
    return str(expr) if is_known(expr) else NONE
