"""A law in words, as an expression, and as JSON holds it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..breakpoints import CapacityBreakpoint, credible_range_text
from ..formatting import number
from .terms import product

if TYPE_CHECKING:
    from .law import Law


def summary(law: Law) -> str:
    """Describe the law in a few lines of text."""
    left, overhead = law.diagnostics, law.overhead()
    lines = [
        f"law        {expression(law)}",
        f"exponents  {'; '.join(map(str, law.exponents))}",
        f"points     {len(law.values)}, which scatter around it by {left}",
        f"overhead   {overhead.min():.0%} to {overhead.max():.0%} of it, by point",
    ]
    if left.structure_sd:
        lines.append(f"left over  {left.structure_sd:.1%} that follows the sizes")
    if len(law.overlaps) > 1:
        lines.append(f"overlap    {_overlap(law)}")
    if regimes(law):
        lines.append(f"regimes    {regimes(law)}")
    return "\n".join(lines)


def regimes(law: Law) -> str:
    """Say in words where the law changes, and how; empty where all points follow one."""
    if law.since is not None:
        return (
            f"the law holds from {law.since.axis} = {number(law.since.size)} on; "
            f"{law.since.below} points below it follow others"
        )
    if law.step is not None:
        return law.step.words(law.axes, law.breakpoint_interval)
    if law.slope_break is None or law.slope_change is None:
        return ""
    axis, slope_break = law.axes[law.slope_break.axis], law.slope_break
    own = law.exponents[slope_break.axis]
    there = replace(
        law.slope_change,
        axis=axis,
        estimate=own.estimate + law.slope_change.estimate,
        low=own.estimate + law.slope_change.low,
        high=own.estimate + law.slope_change.high,
    )
    side = "from" if slope_break.beyond else "up to"
    low, high = slope_break.low, slope_break.high
    between = f"between {number(low)} and {number(high)}"
    between += credible_range_text(law.breakpoint_interval, low, high)
    return (
        f"{side} {axis} = {number(slope_break.place)} ({between}) the leading term grows "
        f"with {there} instead of {own.estimate:.2f}"
    )


def _overlap(law: Law) -> str:
    """Say how far its costs overlap, and how sure that is."""
    most = max((p for p in law.overlaps if p > 1), key=lambda p: law.overlaps[p])
    together = 1 - law.overlaps.get(1, 0.0)
    if together < 0.5:
        return f"costs add up (p = 1): {1 - together:.0%}"
    likely = [p for p, share in law.overlaps.items() if p > 1 and share > 0.05 * together]
    about = f"{min(likely):.2g} to {max(likely):.2g}" if len(likely) > 1 else f"{most:.2g}"
    return f"costs overlap, p = {about}: {together:.0%}"


def expression(law: Law) -> str:
    """Write the law as SymPy reads it, in the size symbols and the metric's unit."""
    if law.polynomials:
        sums = [
            " + ".join(_exactly(c, term.text(law.axes)) for c, term in each)
            for each in law.polynomials
        ]
        return sums[0] if len(sums) == 1 else f"Max({', '.join(sums)})"
    written = [product(c, term.text(law.axes)) for c, term in law.terms]
    if law.coefficient:
        written += [
            product(law.coefficient * weight, term.text(law.axes, law.shift) + _bent(law))
            for weight, term in law.leading.terms
        ]
    if law.overlap == 1:
        return " + ".join(written)
    p = f"{law.overlap:g}"
    return f"({' + '.join(f'({term})**{p}' for term in written)})**(1/{p})"


def _bent(law: Law) -> str:
    """Write the factor of the leading part beyond a bend, as SymPy reads it."""
    if law.slope_break is None or law.slope_change is None:
        return ""
    axis, place = law.axes[law.slope_break.axis], f"{law.slope_break.place:.12g}"
    factor = f"({axis}/{place})**{law.slope_change.estimate:.10g}"
    sign = ">" if law.slope_break.beyond else "<"
    return f"*Piecewise(({factor}, {axis} {sign} {place}), (1, True))"


def _exactly(coefficient: Fraction, text: str) -> str:
    return "*".join(filter(None, [str(coefficient) if coefficient != 1 or not text else "", text]))


def to_dict(law: Law) -> dict[str, Any]:
    """Give a law as JSON holds it: its terms, its regimes, and its exponents with intervals."""
    return {
        "law": expression(law),
        "terms": _terms(law),
        "overlap": law.overlap,
        "regimes": _regimes(law),
        "exponents": {
            each.axis: {"estimate": each.estimate, "low": each.low, "high": each.high}
            for each in law.exponents
        },
    }


def _terms(law: Law) -> list[dict[str, Any]]:
    """Give each term with its coefficient, those that lead last."""
    lower = [(c, term.text(law.axes), False) for c, term in law.terms]
    leads = [
        (law.coefficient * weight, term.text(law.axes, law.shift) + _bent(law), True)
        for weight, term in (law.leading.terms if law.coefficient else ())
    ]
    return [
        {"coefficient": coefficient, "term": text or "1", "leading": leading}
        for coefficient, text, leading in [*lower, *leads]
    ]


def _regimes(law: Law) -> list[dict[str, Any]]:
    """Give the breakpoint between regimes, where there is one."""
    if law.step is not None:
        breakpoint = law.step.breakpoint
        found = {
            "term": law.step.plain(law.axes) or "1",
            "along": breakpoint.along.text(law.axes),
            "low": breakpoint.low,
            "high": breakpoint.high,
            "middle": breakpoint.middle,
            "part": law.step.part,
            "gradual": isinstance(breakpoint, CapacityBreakpoint),
            "beyond": law.step.beyond,
        }
    elif law.slope_break is not None and law.slope_change is not None:
        found = {
            "term": law.leading.formula,
            "along": law.axes[law.slope_break.axis],
            "low": law.slope_break.low,
            "high": law.slope_break.high,
            "beyond": law.slope_break.beyond,
            "bend": {each: getattr(law.slope_change, each) for each in ("estimate", "low", "high")},
        }
    else:
        return []
    plain = {"middle": None, "part": 1.0, "gradual": False, "bend": None}
    return [
        {
            **plain,
            **found,
            "interval": law.breakpoint_interval,
            "probability": law.breakpoint_probability,
        }
    ]
