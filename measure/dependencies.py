"""How far signals carry: gradients at initialisation and after a short training, with their record.

Everything is held as JSON holds it, raw norms by seed and distance, so that laws can be found again
from a record that is kept. It loads torch.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..layers import Sizes
from . import recall
from .forgetting import forgetting
from .influence import Network, Subject, build, geometric_mean, normal, profile, receptive_field
from .machine import fingerprint

#: Of the record's form.
SCHEMA = 1

#: Sequences that the norms of one seed are a geometric mean over.
SEQUENCES = 4

#: Depths of the stacks of convolutions whose effective receptive fields are measured.
DEPTHS = (2, 4, 8, 16)

#: Is told what is done, of how much, and what is at hand.
Progress = Callable[[int, int, str], object]

Array = NDArray[np.float64]
Record = dict[str, Any]


def at_initialisation(
    subjects: Sequence[Subject], sizes: Sizes, seeds: int, progress: Progress
) -> Record:
    """Measure gradients with weights as they are drawn and unit-normal inputs.

    Parameters
    ----------
    subjects
        What is looked at.
    sizes
        n and d.
    seeds
        How many; each draws weights and inputs anew.
    progress
        Told before each seed of each subject.
    """
    depths = DEPTHS if any(s.layer == "conv" for s in subjects) else ()
    total = len(subjects) * seeds + len(depths) + 1
    profiles, gates = [], []
    with _one_thread():
        for at, subject in enumerate(subjects):
            norms, forgot = [], []
            for seed in range(seeds):
                progress(at * seeds + seed + 1, total, subject.label)
                norms.append(profile(subject, sizes, seed, SEQUENCES))
                if subject.forget_bias is not None:
                    x = normal(SEQUENCES, sizes, seed)
                    forgot.append(_forgetting(build(subject, sizes, seed), x))
            profiles.append(_named(subject, norms=_plain(norms)))
            if forgot:
                gates.append(_named(subject, **_together(forgot)))
        fields = []
        for at, depth in enumerate(depths):
            progress(len(subjects) * seeds + at + 1, total, "receptive field")
            field = receptive_field(depth, sizes["d"], range(seeds))
            fields.append({**vars(field), "widths": list(field.widths)})
    return {
        **_where(sizes, seeds),
        "sequences": SEQUENCES,
        "profiles": profiles,
        "forgetting": gates,
        "fields": fields,
    }


def after_training(
    subjects: Sequence[Subject], sizes: Sizes, seeds: int, steps: int, progress: Progress
) -> Record:
    """Train each subject to recall (`recall`), and measure gradients before and after.

    Parameters
    ----------
    subjects, sizes, seeds
        As of `at_initialisation`; each seed also draws its own sequences.
    steps
        Steps of the training.
    progress
        Told now and then, in steps.
    """
    total = len(subjects) * seeds * steps + 1
    profiles, gates = [], []
    begun = monotonic()
    with _one_thread():
        for at, subject in enumerate(subjects):
            found: dict[str, list[recall.Recall]] = {"before": [], "after": []}
            forgot: dict[str, list[Record]] = {"before": [], "after": []}
            for seed in range(seeds):
                model = recall.recaller(subject, sizes, seed)
                for state in found:
                    if state == "after":
                        for step in recall.train(model, sizes["n"], steps, seed):
                            done = (at * seeds + seed) * steps + step
                            progress(done, total, f"training {subject.label}")
                    found[state].append(recall.examine(model, sizes["n"], seed))
                    if subject.forget_bias is not None:
                        x = recall.embedded(model, SEQUENCES, sizes["n"], seed)
                        forgot[state].append(_forgetting(model.network, x))
            before, after = found["before"], found["after"]
            profiles.append(
                _named(
                    subject,
                    before=_plain([each.norms for each in before]),
                    after=_plain([each.norms for each in after]),
                    accuracy=[each.accuracy for each in after],
                    far=[each.far for each in after],
                )
            )
            if subject.forget_bias is not None:
                gates.append(
                    _named(subject, **{state: _together(each) for state, each in forgot.items()})
                )
    return {
        **_where(sizes, seeds),
        "steps": steps,
        "seconds": round(monotonic() - begun),
        "chance": 1 / recall.SYMBOLS,
        "profiles": profiles,
        "forgetting": gates,
    }


def _forgetting(network: Network, x: Tensor) -> Record:
    """Follow the cell of a network of one LSTM."""
    (lstm,) = network.layers
    W, b = (lstm.get_parameter(name).double() for name in ("W", "b"))
    found = forgetting(W, b, x.double())
    return {
        "true": geometric_mean(found.true),
        "gates": geometric_mean(found.gates),
        "between": found.between.mean(axis=0),
        "mean_gate": found.mean_gate,
    }


def _together(found: Sequence[Record]) -> Record:
    """Put what each seed gave side by side."""
    return {name: _plain([each[name] for each in found]) for name in found[0]}


def _named(subject: Subject, **found: Any) -> Record:
    return {"layer": subject.layer, "variant": subject.variant, **found}


def _where(sizes: Sizes, seeds: int) -> Record:
    """Say when and on what it was measured."""
    return {
        "made": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": fingerprint(),
        "sizes": dict(sizes),
        "seeds": seeds,
    }


def _plain(rows: Sequence[Array] | Sequence[float]) -> Any:
    """Give numbers with five digits as JSON holds them, NaN as null."""
    return _rounded(np.asarray(rows).tolist())


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return None if np.isnan(value) else float(f"{value:.5g}")


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch take one thread: matrices are small, and several would wait for one another."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
