"""Verdicts: the growth matches theory, differs from it, or these points cannot tell.

Each reason is computed from the fit; `Verdict.advice` says what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np

from ..breakpoints import StepTerm
from ..expressions import Array
from ..fitting import BOUND
from ..formatting import number
from ..laws import BARELY, ExactLaw, Exponent, FittedLaw, Law
from ..regression import TOLERANCE

#: An exponent matches when its whole interval lies within this of theory's.
MARGIN = 0.2

_FEWEST_SIZES = 4
_BOUND_TOLERANCE = 0.05  # an interval this near to the end of the search is cut off by it
_MOSTLY = 0.5  # overhead above this share of the time hides the leading term
_STRONG_EVIDENCE = np.log(1000)  # odds at which theory's own term is not there, hidden by others
_BEYOND_ROUNDS = 2.0  # times what rounds differ by, from which on scatter is no noise of theirs
_FEWEST_LED = 4  # ratio of the sizes between which the leading term has to take the larger part


class Verdict(Enum):
    """What a law says of theory."""

    MATCHES = "matches"
    DIFFERS = "differs"
    UNRESOLVED = "unresolved"

    @property
    def advice(self) -> str:
        """What a reader does with it."""
        return {
            Verdict.MATCHES: "the layer grows here as theory says",
            Verdict.DIFFERS: "the layer grows here otherwise than theory says",
            Verdict.UNRESOLVED: "these points cannot tell; the reason says what would",
        }[self]


@dataclass(frozen=True)
class Judgement:
    """A verdict and its reason in words."""

    verdict: Verdict
    reason: str


def judge_law(
    law: Law, expected: Mapping[str, float], margin: float = MARGIN, *, at_most: bool = False
) -> tuple[Judgement, dict[str, Judgement]]:
    """Judge a law and each of its exponents.

    Parameters
    ----------
    law
        The fitted law.
    expected
        Theory's exponent of each axis that it speaks of.
    margin
        Largest deviation that still counts as a match.
    at_most
        Whether an exponent below theory's matches too: "no worse than O(n·d²)".

    Returns
    -------
    The law's judgement, and each expected exponent's by axis.
    """
    single = {
        e.axis: _judge_exponent(law, e, expected[e.axis], margin, at_most)
        for e in law.exponents
        if e.axis in expected
    }
    found = {judged.verdict for judged in single.values()}
    worst = (v for v in (Verdict.DIFFERS, Verdict.UNRESOLVED) if v in found)
    verdict = next(worst, Verdict.MATCHES)
    reasons = [judged.reason for judged in single.values() if judged.verdict is verdict]
    if isinstance(law, FittedLaw):
        reasons += _remarks(law)
    elif law.regimes:
        reasons.append(law.regimes)
    return Judgement(verdict, "; ".join(dict.fromkeys(reasons))), single


def _remarks(law: FittedLaw) -> Iterator[str]:
    """Say what qualifies any verdict on a fitted law: what was not tested, and its regimes."""
    left = law.diagnostics
    if law.has_intervals and not left.testable:
        yield (
            "whether the law describes the points could not be tested: there is one value a point, "
            "and there are too few neighbours"
        )
    if left.between_round_sd is not None and left.residual_sd > max(
        TOLERANCE, _BEYOND_ROUNDS * left.between_round_sd
    ):
        yield (
            f"the points scatter by {left.residual_sd:.1%} around the law, where a point's rounds "
            f"differ by {left.between_round_sd:.1%} alone: what is left is the same in each "
            "round, such as a kernel's choice by the size"
        )
    if law.step is not None:
        yield _two_regimes(law, law.step)
    elif law.regimes:
        yield f"two regimes: {law.regimes}; the verdict is about the other side"


def _two_regimes(law: FittedLaw, step: StepTerm) -> str:
    """Say what changes at the breakpoint, and that the exponents are those of both sides."""
    at = [term for _, term in law.terms].index(step)
    parts = law.parts(law.sizes) ** law.overlap
    share = (parts[:, at] / parts.sum(axis=1)).max()
    return (
        f"two regimes: {law.regimes}, up to {share:.0%} of the time; the exponents "
        "are taken to be those of both sides"
    )


def _judge_exponent(
    law: Law, exponent: Exponent, theory: float, margin: float, at_most: bool
) -> Judgement:
    """Test equivalence by interval inclusion: matches within the margin, differs outside of it."""
    low, high = -np.inf if at_most else theory - margin, theory + margin
    within = low <= exponent.low and exponent.high <= high
    stated = _stated(exponent, theory)
    if isinstance(law, ExactLaw):
        return _judge_exact(law, exponent, theory, low, high)
    assert isinstance(law, FittedLaw)
    if not within and (reason := _along_breakpoint(law, exponent)):
        return Judgement(Verdict.UNRESOLVED, reason)
    # What makes the interval itself worthless comes before what it says.
    for doubt in (_too_few, _hidden, _not_described, _at_search_bound):
        if reason := doubt(law, exponent):
            return Judgement(Verdict.UNRESOLVED, reason)
    if within:
        inside = f"at most {margin:g} above" if at_most else f"within ±{margin:g}"
        return Judgement(Verdict.MATCHES, f"{stated}: {inside}")
    if exponent.high < low and (reason := _perhaps_hidden(law, exponent)):
        return Judgement(Verdict.UNRESOLVED, reason)
    if exponent.low > high or exponent.high < low:
        reason = _outside(exponent, theory)
        if law.diagnostics.residual_sd > TOLERANCE:
            reason += (
                f", by a law around which the points scatter by {law.diagnostics.residual_sd:.1%}"
            )
        return Judgement(Verdict.DIFFERS, reason)
    return Judgement(Verdict.UNRESOLVED, f"{stated}: {_why_wide(law, exponent, margin)}")


def _judge_exact(
    law: ExactLaw, exponent: Exponent, theory: float, low: float, high: float
) -> Judgement:
    """Judge an exponent that is known exactly."""
    stated = _stated(exponent, theory)
    if low <= exponent.estimate <= high:
        return Judgement(Verdict.MATCHES, f"{stated}: exactly")
    if law.since is not None and exponent.high < low:
        return Judgement(
            Verdict.UNRESOLVED,
            f"{stated}: where the law holds, another part of the pass needs most: "
            f"measure larger {exponent.axis}",
        )
    return Judgement(Verdict.DIFFERS, _outside(exponent, theory))


def _stated(exponent: Exponent, theory: float) -> str:
    return f"{exponent} (theory {theory:g})"


def _compared(law: Law, exponent: Exponent) -> str:
    return _stated(exponent, law.leading.degree(exponent.axis))


def _outside(exponent: Exponent, theory: float) -> str:
    way = "faster" if exponent.estimate > theory else "slower"
    return f"{_stated(exponent, theory)}: it grows {way} than theory here"


def _along_breakpoint(law: FittedLaw, exponent: Exponent) -> str | None:
    """Doubt an exponent along which the law changes.

    A breakpoint is taken to be of one of few forms. Where a cache is left in another way the
    exponent makes up for that; and a slope that changes may be a step between few sizes.
    """
    at = law.axes.index(exponent.axis)
    if law.slope_break is not None and law.slope_break.axis == at:
        where, what = f"{exponent.axis} = {number(law.slope_break.place)}", "a step"
    elif law.step is not None and law.step.breakpoint.along.powers[at]:
        where = f"{law.step.breakpoint.along.text(law.axes)} = {number(law.step.ends)}"
        what = "of another form"
    else:
        return None
    change = "which bends this exponent"
    if _is_cut_off(law, exponent):
        change += " to the edge of what is searched"
    return (
        f"{_compared(law, exponent)}: the border at {where} may be {what}, {change}: measure "
        "more sizes on one side of it"
    )


def _too_few(law: FittedLaw, exponent: Exponent) -> str | None:
    sizes = _levels(law, exponent.axis)
    if len(sizes) < 3:
        listed = " and ".join(f"{s:g}" for s in sizes)
        return (
            f"{exponent.axis} takes {len(sizes)} values ({listed}): "
            f"measure at least {_FEWEST_SIZES}"
        )
    if law.sample is None and law.coefficient > 0:
        return (
            f"{len(law.values)} points for a law of {len(law.values) - law.residual_df} free "
            "numbers: measure more sizes"
        )
    return None


def _hidden(law: FittedLaw, exponent: Exponent) -> str | None:
    share = 1 - law.overhead()
    if law.coefficient == 0 or share.max() < BARELY:
        return (
            f"the leading term takes at most {share.max():.0%} of the time at any point: "
            f"measure larger {' and '.join(law.axes)}"
        )
    # Where it leads over less than two octaves, its exponent says as much of the form of the
    # lower-order terms as of its own.
    at, sizes = law.axes.index(exponent.axis), _levels(law, exponent.axis)
    leads = [size for size in sizes if share[law.sizes[:, at] == size].max() > _MOSTLY]
    short = sizes[-1] < _FEWEST_LED * sizes[0]  # what is measured itself: the interval will tell
    if not short and (not leads or leads[-1] < _FEWEST_LED * leads[0]):
        return f"{_compared(law, exponent)}: {_overhead_in_words(law, exponent.axis)}"
    return None


def _perhaps_hidden(law: FittedLaw, exponent: Exponent) -> str | None:
    """Doubt an exponent that is too low: a lower-order term may stand where theory's is hidden."""
    if law.log_likelihood_ratio(exponent.axis) >= _STRONG_EVIDENCE:
        return None
    return (
        f"{_compared(law, exponent)}: a term of lower order may have taken the place of theory's, "
        f"which would be too small to be seen: measure larger {exponent.axis}"
    )


def _not_described(law: FittedLaw, exponent: Exponent) -> str | None:
    left = law.diagnostics
    if left.describes:
        return None
    if left.axis is not None and left.size is not None and left.share is not None:
        where = (
            f": at {left.axis} = {left.size:g} the points lie {abs(left.share):.0%} "
            f"{'above' if left.share > 0 else 'below'} it"
        )
        return (
            f"the law leaves {left.structure_sd:.0%} that follows the sizes{where}; "
            "fit the regimes apart, or name the missing term"
        )
    if left.structure_sd:
        return (
            f"the law leaves {left.structure_sd:.0%} that neighbouring sizes share; "
            "fit the regimes apart, or name the missing term"
        )
    return (
        f"the points scatter by {left.residual_sd:.0%} around the law: kernels may switch between "
        "sizes, or the machine was disturbed"
    )


def _is_cut_off(law: FittedLaw, exponent: Exponent) -> bool:
    """Whether the end of the search cuts its interval off."""
    degree = law.leading.degree(exponent.axis)
    return max(exponent.high - degree, degree - exponent.low) >= BOUND - _BOUND_TOLERANCE


def _at_search_bound(law: FittedLaw, exponent: Exponent) -> str | None:
    if not _is_cut_off(law, exponent):
        return None
    degree = law.leading.degree(exponent.axis)
    return (
        f"{_compared(law, exponent)} runs to the edge of what is searched ({degree - BOUND:g} to "
        f"{degree + BOUND:g}): {_why_wide(law, exponent, MARGIN)}"
    )


def _why_wide(law: FittedLaw, exponent: Exponent, margin: float) -> str:
    axis = exponent.axis
    sizes = _levels(law, axis)
    by_size = _overhead_by_size(law, axis)
    if by_size[-1] > _MOSTLY or (by_size[: len(sizes) // 2 + 1] > _MOSTLY).all():
        return _overhead_in_words(law, axis)
    if exponent.high - exponent.low <= margin:
        return f"the interval lies across the edge of ±{margin:g}"
    if len(sizes) < _FEWEST_SIZES:
        return f"{axis} takes {len(sizes)} values: measure at least {_FEWEST_SIZES}"
    if law.diagnostics.residual_sd > 0.02:
        return (
            f"the points scatter by {law.diagnostics.residual_sd:.1%} around the law over "
            f"{axis} = {sizes[0]:g} to {sizes[-1]:g}: measure more rounds, or a wider range "
            f"of {axis}"
        )
    return (
        f"terms of lower order could take its place over {axis} = {sizes[0]:g} to {sizes[-1]:g}: "
        f"measure a wider range of {axis}"
    )


def _overhead_by_size(law: FittedLaw, axis: str) -> Array:
    """Mean share of the lower-order terms at each size of an axis."""
    column, overhead = law.sizes[:, law.axes.index(axis)], law.overhead()
    return np.array([overhead[column == size].mean() for size in _levels(law, axis)])


def _overhead_in_words(law: FittedLaw, axis: str) -> str:
    """Say up to which size the lower-order terms take most of the time, and what to do about it."""
    axis = _remedy(law, axis)
    sizes, by_size = _levels(law, axis), _overhead_by_size(law, axis)
    hidden = np.flatnonzero(by_size > _MOSTLY)
    last = sizes[hidden[-1]] if len(hidden) else sizes[-1]
    share = law.overhead()[law.sizes[:, law.axes.index(axis)] <= last].mean()
    return (
        f"the overhead takes {share:.0%} of the time up to {axis} = {last:g}: measure larger {axis}"
    )


def _remedy(law: FittedLaw, axis: str) -> str:
    """Axis along which the overhead falls: that of the exponent, unless another does far more.

    A recurrent layer's overhead is one of each step: a longer sequence has as much of it.
    """
    now = law.overhead().mean()
    falls = {}
    for at, each in enumerate(law.axes):
        doubled = law.sizes.copy()
        doubled[:, at] *= 2
        falls[each] = now - law.overhead(doubled).mean()
    best = max(falls, key=lambda each: falls[each])
    return axis if falls[axis] >= falls[best] / 2 else best


def _levels(law: FittedLaw, axis: str) -> Array:
    return np.unique(law.sizes[:, law.axes.index(axis)])
