"""The record of the experiment, ``dependencies.json``: reading it and fitting its laws."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ...analysis import NONE, Array, Estimate, sizes_text
from ...measure import FileError, load_record
from .decay import fit_decay, mean_interval, rate_difference
from .results import AFTER, BEFORE, INITIAL, Dependencies, Gates, SignalDecay, TrainingEffect
from .stored_record import SCHEMA, StoredRecord

#: File names of the record and of its figure.
RECORD_FILE, FIGURE_FILE = "dependencies.json", "dependencies.svg"


_REMEDY = "not a record of `layerlaw dependencies`: delete it, or name another folder"

Part = Mapping[str, Any]
T = TypeVar("T")


class RecordError(FileError):
    """A record cannot be read; the message is one line."""


def read_record(path: Path) -> dict[str, Any]:
    """Read a record.

    Raises
    ------
    RecordError
        If the file is not a record.
    """
    _, content = load_record(path, StoredRecord, version=SCHEMA, remedy=_REMEDY, error=RecordError)
    return content


def fit_record(record: Part, name: str = RECORD_FILE) -> Dependencies:
    """Fit the laws of a record; trainings of subjects that it no longer measures are left out.

    Parameters
    ----------
    record
        As `read_record` returns it.
    name
        What messages call it, such as the path of its file.

    Raises
    ------
    RecordError
        If an array of the record has no rows or columns of equal lengths, or too few.
    """
    initial, training = record["initial"], record.get("trained") or {}

    def fitted(of: Callable[[Part], T], parts: Iterable[Part], place: str) -> Iterator[T]:
        for at, part in enumerate(parts):
            try:
                yield of(part)
            except ValueError as error:
                raise RecordError(f"{name}: {place}[{at}]: {error}; {_REMEDY}") from None

    drawn = list(
        fitted(
            lambda each: _signal_decay(each, INITIAL, "norms"),
            initial["profiles"],
            "initial.profiles",
        )
    )
    chosen = {(each.layer, each.variant) for each in drawn}
    trained = {
        kind: [e for e in training.get(kind, []) if (e["layer"], e["variant"]) in chosen]
        for kind in ("profiles", "forgetting")
    }
    states = [
        {**each[state], "variant": each["variant"], "state": state}
        for each in trained["forgetting"]
        for state in _STATES
    ]
    return Dependencies(
        initial=drawn,
        trainings=list(fitted(_training_effect, trained["profiles"], "trained.profiles")),
        gates=[
            *fitted(_gates, initial["forgetting"], "initial.forgetting"),
            *fitted(_gates, states, "trained.forgetting"),
        ],
        fields=initial["fields"],
        measurement=_settings(initial),
        training=_settings(training) if trained["profiles"] else [],
    )


#: States of a network that is trained, by their name in the record.
_STATES = {"before": BEFORE, "after": AFTER}


def _settings(part: Part) -> list[tuple[str, str]]:
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


def _array(part: Part, key: str) -> Array:
    """Return norms by seed and distance, (seeds, distances); what is unknown is NaN."""
    lengths = {len(row) for row in part[key]}
    if len(lengths) != 1 or min(lengths) < 2:
        raise ValueError(f"{key} must have rows of one length, of 2 distances at least")
    return np.array(part[key], dtype=float)


def _mean(part: Part, key: str) -> Estimate[float]:
    """Return the mean of a number of each seed with its interval."""
    if len(part[key]) < 2:
        raise ValueError(f"{key} must have the numbers of 2 seeds at least")
    return mean_interval(np.array(part[key], dtype=float))


def _signal_decay(profile: Part, state: str, key: str) -> SignalDecay:
    values = _array(profile, key)
    try:
        law, why = fit_decay(values), ""
    except ValueError as error:
        law, why = None, str(error)
    return SignalDecay(profile["layer"], profile["variant"], state, values, law, why)


def _training_effect(profile: Part) -> TrainingEffect:
    before, after = (_signal_decay(profile, state, key) for key, state in _STATES.items())
    return TrainingEffect(
        before,
        after,
        rate_difference(before.law, after.law) if before.law and after.law else None,
        _mean(profile, "accuracy"),
        _mean(profile, "far"),
    )


def _gates(part: Part) -> Gates:
    true, product, between = (_array(part, name) for name in ("true", "gates", "between"))
    cell, alone = fit_decay(true), fit_decay(product)
    return Gates(
        variant=part["variant"],
        state=_STATES.get(part.get("state", ""), INITIAL),
        true=true,
        product=product,
        mean_gate=_mean(part, "mean_gate"),
        rate=mean_interval(cell.rates["exponential"]),
        product_rate=mean_interval(alone.rates["exponential"]),
        rate_decrease=rate_difference(alone, cell),
        near=mean_interval(between[:, 1]),
        far=mean_interval(between[:, -1]),
    )
