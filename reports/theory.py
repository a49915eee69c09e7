"""Every registered layer with its theory, as text: what `layerlaw list` shows."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .. import layers
from .formulas import order_text


@dataclass(frozen=True)
class TheoryRow:
    """One layer's theory in its swept sizes, for a reader; `flops` and `parameters` as SymPy."""

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
        """Give the row as JSON holds it."""
        return asdict(self)


def theory_rows() -> list[TheoryRow]:
    """Collect the rows of all registered layers, in the order of registration."""
    rows = []
    for name in layers.names():
        layer = layers.get(name)
        theory = layer.tied_theory()
        rows.append(
            TheoryRow(
                name=name,
                title=layer.title,
                formula=layer.formula,
                native=layer.native,
                axes=layer.axes,
                time=order_text(theory.time),
                flops=str(theory.flops.expand()),
                parameters=str(theory.parameters),
                memory=order_text(theory.memory),
                sequential_ops=order_text(theory.sequential_ops),
                path_length=order_text(theory.path_length),
                sources=dict(theory.sources),
            )
        )
    return rows
