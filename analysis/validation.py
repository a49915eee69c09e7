"""The fitter held against laws whose truth is known, beside a straight log-log line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import table
from .arrays import Array
from .fits import fit
from .synthetic import MUCH, Kind, SyntheticCase, cases
from .terms import Leading
from .verdict import Verdict


@dataclass(frozen=True)
class Outcome:
    """What the fitter made of one case.

    Attributes
    ----------
    errors, line_errors
        |exponent − truth| by axis, of the fitter and of a log-log line.
    covered
        By axis, whether the 95 % interval holds the truth.
    widths
        Widths of the intervals.
    verdict
        The law's verdict.
    stepped
        Whether two regimes were found.
    """

    name: str
    errors: Array
    line_errors: Array
    covered: NDArray[np.bool_]
    widths: Array
    verdict: Verdict
    stepped: bool


def outcome(case: SyntheticCase) -> Outcome:
    """Fit a case, told theory's leading order alone, and hold it against the truth."""
    one = fit(case.table, {case.name: case.name})[0]
    assert one.law is not None  # a case has many points
    assert one.judgement is not None
    truth = np.array([case.truth[e.axis] for e in one.law.exponents])
    estimate = np.array([e.estimate for e in one.law.exponents])
    low = np.array([e.low for e in one.law.exponents])
    high = np.array([e.high for e in one.law.exponents])
    return Outcome(
        name=case.name,
        errors=np.abs(estimate - truth),
        line_errors=np.abs(_line(case.table, case.theory) - truth),
        covered=(low <= truth) & (truth <= high),
        widths=high - low,
        verdict=one.judgement.verdict,
        stepped=one.law.step is not None,
    )


def _line(rows: pd.DataFrame, theory: Leading) -> Array:
    """Exponents of a straight line through the logarithms of all repeats' means.

    Where several terms lead, the line's slopes are held against the slopes that the leading
    part itself has on the grid.
    """
    series = next(iter(table.cut(table.check(rows, "synthetic"), "synthetic")))
    design = np.column_stack([np.ones(len(series.values)), np.log(series.sizes)])
    slopes = np.linalg.lstsq(design, np.log(series.values), rcond=None)[0][1:]
    if len(theory.terms) > 1:
        own = np.linalg.lstsq(design, np.log(theory.column(series.sizes)), rcond=None)[0][1:]
        slopes = slopes - own + np.array([theory.degree(a) for a in series.axes])
    return np.asarray(slopes)


#: The kinds of cases that are tried, by name.
KINDS: Mapping[str, Kind] = {
    "on the law": Kind(),
    "off the law": Kind(off_law=True),
    "on the law, much overhead": Kind(overhead=MUCH),
    "off the law, much overhead": Kind(off_law=True, overhead=MUCH),
    "on the law, overlapping": Kind(overhead=MUCH, overlapping=True),
    "on the law, two regimes": Kind(stepped=True),
}


def _batch(number: int, seed: int, kind: str) -> list[Outcome]:
    return [outcome(case) for case in cases(number, seed, KINDS[kind])]


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Have processes started meanwhile use one thread: matrices are small, and cores all busy."""
    name = "OPENBLAS_NUM_THREADS"
    before = os.environ.get(name)
    os.environ[name] = before or "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]


def validate(
    number: int,
    seed: int,
    *,
    workers: int | None = None,
    progress: Callable[[int, int, object], None] | None = None,
) -> pd.DataFrame:
    """Fit `number` cases of each kind: on the law and off it, with some overhead and with much.

    Parameters
    ----------
    number
        Cases of each kind.
    seed
        Of the cases: the same seed gives the same figures.
    workers
        Processes; as many as there are cores, by default.
    progress
        Called after each batch of cases with the number done, the number of all, and its seed.

    Returns
    -------
    One row for each kind of case: quantiles of the error beside a log-log line's, coverage and
    width of the 95 % intervals, and the shares of each verdict.
    """
    # Batches are of a fixed size, so that the figures do not depend on the number of workers.
    chunk = 25
    jobs = [
        (min(chunk, number - start), seed * 1_000_003 + start, kind)
        for kind in KINDS
        for start in range(0, number, chunk)
    ]
    with (
        _one_thread_each(),
        ProcessPoolExecutor(workers or os.cpu_count(), mp_context=get_context("spawn")) as pool,
    ):
        done = []
        for job, batch in zip(jobs, pool.map(_batch, *zip(*jobs, strict=True)), strict=True):
            done.append((job, batch))
            if progress is not None:
                progress(len(done), len(jobs), f"{job[2]}, from {job[1]}")
    rows = [
        {"cases": kind, **summarise([o for job, batch in done if job[2] == kind for o in batch])}
        for kind in KINDS
    ]
    return pd.DataFrame(rows).set_index("cases")


def summarise(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Sum up outcomes as the figures of the table."""
    errors = np.concatenate([o.errors for o in outcomes])
    line = np.concatenate([o.line_errors for o in outcomes])
    widths = np.concatenate([o.widths for o in outcomes])
    verdicts = [o.verdict for o in outcomes]
    return {
        "number": len(outcomes),
        "median error": float(np.median(errors)),
        "p95 error": float(np.quantile(errors, 0.95)),
        "line median error": float(np.median(line)),
        "line p95 error": float(np.quantile(line, 0.95)),
        "coverage": float(np.mean(np.concatenate([o.covered for o in outcomes]))),
        "two regimes": float(np.mean([o.stepped for o in outcomes])),
        "median width": float(np.median(widths)),
        **{v.value: verdicts.count(v) / len(verdicts) for v in Verdict},
    }
