"""The summary: one row per law, the same in the terminal, in report.md and in report.html."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ... import layers
from ...analysis import NONE, Fit, called, columns, common_size, holds, number, quantity
from .formulas import order_text, theory_text


@dataclass(frozen=True)
class SummaryRow:
    """What a reader wants of one law, as text.

    Attributes
    ----------
    layer, title
        The layer's name, and a few words; the name again where the registry does not know it.
    variant
        What tells this law from the others of its layer: device, mode, metric, and whatever
        else varies over all laws; empty where nothing does.
    theory
        Theory's order.
    exponents
        Each axis's exponent with its 95 % interval, and sizes that have none: they take one value.
    verdict
        ``matches``, ``differs``, ``unresolved``, or "–" without theory.
    sequential_ops, path_length
        Theory's orders; "–" for layers that the registry does not know.
    cost
        What the law predicts at the common size, with its unit; "–" where its points do not
        cover that.
    """

    layer: str
    title: str
    variant: str
    theory: str
    exponents: tuple[str, ...]
    verdict: str
    sequential_ops: str
    path_length: str
    cost: str

    @property
    def label(self) -> str:
        """Its layer, and what tells it from the others of its layer."""
        return label(self.layer, self.variant)


def summary(fits: Sequence[Fit]) -> list[SummaryRow]:
    """Summarise fits, one row each, in their order; costs are those at `common_size`."""
    at = common_size(fits)
    return [_row(fit, variant, at) for fit, variant in zip(fits, variants(fits), strict=True)]


def in_order(fits: Sequence[Fit]) -> list[Fit]:
    """Sort fits as the registry has their layers, others behind; rows come shuffled."""
    rank = {name: place for place, name in enumerate(layers.names())}
    return sorted(fits, key=lambda fit: rank.get(fit.series.layer, len(rank)))


def labels(fits: Sequence[Fit]) -> list[str]:
    """Name each law by its layer, and what tells it from the others."""
    return [
        label(fit.series.layer, variant) for fit, variant in zip(fits, variants(fits), strict=True)
    ]


def label(layer: str, variant: str) -> str:
    """Name a law by its layer, and what tells it from the others where anything does.

    >>> label("rnn", ""), label("rnn", "cuda")
    ('rnn', 'rnn (cuda)')
    """
    return f"{layer} ({variant})" if variant else layer


def variants(fits: Sequence[Fit]) -> list[str]:
    """Say what tells each law from the others of its layer: only what varies over the fits."""
    told = [
        {
            "device": fit.series.device,
            "mode": fit.series.mode,
            "metric": called(fit.series.metric),
            **{column: f"{column} {value}" for column, value in fit.series.by.items()},
        }
        for fit in fits
    ]
    vary = {key for one in told for key in one if len({other.get(key) for other in told}) > 1}
    return [", ".join(value for key, value in one.items() if key in vary) for one in told]


def cost_name(fits: Sequence[Fit]) -> str:
    """Name the column of costs: ``time``, or ``cost`` where metrics are mixed."""
    names = {called(fit.series.metric) for fit in fits}
    return names.pop() if len(names) == 1 else "cost"


def _row(fit: Fit, variant: str, at: dict[str, float]) -> SummaryRow:
    name, law = fit.series.layer, fit.law
    known = layers.find(name)
    theory = known.tied_theory() if known else None
    cost = NONE
    if law is not None and holds(fit, at):
        cost = quantity(float(law.predict(columns(law, at))[0]), fit.series.metric)
    return SummaryRow(
        layer=name,
        title=known.title if known else name,
        variant=variant,
        theory=theory_text(fit),
        exponents=(*map(str, law.exponents), *_held(fit)) if law else (),
        verdict=fit.judgement.verdict.value if fit.judgement else NONE,
        sequential_ops=order_text(theory.sequential_ops) if theory else NONE,
        path_length=order_text(theory.path_length) if theory else NONE,
        cost=cost,
    )


def _held(fit: Fit) -> Iterator[str]:
    for axis, value in fit.held.items():
        yield f"{axis} {NONE} (one value, {number(value)})"
