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
DRAWN, BEFORE, AFTER = "as drawn", "before training", "trained"


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
        with np.errstate(divide="ignore", invalid="ignore"):
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
            "half": _finite(self.law.falls_to(0.5)),
            "percent": _finite(self.law.falls_to(0.01)),
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
class Trained:
    """A subject before and after its training.

    Attributes
    ----------
    before, after
        Its gradients against distance.
    less
        Decrease of the mean exponential rate, paired by seed; None if a law is missing.
    accuracy, far
        Share of symbols recalled from all positions, and from the first quarter; means over seeds.
    """

    before: SignalDecay
    after: SignalDecay
    less: Estimate[float] | None
    accuracy: Estimate[float]
    far: Estimate[float]

    def as_dict(self) -> dict[str, Any]:
        """Convert to a dictionary for JSON."""
        return {
            "before": self.before.as_dict(),
            "after": self.after.as_dict(),
            "less": self.less and asdict(self.less),
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
    rate, product_rate, less
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
    less: Estimate[float]
    near: Estimate[float]
    far: Estimate[float]

    def as_dict(self) -> dict[str, Any]:
        """Convert to a dictionary for JSON."""
        found = ("mean_gate", "rate", "product_rate", "less", "near", "far")
        intervals = {name: asdict(getattr(self, name)) for name in found}
        return {"variant": self.variant, "state": self.state, **intervals}


@dataclass(frozen=True)
class Dependencies:
    """The results of a record.

    Attributes
    ----------
    initial, trained, gates
        Subjects at initialisation, subjects before and after training, and forget gates.
    fields
        Effective receptive fields, as in the record.
    measured, training
        (label, value) pairs with date, machine and settings of the measurement and of the
        training; the second is empty without training.
    """

    initial: Sequence[SignalDecay]
    trained: Sequence[Trained]
    gates: Sequence[Gates]
    fields: Sequence[Mapping[str, Any]]
    measured: Sequence[tuple[str, str]]
    training: Sequence[tuple[str, str]]

    @property
    def how(self) -> list[tuple[str, str]]:
        """(label, value) pairs of measurement and training."""
        return [*self.measured, *((f"training · {label}", value) for label, value in self.training)]

    def as_dict(self) -> dict[str, Any]:
        """Convert to a dictionary for JSON."""
        return {
            "initial": [each.as_dict() for each in self.initial],
            "trained": [each.as_dict() for each in self.trained],
            "gates": [each.as_dict() for each in self.gates],
            "fields": list(self.fields),
        }


def _finite(found: Estimate[float]) -> dict[str, float | None]:
    return {name: each if isfinite(each) else None for name, each in asdict(found).items()}
