"""Running the validation: our fitter and baselines on the same synthetic cases."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context

import numpy as np
import pandas as pd

from ...analysis import (
    Array,
    FittedLaw,
    Monomial,
    Series,
    check_table,
    collapse,
    find_leading_parts,
    fit_law,
    fit_series,
    parse,
    point_values,
    split_series,
)
from .baselines import (
    Baseline,
    BaselineData,
    BaselineError,
    BaselineLaw,
    BigO,
    ExtraP,
    LogLogLine,
    comparable_exponents,
)
from .noise import Noise
from .results import CaseResult, summarise
from .synthetic import MUCH_OVERHEAD, Kind, SyntheticCase, draw_cases

#: Predictions are compared with the truth at this multiple of the largest size of every axis.
FAR_FACTOR = 4.0
#: Residual standard deviation of the best law without noise, from which on a truth is no law.
NO_LAW_RESIDUAL = 0.1


def _repeat_noise(sd: float) -> Noise:
    """Return noise between repeats alone, with one standard deviation."""
    return Noise(repeat_sd=(sd, sd), shared=0.0, size_sd=(0.0, 0.0), process_sd=(0.0, 0.0))


#: The kinds of cases by name.
KINDS: Mapping[str, Kind] = {
    "on the law": Kind(),
    "off the law": Kind(off_law=True),
    "on the law, much overhead": Kind(overhead=MUCH_OVERHEAD),
    "off the law, much overhead": Kind(off_law=True, overhead=MUCH_OVERHEAD),
    "overlapping costs": Kind(overhead=MUCH_OVERHEAD, overlapping=True),
    "a step": Kind(stepped=True),
    "a step that comes little by little": Kind(gradual=True),
    "a slope that changes": Kind(slope_break=True),
    "a term that is not known": Kind(foreign=True),
    "overhead hides it": Kind(overhead=MUCH_OVERHEAD, hidden=True),
    "no law": Kind(switching=True),
    "too few sizes": Kind(small=True),
    "2 % between repeats": Kind(noise=_repeat_noise(0.02)),
    "5 % between repeats": Kind(noise=_repeat_noise(0.05)),
    "10 % between repeats": Kind(noise=_repeat_noise(0.10)),
    "n²·d + n·d², 5 %": Kind(order="n**2*d + n*d**2", noise=_repeat_noise(0.05)),
}


def case_results(some: Sequence[SyntheticCase], baselines: Sequence[Baseline]) -> list[CaseResult]:
    """Fit cases, given only theory's leading order, and compare the laws with the truth."""
    series = [_series(case.table) for case in some]
    points = [BaselineData(one.axes, one.sizes, one.values) for one in series]
    given = [(own, case.truth.leading) for own, case in zip(points, some, strict=True)]
    laws = {baseline.name: baseline.fit_all(points) for baseline in baselines}
    found = {
        baseline.name: comparable_exponents(baseline, given, laws[baseline.name])
        for baseline in baselines
    }
    return [
        _case_result(
            case,
            one,
            {name: each[at] for name, each in found.items()},
            {name: each[at] for name, each in laws.items()},
        )
        for at, (case, one) in enumerate(zip(some, series, strict=True))
    ]


def _case_result(
    case: SyntheticCase,
    series: Series,
    found: Mapping[str, Array],
    laws: Mapping[str, BaselineLaw],
) -> CaseResult:
    one = fit_series(series, parse(case.name))
    law = one.law
    assert isinstance(law, FittedLaw)  # a case has many points, and noise
    assert one.judgement is not None
    oracle = _oracle(case, series)
    truth = _truth(case, law)
    estimate = np.array([e.estimate for e in law.exponents])
    low = np.array([e.low for e in law.exponents])
    high = np.array([e.high for e in law.exponents])
    predicted = np.empty(0, dtype=bool)
    if law.has_intervals:
        beyond = _points(case.extrapolated, series.axes)
        _, least, most = law.predict(beyond.sizes, interval=0.95)
        predicted = (least <= beyond.values) & (beyond.values <= most)
    far = FAR_FACTOR * series.sizes.max(axis=0, keepdims=True)
    at = case.truth(far)
    given: dict[str, Callable[[Array], Array]] = {"": law.predict, "oracle": oracle.predict}
    given |= {name: baseline.predict for name, baseline in laws.items()}
    return CaseResult(
        errors=np.abs(estimate - truth),
        oracle_errors=np.abs([e.estimate for e in oracle.exponents] - _truth(case, oracle)),
        baseline_errors={name: np.abs(each - truth) for name, each in found.items()},
        interval_covers=(low <= truth) & (truth <= high),
        widths=high - low,
        prediction_covers=predicted,
        far_errors={
            name: float(np.abs(predict(far) / at - 1)[0]) for name, predict in given.items()
        },
        verdict=one.judgement.verdict,
        two_regimes=bool(law.regimes),
        lawless=bool(case.truth.switches) and _smallest_residual(case, series) >= NO_LAW_RESIDUAL,
    )


def _series(rows: pd.DataFrame) -> Series:
    return next(iter(split_series(check_table(rows, "synthetic"), "synthetic")))


def _points(rows: pd.DataFrame, axes: tuple[str, ...]) -> BaselineData:
    """Collapse rows to points, for any number of points."""
    points = collapse(rows, list(axes))
    return BaselineData(axes, points[list(axes)].to_numpy(float), point_values(points))


def _truth(case: SyntheticCase, law: FittedLaw) -> Array:
    """Return the true exponents, (axes,); at a slope break, of the side that the law describes."""
    change, own = case.truth.change, case.truth.exponents
    truth = np.array([own[axis] for axis in law.axes])
    if change is not None and law.slope_break is not None and not law.slope_break.beyond:
        truth += change.slope_change * np.array(change.along.powers)
    return truth


def _oracle(case: SyntheticCase, series: Series) -> FittedLaw:
    """Fit with the true lower-order terms given."""
    return fit_law(
        series.sizes,
        series.values,
        case.truth.leading,
        [term for _, term in case.truth.terms],
        overlap=case.truth.overlap > 1,
        regimes=case.truth.change is not None,
        processes=series.processes,
        intervals=False,
    )


def _smallest_residual(case: SyntheticCase, series: Series) -> float:
    """Return the residual standard deviation of the best law of the truth without noise."""
    lead = case.truth.leading
    law = fit_law(
        series.sizes,
        case.truth(series.sizes),
        lead,
        lead.divisors(),
        overlap=True,
        regimes=True,
        intervals=False,
    )
    return law.diagnostics.residual_sd


def recover_exact_orders() -> tuple[int, int]:
    """Search for x^p·log^q x without noise, p ≤ 3 and q ≤ 2; return how many are found, and all.

    An overhead is added to each, and the search is given nothing else.
    """
    sizes = 2 ** np.linspace(5, 14, 37)[:, None]
    laws = [Monomial((float(p),), (q,)) for p, q in itertools.product(range(4), range(3)) if p + q]
    right = 0
    for law in laws:
        column = law.column(sizes)
        form, *_ = find_leading_parts(("n",), sizes, 0.1 * column.min() + column)
        right += form.text == law.text(("n",))
    return right, len(laws)


def _batch(number: int, seed: int, kind: str, extrap: str | None) -> list[CaseResult]:
    return case_results(list(draw_cases(number, seed, KINDS[kind])), _baselines(extrap))


def _baselines(extrap: str | None) -> list[Baseline]:
    """Collect the baselines that are installed."""
    found: list[Baseline] = [LogLogLine()]
    with suppress(BaselineError):
        found.append(BigO())
    return [*found, ExtraP(extrap)] if extrap else found


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let new processes use one BLAS thread: matrices are small, and all cores are busy."""
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
    extrap: str | None = None,
    progress: Callable[[int, int, object], None] | None = None,
) -> pd.DataFrame:
    """Fit `number` cases of each kind.

    Parameters
    ----------
    number
        Cases of each kind.
    seed
        Seed of the cases; the same seed gives the same figures.
    workers
        Number of processes; by default one for each core.
    extrap
        A Python interpreter that has Extra-P, to compare with Extra-P as well.
    progress
        Called after each batch of cases with the number of batches done, the number of all, and
        the batch's kind and seed.

    Returns
    -------
    A row for each kind of case, with the figures of `summarise`.
    """
    # Batches have a fixed size, so that the figures do not depend on the number of workers.
    chunk = 25
    jobs = [
        (min(chunk, number - start), seed * 1_000_003 + start, kind, extrap)
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
