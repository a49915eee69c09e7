"""How far signals carry: what a record of `measure.dependencies` says, as rows and in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite, sqrt
from pathlib import Path
from typing import Any

import numpy as np

from ...analysis import NONE, Array, Estimate, number, sizes
from ...errors import LayerlawError
from .decay import Decay, decay, mean, slower

#: What the record is called in a folder, and its figure.
RECORD, FIGURE = "dependencies.json", "dependencies.svg"

#: Head of the table of `SignalDecay.row`, of `Trained.row` and of `Gates.row`.
HEAD = ("layer", "law, of δ", "halved at δ", "at 1 %", "law off by")
TRAINED_HEAD = (
    "layer",
    "law before training",
    "law after it",
    "mean λ less by",
    "recalled",
    "from far",
)
GATES_HEAD = (
    "lstm",
    "weights",
    "mean forget gate",
    "λ of ∏f",
    "λ of ∂C_n/∂C_t",
    "less by",
    "∏f leaves out",
)

EXPLAINED = (
    "The gradient of the last output with respect to each input position, ‖∂y_n/∂x_t‖, against "
    "the distance δ = n − t: its law with a 95 % interval over seeds, the distances at which the "
    "law has fallen to a half and to one percent of what it is at δ = 1, and the factor by which "
    "the law is off at a typical distance."
)
TRAINED_EXPLAINED = (
    "Before and after a short training to name, at the end of a sequence, the one symbol that "
    "stood somewhere in it among noise. The gradient is that with respect to the symbol's "
    "position. Recalled: the share of symbols that are named rightly, wherever they stood, and of "
    "those in the first quarter."
)
GATES_EXPLAINED = (
    "Along an LSTM's cell alone ∂C_n/∂C_t is the product of the forget gates ∏f; the true "
    "derivative also goes through the gates, by way of h. Rates are mean exponential ones; ∏f "
    "leaves out the given share of the derivative, at δ = 1 and at the largest."
)

FIELD_HEAD = ("layers", "k", "width, by squares", "√(L(k² − 1)/12)", "reach", "farthest seen")
FIELD_EXPLAINED = (
    "Stacks of the layer conv, seen from the middle of a long sequence. Width: the standard "
    "deviation of the distance, weighted by the squared gradient, over seeds. With independent "
    "weights the "
    "expected squared gradient is the distribution of a sum of L steps, each uniform over the "
    "kernel's k places, so it is nearly Gaussian and √(L(k² − 1)/12) wide, while the reach is "
    "L(k − 1)/2 (Luo et al. 2016)."
)

#: The states of the weights, in the order in which they are shown.
DRAWN, BEFORE, AFTER = "as drawn", "before training", "trained"

_SYMBOLS = {"exponential": "λ", "power": "α", "gaussian": "σ"}
_FORMULAS = {"exponential": "exp(−λδ)", "power": "δ^(−α)", "gaussian": "exp(−δ²/2σ²)"}


class RecordError(LayerlawError):
    """A record cannot be read; the message is one line."""


@dataclass(frozen=True)
class SignalDecay:
    """How far one subject carries a signal, with one state of its weights.

    Attributes
    ----------
    layer, variant, state
        The subject, and whether its weights are as drawn or trained.
    norms
        (seeds, distances), distance 0 first.
    law
        The law of the norms; None where there is none, and `why` says why.
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

    @property
    def words(self) -> str:
        """The law in words, or why there is none."""
        return law_text(self.law) if self.law else self.why

    @property
    def row(self) -> tuple[str, ...]:
        """Cells for `HEAD`."""
        off = f"{self.law.misfit:.2f}×" if self.law else NONE
        return (
            self.label,
            self.words,
            distance_text(self.law, 0.5),
            distance_text(self.law, 0.01),
            off,
        )

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        decay = self.law and {
            "law": self.law.law,
            "shape": self.law.shape,
            "rate": asdict(self.law.rate),
            "likelihoods": dict(self.law.weights),
            "misfit": self.law.misfit,
            "reach": self.law.reach,
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
        How far it carries.
    less
        By how much the mean exponential rate fell, seed by seed; None where one has no law.
    accuracy, far
        Share of symbols recalled, wherever they stood and from the first quarter, over seeds.
    """

    before: SignalDecay
    after: SignalDecay
    less: Estimate[float] | None
    accuracy: Estimate[float]
    far: Estimate[float]

    @property
    def row(self) -> tuple[str, ...]:
        """Cells for `TRAINED_HEAD`."""
        return (
            self.before.label,
            self.before.words,
            self.after.words,
            interval_text(self.less) if self.less else NONE,
            _share(self.accuracy),
            _share(self.far),
        )

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        return {
            "before": self.before.as_dict(),
            "after": self.after.as_dict(),
            "less": self.less and asdict(self.less),
            "accuracy": asdict(self.accuracy),
            "far": asdict(self.far),
        }


@dataclass(frozen=True)
class Gates:
    """An LSTM's forget gates beside its cell, with one state of its weights.

    Attributes
    ----------
    variant, state
        The forget bias, and whether its weights are as drawn or trained.
    true, product
        ‖∂C_n/∂C_t‖/√d and ‖∏f‖/√d by seed and distance.
    mean_gate
        Mean forget gate.
    rate, product_rate, less
        Mean exponential rates of both, and by how much the cell's is less, seed by seed.
    near, far
        Share of the derivative that the product leaves out, at distance 1 and the largest.
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

    @property
    def row(self) -> tuple[str, ...]:
        """Cells for `GATES_HEAD`."""
        intervals = (self.mean_gate, self.product_rate, self.rate, self.less)
        left_out = f"{self.near.estimate:.0%}, {self.far.estimate:.0%}"
        return self.variant, self.state, *map(interval_text, intervals), left_out

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        found = ("mean_gate", "rate", "product_rate", "less", "near", "far")
        intervals = {name: asdict(getattr(self, name)) for name in found}
        return {"variant": self.variant, "state": self.state, **intervals}


@dataclass(frozen=True)
class Dependencies:
    """What a record says: subjects as drawn, trained ones, and forget gates.

    Attributes
    ----------
    initial, trained, gates, fields
        A row each; `fields` are the effective receptive fields as the record has them.
    measured, training
        (label, value) pairs: when, on what and how; the second is empty without training.
    """

    initial: Sequence[SignalDecay]
    trained: Sequence[Trained]
    gates: Sequence[Gates]
    fields: Sequence[Mapping[str, Any]]
    measured: Sequence[tuple[str, str]]
    training: Sequence[tuple[str, str]]

    @property
    def how(self) -> list[tuple[str, str]]:
        """(label, value) pairs of both: how it was measured."""
        return [*self.measured, *((f"training · {label}", said) for label, said in self.training)]

    @property
    def tables(self) -> list[tuple[str, str, Sequence[str], Sequence[Sequence[str]]]]:
        """Title, explanation, head and rows of each table that has rows."""
        told = [
            ("At initialisation", EXPLAINED, HEAD, [each.row for each in self.initial]),
            (
                "Forget gates beside the cell",
                GATES_EXPLAINED,
                GATES_HEAD,
                [each.row for each in self.gates],
            ),
            (
                "The effective receptive field",
                FIELD_EXPLAINED,
                FIELD_HEAD,
                [field_row(each) for each in self.fields],
            ),
            ("After training", TRAINED_EXPLAINED, TRAINED_HEAD, [e.row for e in self.trained]),
        ]
        return [each for each in told if each[3]]

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        return {
            "initial": [each.as_dict() for each in self.initial],
            "trained": [each.as_dict() for each in self.trained],
            "gates": [each.as_dict() for each in self.gates],
            "fields": list(self.fields),
        }


def read_record(path: Path) -> dict[str, Any]:
    """Read a record.

    Raises
    ------
    RecordError
        If the file is none.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError):
        record = None
    if not isinstance(record, dict) or record.get("schema") != 1 or "initial" not in record:
        raise RecordError(f"{path}: not a record of layerlaw dependencies")
    return record


def dependencies(record: Mapping[str, Any]) -> Dependencies:
    """Find the laws of a record. What was trained is told of the subjects of this run alone."""
    initial, training = record["initial"], record.get("trained") or {}
    drawn = [_carried(each, DRAWN, each["norms"]) for each in initial["profiles"]]
    chosen = {(each.layer, each.variant) for each in drawn}
    kept = {
        kind: [e for e in training.get(kind, []) if (e["layer"], e["variant"]) in chosen]
        for kind in ("profiles", "forgetting")
    }
    return Dependencies(
        initial=drawn,
        trained=[_trained(each) for each in kept["profiles"]],
        gates=[
            *(_gates(each, DRAWN, each) for each in initial["forgetting"]),
            *(
                _gates(each, state, each[name])
                for each in kept["forgetting"]
                for state, name in ((BEFORE, "before"), (AFTER, "after"))
            ),
        ],
        fields=initial["fields"],
        measured=_how(initial),
        training=_how(training) if kept["profiles"] else [],
    )


def _how(part: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say when, on what and how a part of a record was measured."""
    machine = part["machine"]
    told = {
        "date": part["made"],
        "processor": machine.get("cpu", NONE),
        "PyTorch": machine.get("torch", NONE),
        "sizes": sizes(part["sizes"]),
        "seeds": part["seeds"],
        "sequences for each seed": part.get("sequences"),
        "steps of training": part.get("steps"),
        "seconds": part.get("seconds"),
    }
    return [(label, str(value)) for label, value in told.items() if value is not None]


def _carried(profile: Mapping[str, Any], state: str, norms: Sequence[Sequence[Any]]) -> SignalDecay:
    values = np.array(norms, dtype=float)
    try:
        law, why = decay(values), ""
    except ValueError as error:
        law, why = None, str(error)
    return SignalDecay(profile["layer"], profile["variant"], state, values, law, why)


def _trained(profile: Mapping[str, Any]) -> Trained:
    before = _carried(profile, BEFORE, profile["before"])
    after = _carried(profile, AFTER, profile["after"])
    return Trained(
        before,
        after,
        slower(before.law, after.law) if before.law and after.law else None,
        mean(np.array(profile["accuracy"])),
        mean(np.array(profile["far"])),
    )


def _gates(named: Mapping[str, Any], state: str, found: Mapping[str, Any]) -> Gates:
    true, product, between = (np.array(found[name]) for name in ("true", "gates", "between"))
    cell, alone = decay(true), decay(product)
    return Gates(
        variant=named["variant"],
        state=state,
        true=true,
        product=product,
        mean_gate=mean(np.array(found["mean_gate"])),
        rate=mean(cell.rates["exponential"]),
        product_rate=mean(alone.rates["exponential"]),
        less=slower(alone, cell),
        near=mean(between[:, 1]),
        far=mean(between[:, -1]),
    )


def law_text(law: Decay) -> str:
    """Write a law with its interval: ``exp(−λδ), λ = 0.73 [0.66, 0.8]``."""
    symbol, rate = _SYMBOLS[law.shape], law.rate
    if law.shape == "gaussian" and rate.low > 0:
        rate = Estimate(*(1 / sqrt(2 * r) for r in (rate.estimate, rate.high, rate.low)))
    elif law.shape == "gaussian":
        symbol = "1/2σ²"
    words = {"none": "no decay", "grows": f"grows, {_FORMULAS[law.shape]}"}
    end = f"; 0 beyond δ = {law.reach}" if law.reach is not None else ""
    return f"{words.get(law.law, _FORMULAS[law.shape])}, {symbol} = {interval_text(rate)}{end}"


def interval_text(found: Estimate[float]) -> str:
    """Write an interval for a reader."""
    return str(found).replace("-", "−")


def distance_text(law: Decay | None, share: float) -> str:
    """Say at which distance a law has fallen to a share, as far as it was measured."""
    if law is None:
        return NONE
    end = law.farthest if law.reach is None else law.reach
    beyond = f"> {end}" if law.reach is None else f"{end + 1}"  # out of reach all is zero
    at = law.falls_to(share)
    if at.estimate > end:
        return beyond
    high = number(at.high) if at.high <= end else beyond
    return f"{number(at.estimate)} [{number(at.low)}, {high}]"


def _share(found: Estimate[float] | None) -> str:
    if found is None:
        return NONE
    return f"{found.estimate:.0%} [{max(found.low, 0):.0%}, {min(found.high, 1):.0%}]"


def _finite(found: Estimate[float]) -> dict[str, float | None]:
    return {name: each if isfinite(each) else None for name, each in asdict(found).items()}


def field_row(field: Mapping[str, Any]) -> tuple[str, ...]:
    """Cells for `FIELD_HEAD`."""
    return (
        str(field["depth"]),
        str(field["k"]),
        interval_text(mean(np.array(field["widths"]))),
        number(field["expected"]),
        str(field["reach"]),
        str(field["reached"]),
    )
