"""The record of the experiment, ``dependencies.json``: reading it and fitting its laws."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...analysis import NONE, sizes_text
from ...errors import LayerlawError
from .decay import fit_decay, mean_interval, rate_difference
from .results import AFTER, BEFORE, INITIAL, Dependencies, Gates, SignalDecay, TrainingEffect

#: File names of the record and of its figure.
RECORD_FILE, FIGURE_FILE = "dependencies.json", "dependencies.svg"


class RecordError(LayerlawError):
    """A record cannot be read; the message is one line."""


def read_record(path: Path) -> dict[str, Any]:
    """Read a record.

    Raises
    ------
    RecordError
        If the file is not a record.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError):
        record = None
    if not isinstance(record, dict) or record.get("schema") != 1 or "initial" not in record:
        raise RecordError(f"{path}: not a record of `layerlaw dependencies`")
    return record


def fit_record(record: Mapping[str, Any]) -> Dependencies:
    """Fit the laws of a record; trainings of subjects that it no longer measures are left out."""
    initial, training = record["initial"], record.get("trained") or {}
    drawn = [_signal_decay(each, INITIAL, each["norms"]) for each in initial["profiles"]]
    chosen = {(each.layer, each.variant) for each in drawn}
    trained = {
        kind: [e for e in training.get(kind, []) if (e["layer"], e["variant"]) in chosen]
        for kind in ("profiles", "forgetting")
    }
    return Dependencies(
        initial=drawn,
        trainings=[_training_effect(each) for each in trained["profiles"]],
        gates=[
            *(_gates(each, INITIAL, each) for each in initial["forgetting"]),
            *(
                _gates(each, state, each[name])
                for each in trained["forgetting"]
                for state, name in ((BEFORE, "before"), (AFTER, "after"))
            ),
        ],
        fields=initial["fields"],
        measurement=_settings(initial),
        training=_settings(training) if trained["profiles"] else [],
    )


def _settings(part: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List date, machine and settings of a part of a record, as (label, value) pairs."""
    machine = part["machine"]
    facts = {
        "date": part["made"],
        "processor": machine.get("cpu", NONE),
        "PyTorch": machine.get("torch", NONE),
        "sizes": sizes_text(part["sizes"]),
        "seeds": part["seeds"],
        "sequences for each seed": part.get("sequences"),
        "steps of training": part.get("steps"),
        "seconds": part.get("seconds"),
    }
    return [(label, str(value)) for label, value in facts.items() if value is not None]


def _signal_decay(
    profile: Mapping[str, Any], state: str, norms: Sequence[Sequence[Any]]
) -> SignalDecay:
    values = np.array(norms, dtype=float)
    try:
        law, why = fit_decay(values), ""
    except ValueError as error:
        law, why = None, str(error)
    return SignalDecay(profile["layer"], profile["variant"], state, values, law, why)


def _training_effect(profile: Mapping[str, Any]) -> TrainingEffect:
    before = _signal_decay(profile, BEFORE, profile["before"])
    after = _signal_decay(profile, AFTER, profile["after"])
    return TrainingEffect(
        before,
        after,
        rate_difference(before.law, after.law) if before.law and after.law else None,
        mean_interval(np.array(profile["accuracy"])),
        mean_interval(np.array(profile["far"])),
    )


def _gates(named: Mapping[str, Any], state: str, found: Mapping[str, Any]) -> Gates:
    true, product, between = (np.array(found[name]) for name in ("true", "gates", "between"))
    cell, alone = fit_decay(true), fit_decay(product)
    return Gates(
        variant=named["variant"],
        state=state,
        true=true,
        product=product,
        mean_gate=mean_interval(np.array(found["mean_gate"])),
        rate=mean_interval(cell.rates["exponential"]),
        product_rate=mean_interval(alone.rates["exponential"]),
        rate_decrease=rate_difference(alone, cell),
        near=mean_interval(between[:, 1]),
        far=mean_interval(between[:, -1]),
    )
