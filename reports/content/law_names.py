"""Names of laws in a report, such as "rnn (cuda)", and their order."""

from __future__ import annotations

from collections.abc import Sequence

from ... import layers
from ...analysis import NONE, Fit, metric_title


def sort_by_registry(fits: Sequence[Fit]) -> list[Fit]:
    """Sort fits in the registry's order of layers, unregistered layers last."""
    rank = {name: place for place, name in enumerate(layers.names())}
    return sorted(fits, key=lambda fit: rank.get(fit.series.layer, len(rank)))


def law_labels(fits: Sequence[Fit]) -> list[str]:
    """Name each law by its layer and its variant."""
    return [
        law_label(fit.series.layer, variant)
        for fit, variant in zip(fits, law_variants(fits), strict=True)
    ]


def law_label(layer: str, variant: str) -> str:
    """Name a law by its layer and its variant.

    >>> law_label("rnn", ""), law_label("rnn", "cuda")
    ('rnn', 'rnn (cuda)')
    """
    return f"{layer} ({variant})" if variant else layer


def law_variants(fits: Sequence[Fit]) -> list[str]:
    """Name each law's variant: its values of device, mode, metric and columns that vary."""
    known = [
        {
            "device": fit.series.device,
            "mode": fit.series.mode,
            "metric": metric_title(fit.series.metric),
            **{
                column: f"{column} {NONE if value is None else value}"
                for column, value in fit.series.by.items()
            },
        }
        for fit in fits
    ]
    vary = {key for one in known for key in one if len({other.get(key) for other in known}) > 1}
    return [", ".join(value for key, value in one.items() if key in vary) for one in known]
