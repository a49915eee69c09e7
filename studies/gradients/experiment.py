"""The experiment: gradients against distance at initialisation and after a short training.

Results are dictionaries for JSON with raw norms by seed and distance, so that laws can be fitted
again from a record. It loads torch.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ... import layers
from ...layers import Sizes
from ...measure import digest, fingerprint, machine_id
from . import recall
from .forget_gates import differentiate_cell
from .jacobians import (
    Network,
    Subject,
    build_network,
    geometric_mean,
    gradient_profile,
    normal_sequences,
    receptive_field,
)
from .stored_record import SCHEMA as SCHEMA

#: Number of sequences; the norms of a seed are geometric means over them.
SEQUENCES = 4

#: Depths of the stacks of convolutions whose effective receptive field is measured.
DEPTHS = (2, 4, 8, 16)

#: States of a network that is trained.
STATES = ("before", "after")

#: Called with the number of steps done, the number of all, and what is being done.
Progress = Callable[[int, int, str], object]

Array = NDArray[np.float64]
Record = dict[str, Any]


def measure_at_initialisation(
    subjects: Sequence[Subject], sizes: Sizes, seeds: int, progress: Progress
) -> Record:
    """Measure gradients with random weights and unit-normal inputs.

    Parameters
    ----------
    subjects
        The networks to measure.
    sizes
        n and d.
    seeds
        Number of seeds; each draws new weights and inputs.
    progress
        Called before each seed of each subject.
    """
    depths = DEPTHS if any(s.layer == "conv" for s in subjects) else ()
    total = len(subjects) * seeds + len(depths) + 1
    profiles, gates = [], []
    with _one_thread():
        for at, subject in enumerate(subjects):
            norms, forgot = [], []
            for seed in range(seeds):
                progress(at * seeds + seed + 1, total, subject.label)
                norms.append(gradient_profile(subject, sizes, seed, SEQUENCES))
                if subject.forget_bias is not None:
                    x = normal_sequences(SEQUENCES, sizes, seed)
                    forgot.append(_cell_results(build_network(subject, sizes, seed), x))
            profiles.append(_with_subject(subject, norms=_to_json(norms)))
            if forgot:
                gates.append(_with_subject(subject, **_collect(forgot)))
        fields = []
        for at, depth in enumerate(depths):
            progress(len(subjects) * seeds + at + 1, total, "receptive field")
            field = receptive_field(depth, sizes["d"], range(seeds))
            fields.append({**vars(field), "widths": list(field.widths)})
    return {
        **_provenance(sizes, seeds),
        "sequences": SEQUENCES,
        "profiles": profiles,
        "forgetting": gates,
        "fields": fields,
    }


def measure_training(
    subjects: Sequence[Subject],
    sizes: Sizes,
    seeds: int,
    steps: int,
    progress: Progress,
    finished: MutableMapping[str, Record] | None = None,
    save: Callable[[], object] = lambda: None,
) -> Record:
    """Train each subject on the recall task, and measure gradients before and after.

    Parameters
    ----------
    subjects, sizes, seeds
        As for `measure_at_initialisation`; each seed also draws its own sequences.
    steps
        Steps of each training.
    progress
        Called every 50 steps; it counts the steps of trainings that are not in `finished`.
    finished
        Results of an earlier call by training, a training being one subject with one seed. New
        results are added; at the end all used ones are removed.
    save
        Called after each training, to save `finished`.
    """
    known = {} if finished is None else finished
    machine = machine_id(fingerprint())
    trainings = {
        (subject, seed): _training_digest(subject, sizes, seed, steps, machine)
        for subject in subjects
        for seed in range(seeds)
    }
    todo = {which: name for which, name in trainings.items() if name not in known}
    total, reused = len(todo) * steps + 1, len(trainings) - len(todo)
    resumed = f" ({reused} of {len(trainings)} trainings were finished earlier)" if reused else ""
    with _one_thread():
        for at, ((subject, seed), name) in enumerate(todo.items()):
            text = f"training {subject.label}{resumed}"
            tell = partial(_report_step, progress, at * steps, total, text)
            known[name] = _train_and_evaluate(subject, sizes, seed, steps, tell)
            save()
    profiles, gates, seconds = [], [], 0.0
    for subject in subjects:
        each = [known.pop(trainings[subject, seed]) for seed in range(seeds)]
        seconds += sum(one["seconds"] for one in each)
        profiles.append(_with_subject(subject, **_collect([one["profile"] for one in each])))
        if subject.forget_bias is not None:
            forgot = {state: [one["forgetting"][state] for one in each] for state in STATES}
            gates.append(_with_subject(subject, **{s: _collect(forgot[s]) for s in STATES}))
    return {
        **_provenance(sizes, seeds),
        "steps": steps,
        "seconds": round(seconds),
        "chance": 1 / recall.SYMBOLS,
        "profiles": profiles,
        "forgetting": gates,
    }


def _training_digest(subject: Subject, sizes: Sizes, seed: int, steps: int, machine: str) -> str:
    """Return the digest of all settings of a training."""
    text = layers.source_digest(subject.layer)
    return digest([SCHEMA, subject.label, text, dict(sizes), seed, steps, machine])


def _report_step(progress: Progress, before: int, total: int, what: str, step: int) -> None:
    progress(before + step, total, what)


def _train_and_evaluate(
    subject: Subject, sizes: Sizes, seed: int, steps: int, tell: Callable[[int], object]
) -> Record:
    """Train a subject with one seed and evaluate it before and after; for JSON."""
    begun = monotonic()
    model = recall.build_recaller(subject, sizes, seed)
    found: dict[str, recall.Recall] = {}
    forgot: Record = {}
    for state in STATES:
        if state == "after":
            for step in recall.train(model, sizes["n"], steps, seed):
                tell(step)
        found[state] = recall.evaluate_recall(model, sizes["n"], seed)
        if subject.forget_bias is not None:
            x = recall.embedded_sequences(model, SEQUENCES, sizes["n"], seed)
            forgot[state] = _cell_results(model.network, x)
    after = found["after"]
    return {
        "seconds": monotonic() - begun,
        "profile": {
            **{state: _to_json(found[state].norms) for state in STATES},
            "accuracy": after.accuracy,
            "far": after.far,
        },
        "forgetting": forgot,
    }


def _cell_results(network: Network, x: Tensor) -> Record:
    """Compute forget gates and cell derivative of a network of one LSTM; for JSON."""
    (lstm,) = network.layers
    W, b = (lstm.get_parameter(name).double() for name in ("W", "b"))
    found = differentiate_cell(W, b, x.double())
    return {
        "true": _to_json(geometric_mean(found.true)),
        "gates": _to_json(geometric_mean(found.gates)),
        "between": _to_json(found.between.mean(axis=0)),
        "mean_gate": _to_json(found.mean_gate),
    }


def _collect(found: Sequence[Record]) -> Record:
    """Collect the results of all seeds in one list for each name."""
    return {name: [each[name] for each in found] for name in found[0]}


def _with_subject(subject: Subject, **found: Any) -> Record:
    return {"layer": subject.layer, "variant": subject.variant, **found}


def _provenance(sizes: Sizes, seeds: int) -> Record:
    """Return date, machine, sizes and seeds of a measurement."""
    return {
        "made": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": fingerprint(),
        "sizes": dict(sizes),
        "seeds": seeds,
    }


def _to_json(rows: Sequence[Array] | Array | float) -> Any:
    """Round to five significant digits for JSON; NaN becomes null."""
    return _round(np.asarray(rows).tolist())


def _round(value: Any) -> Any:
    if isinstance(value, list):
        return [_round(inner) for inner in value]
    return None if np.isnan(value) else float(f"{value:.5g}")


@contextmanager
def _one_thread() -> Iterator[None]:
    """Run torch on one thread: with small matrices several threads wait for one another."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
