"""Verdicts: the growth matches theory, differs from it, or the points cannot tell.

Each judgement has a reason, which is computed from the fit and says what to measure if unresolved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache

import numpy as np

from ..breakpoints import StepTerm
from ..fitting import BOUND, TheoryComparison, compare_with_theory
from ..formatting import number
from ..laws import LEAST_LEADING_SHARE, ExactLaw, Exponent, FittedLaw, Law
from ..regression import TOLERANCE
from .overhead import MOSTLY, levels, overhead_by_size, overhead_in_words

#: An exponent matches if its whole interval lies within ± this of theory's.
MARGIN = 0.2

_FEWEST_SIZES = 4
_BOUND_TOLERANCE = 0.05  # an interval this near to the end of the searched range is cut off by it
_STRONG_EVIDENCE = np.log(1000)  # log likelihood ratio that rules out theory's exponent
_BEYOND_ROUNDS = 2.0  # scatter above this multiple of that between rounds is not noise
_LARGE_SCATTER = 0.02  # of the points around a law: more rounds make the interval narrower
_LEAST_LED_RATIO = 4  # least ratio of the sizes at which the leading term takes the larger part


class Verdict(Enum):
    """The result of comparing a law with theory."""

    MATCHES = "matches"
    DIFFERS = "differs"
    UNRESOLVED = "unresolved"

    @property
    def advice(self) -> str:
        """What the verdict means for a reader."""
        return {
            Verdict.MATCHES: "the layer grows here as theory says",
            Verdict.DIFFERS: "the layer grows here differently from theory",
            Verdict.UNRESOLVED: "these points cannot tell; the reason says what to measure",
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
        The law.
    expected
        Theory's exponent of each axis that theory names.
    margin
        Largest deviation that still counts as a match.
    at_most
        Whether an exponent below theory's matches too: "no worse than O(n·d²)".

    Returns
    -------
    The judgement of the law, and of each expected exponent by axis.
    """

    @cache
    def compared() -> TheoryComparison:  # takes as long as a fit, so only where it decides
        assert isinstance(law, FittedLaw)
        return compare_with_theory(law)

    by_axis = {
        e.axis: _judge_exponent(law, e, expected[e.axis], margin, at_most, compared)
        for e in law.exponents
        if e.axis in expected
    }
    verdicts = {judgement.verdict for judgement in by_axis.values()}
    worst = (v for v in (Verdict.DIFFERS, Verdict.UNRESOLVED) if v in verdicts)
    verdict = next(worst, Verdict.MATCHES)
    reasons = [each.reason for each in by_axis.values() if each.verdict is verdict]
    if isinstance(law, FittedLaw):
        reasons += _remarks(law)
    elif law.regimes:
        reasons.append(law.regimes)
    return Judgement(verdict, "; ".join(dict.fromkeys(reasons))), by_axis


def _remarks(law: FittedLaw) -> Iterator[str]:
    """Yield what qualifies any verdict on a fitted law: untested structure, scatter, regimes."""
    diagnostics = law.diagnostics
    if law.has_intervals and not diagnostics.testable:
        yield (
            "whether the law describes the points could not be tested: there is one value per "
            "point, and too few points are neighbours"
        )
    if diagnostics.between_round_sd is not None and diagnostics.residual_sd > max(
        TOLERANCE, _BEYOND_ROUNDS * diagnostics.between_round_sd
    ):
        yield (
            f"the points scatter by {diagnostics.residual_sd:.1%} around the law, but a point's "
            f"rounds differ by only {diagnostics.between_round_sd:.1%}: the rest is the same in "
            "each round, such as a kernel that is chosen by the size"
        )
    if law.step is not None:
        yield _two_regimes(law, law.step)
    elif law.regimes:
        yield f"two regimes: {law.regimes}; the verdict is about the other side"


def _two_regimes(law: FittedLaw, step: StepTerm) -> str:
    """Say what changes at the breakpoint, and that the exponents hold on both sides."""
    at = [term for _, term in law.terms].index(step)
    parts = law.parts(law.sizes) ** law.overlap
    share = (parts[:, at] / parts.sum(axis=1)).max()
    return (
        f"two regimes: {law.regimes}, up to {share:.0%} of the time; the exponents "
        "are taken to hold on both sides"
    )


def _judge_exponent(
    law: Law,
    exponent: Exponent,
    theory: float,
    margin: float,
    at_most: bool,
    compared: Callable[[], TheoryComparison],
) -> Judgement:
    """Test equivalence by interval inclusion: matches within the margin, differs outside it."""
    low, high = -np.inf if at_most else theory - margin, theory + margin
    within = low <= exponent.low and exponent.high <= high
    stated = _stated(exponent, theory)
    if isinstance(law, ExactLaw):
        return _judge_exact(law, exponent, theory, low, high)
    assert isinstance(law, FittedLaw)
    if not within and (reason := _along_breakpoint(law, exponent)):
        return Judgement(Verdict.UNRESOLVED, reason)
    # First the reasons for which the interval itself cannot be trusted.
    for doubt in (_too_few, _hidden, _not_described, _at_search_bound):
        if reason := doubt(law, exponent):
            return Judgement(Verdict.UNRESOLVED, reason)
    if within:
        inside = f"at most {margin:g} above" if at_most else f"within ±{margin:g}"
        return Judgement(Verdict.MATCHES, f"{stated}: {inside}")
    if exponent.high < low and (reason := _perhaps_hidden(law, exponent)):
        return Judgement(Verdict.UNRESOLVED, reason)
    if exponent.low > high or exponent.high < low:
        if reason := _fits_as_well(law, exponent, compared()):
            return Judgement(Verdict.UNRESOLVED, reason)
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
    if law.valid_from is not None and exponent.high < low:
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
    """Give a reason to doubt an exponent along whose axis the law has a breakpoint.

    A breakpoint has one of a few forms. Where a cache overflows in another way, the exponent
    compensates for it; and a slope break may be a step between few sizes.
    """
    at = law.axes.index(exponent.axis)
    if law.slope_break is not None and law.slope_break.axis == at:
        where, what = f"{exponent.axis} = {number(law.slope_break.place)}", "be a step"
    elif law.step is not None and law.step.breakpoint.along.powers[at]:
        where = f"{law.step.breakpoint.along.text(law.axes)} = {number(law.step.limit)}"
        what = "have another form"
    else:
        return None
    change = "which shifts this exponent"
    if _is_cut_off(law, exponent):
        change += " to the end of the searched range"
    return (
        f"{_compared(law, exponent)}: the breakpoint at {where} may {what}, {change}: measure "
        "more sizes on one side of it"
    )


def _too_few(law: FittedLaw, exponent: Exponent) -> str | None:
    sizes = levels(law, exponent.axis)
    if len(sizes) < 3:
        listed = " and ".join(f"{s:g}" for s in sizes)
        return (
            f"{exponent.axis} takes {len(sizes)} values ({listed}): "
            f"measure at least {_FEWEST_SIZES}"
        )
    if law.sample is None and law.coefficient > 0:
        return (
            f"{len(law.values)} points for a law of {len(law.values) - law.residual_df} free "
            "parameters: measure more sizes"
        )
    return None


def _hidden(law: FittedLaw, exponent: Exponent) -> str | None:
    share = 1 - law.overhead()
    if law.coefficient == 0 or share.max() < LEAST_LEADING_SHARE:
        return (
            f"the leading term takes at most {share.max():.0%} of the time at any point: "
            f"measure larger {' and '.join(law.axes)}"
        )
    # Where it leads over less than two octaves, its exponent depends as much on the form of the
    # lower-order terms.
    at, sizes = law.axes.index(exponent.axis), levels(law, exponent.axis)
    leads = [size for size in sizes if share[law.sizes[:, at] == size].max() > MOSTLY]
    short = (
        sizes[-1] < _LEAST_LED_RATIO * sizes[0]
    )  # all sizes span less: then the interval decides
    if not short and (not leads or leads[-1] < _LEAST_LED_RATIO * leads[0]):
        return f"{_compared(law, exponent)}: {overhead_in_words(law, exponent.axis)}"
    return None


def _perhaps_hidden(law: FittedLaw, exponent: Exponent) -> str | None:
    """Give a reason to doubt too low an exponent: theory's term may be hidden by a lower one."""
    if law.log_likelihood_ratio(exponent.axis) >= _STRONG_EVIDENCE:
        return None
    return (
        f"{_compared(law, exponent)}: a lower-order term may have taken the place of theory's "
        f"term, which may be too small to see: measure larger {exponent.axis}"
    )


def _fits_as_well(law: FittedLaw, exponent: Exponent, theory: TheoryComparison) -> str | None:
    """Give a reason to doubt a difference: theory's law may fit as well."""
    if theory.log_likelihood_ratio >= _STRONG_EVIDENCE:
        return None
    return (
        f"{_compared(law, exponent)}: theory fits as well with its lower-order terms (the points "
        f"scatter by {theory.residual_sd:.1%} around it, by {law.diagnostics.residual_sd:.1%} "
        f"around the law), and {law.leading.text()} then takes at most "
        f"{theory.leading_share:.0%} of the time: measure larger {exponent.axis}"
    )


def _not_described(law: FittedLaw, exponent: Exponent) -> str | None:
    diagnostics = law.diagnostics
    axis, size, share = diagnostics.axis, diagnostics.size, diagnostics.share
    if diagnostics.describes_points:
        return None
    if axis is not None and size is not None and share is not None:
        where = (
            f": at {axis} = {size:g} the points lie {abs(share):.0%} "
            f"{'above' if share > 0 else 'below'} it"
        )
        return (
            f"the law leaves residuals of {diagnostics.structure_sd:.0%} that follow the "
            f"sizes{where}; fit the regimes separately, or name the missing term"
        )
    if diagnostics.structure_sd:
        return (
            f"the law leaves residuals of {diagnostics.structure_sd:.0%} that neighbouring "
            "sizes share; fit the regimes separately, or name the missing term"
        )
    return (
        f"the points scatter by {diagnostics.residual_sd:.0%} around the law: kernels may switch "
        "between sizes, or the machine was disturbed"
    )


def _is_cut_off(law: FittedLaw, exponent: Exponent) -> bool:
    """Whether the end of the searched range cuts the interval off."""
    degree = law.leading.degree(exponent.axis)
    return max(exponent.high - degree, degree - exponent.low) >= BOUND - _BOUND_TOLERANCE


def _at_search_bound(law: FittedLaw, exponent: Exponent) -> str | None:
    if not _is_cut_off(law, exponent):
        return None
    degree = law.leading.degree(exponent.axis)
    return (
        f"{_compared(law, exponent)} reaches the end of the searched range ({degree - BOUND:g} to "
        f"{degree + BOUND:g}): {_why_wide(law, exponent)}"
    )


def _why_wide(law: FittedLaw, exponent: Exponent, margin: float | None = None) -> str:
    axis = exponent.axis
    sizes = levels(law, axis)
    by_size = overhead_by_size(law, axis)
    if by_size[-1] > MOSTLY or (by_size[: len(sizes) // 2 + 1] > MOSTLY).all():
        return overhead_in_words(law, axis)
    if margin is not None and exponent.high - exponent.low <= margin:
        return f"the interval lies across the edge of ±{margin:g}"
    if len(sizes) < _FEWEST_SIZES:
        return f"{axis} takes {len(sizes)} values: measure at least {_FEWEST_SIZES}"
    if law.diagnostics.residual_sd > _LARGE_SCATTER:
        return (
            f"the points scatter by {law.diagnostics.residual_sd:.1%} around the law over "
            f"{axis} = {sizes[0]:g} to {sizes[-1]:g}: measure more rounds, or a wider range "
            f"of {axis}"
        )
    return (
        f"lower-order terms could take its place over {axis} = {sizes[0]:g} to {sizes[-1]:g}: "
        f"measure a wider range of {axis}"
    )
