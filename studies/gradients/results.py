"""The results of a record: laws of decay, forget gates, and what training changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import numpy as np

from ...analysis import Array, Estimate
from .decay import Decay

#: States of the weights, in the order in which they are shown.
INITIAL, BEFORE, AFTER = "as drawn", "before training", "trained"


@dataclass(frozen=True)
class SignalDecay:
    """The gradients of one subject against distance, in one state of its weights.

    Attributes
    ----------
    layer, variant, state
        The subject, and the state of its weights.
    norms
        (seeds, distances), distance 0 first.
    law
        The law of the norms, or None.
    why
        Why there is no law.
    """

    layer: str
    variant: str
    state: str
    norms: Array
    law: Decay | None
    why: str = ""

    @property
    def label(self) -> str:
        """Layer and variant."""
        return ", ".join(filter(None, [self.layer, self.variant]))

    @property
    def curve(self) -> Array:
        """Geometric mean of the norms over seeds, relative to distance 1."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            logs = np.log(self.norms).mean(axis=0)
            relative: Array = np.exp(logs - logs[1])
        return relative

    def as_dict(self) -> dict[str, Any]:
        """Convert to a dictionary for JSON."""
        decay = self.law and {
            "law": self.law.law,
            "shape": self.law.shape,
            "rate": asdict(self.law.rate),
            "likelihoods": dict(self.law.weights),
            "misfit": self.law.misfit,
            "reach": self.law.support,
            "half": _finite(self.law.distance_at_share(0.5)),
            "percent": _finite(self.law.distance_at_share(0.01)),
        }
        return {
            "layer": self.layer,
            "variant": self.variant,
            "state": self.state,
            "seeds": len(self.norms),
            "decay": decay,
            "why": self.why,
        }


@dataclass(frozen=True)
class TrainingEffect:
    """A subject before and after its training.

    Attributes
    ----------
    before, after
        Its gradients against distance.
    rate_decrease
        Decrease of the mean exponential rate, paired by seed; None if a law is missing.
    accuracy, far
        Share of symbols recalled from all positions, and from the first quarter; means over seeds.
    """

    before: SignalDecay
    after: SignalDecay
    rate_decrease: Estimate[float] | None
    accuracy: Estimate[float]
    far: Estimate[float]

    def as_dict(self) -> dict[str, Any]:
        """Convert to a dictionary for JSON."""
        return {
            "before": self.before.as_dict(),
            "after": self.after.as_dict(),
            "less": self.rate_decrease and asdict(self.rate_decrease),
            "accuracy": asdict(self.accuracy),
            "far": asdict(self.far),
        }


@dataclass(frozen=True)
class Gates:
    """An LSTM's forget gates and the derivative of its cell, in one state of its weights.

    Attributes
    ----------
    variant, state
        The forget bias, and the state of the weights.
    true, product
        ‖∂C_n/∂C_t‖/√d and ‖∏f‖/√d by seed and distance.
    mean_gate
        Mean forget gate.
    rate, product_rate, rate_decrease
        Mean exponential rates of both, and `product_rate` minus `rate`, paired by seed.
    near, far
        Share of the derivative that the product leaves out, at distance 1 and at the largest.
    """

    variant: str
    state: str
    true: Array
    product: Array
    mean_gate: Estimate[float]
    rate: Estimate[float]
    product_rate: Estimate[float]
    rate_decrease: Estimate[float]
    near: Estimate[float]
    far: Estimate[float]

    def as_dict(self) -> dict[str, Any]:
        """Convert to a dictionary for JSON."""
        intervals = {
            "mean_gate": self.mean_gate,
            "rate": self.rate,
            "product_rate": self.product_rate,
            "less": self.rate_decrease,
            "near": self.near,
            "far": self.far,
        }
        return {
            "variant": self.variant,
            "state": self.state,
            **{name: asdict(interval) for name, interval in intervals.items()},
        }


@dataclass(frozen=True)
class Dependencies:
    """The results of a record.

    Attributes
    ----------
    initial, trainings, gates
        Subjects at initialisation, subjects before and after training, and forget gates.
    fields
        Effective receptive fields, as in the record.
    measurement, training
        (label, value) pairs with date, machine and settings of the measurement and of the
        training; the second is empty without training.
    """

    initial: Sequence[SignalDecay]
    trainings: Sequence[TrainingEffect]
    gates: Sequence[Gates]
    fields: Sequence[Mapping[str, Any]]
    measurement: Sequence[tuple[str, str]]
    training: Sequence[tuple[str, str]]

    @property
    def settings(self) -> list[tuple[str, str]]:
        """(label, value) pairs of measurement and training."""
        return [
            *self.measurement,
            *((f"training · {label}", value) for label, value in self.training),
        ]

    def as_dict(self) -> dict[str, Any]:
        """Convert to a dictionary for JSON."""
        return {
            "initial": [each.as_dict() for each in self.initial],
            "trained": [each.as_dict() for each in self.trainings],
            "gates": [each.as_dict() for each in self.gates],
            "fields": list(self.fields),
        }


def _finite(found: Estimate[float]) -> dict[str, float | None]:
    return {name: each if isfinite(each) else None for name, each in asdict(found).items()}
