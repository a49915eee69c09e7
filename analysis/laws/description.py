"""Describe a law: in words, as a SymPy expression, and as JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..breakpoints import CapacityBreakpoint, credible_range_text
from ..expressions import product
from ..formatting import number

if TYPE_CHECKING:
    from .fitted import FittedLaw
    from .law import Law


def summary(law: Law) -> list[str]:
    """Describe any law: expression, exponents, points and overhead, a line each."""
    overhead = law.overhead()
    return [
        f"law        {law.expression}",
        f"exponents  {'; '.join(map(str, law.exponents))}",
        f"points     {len(law.values)}, which scatter around it by {law.diagnostics}",
        f"overhead   {overhead.min():.0%} to {overhead.max():.0%} of it, by point",
    ]


def fit_summary(law: FittedLaw) -> list[str]:
    """Describe what only fitted laws have: structure in the residuals, and the overlap."""
    lines = []
    if law.diagnostics.structure_sd:
        lines.append(
            f"structure  {law.diagnostics.structure_sd:.1%} of the residuals follows the sizes"
        )
    if len(law.overlaps) > 1:
        lines.append(f"overlap    {_overlap(law)}")
    return lines


def regimes(law: FittedLaw) -> str:
    """Describe in words where the law changes, and how; empty where all points follow one law."""
    if law.step is not None:
        return law.step.sentence(law.axes, law.breakpoint_interval)
    if law.slope_break is None or law.slope_change is None:
        return ""
    axis, slope_break = law.axes[law.slope_break.axis], law.slope_break
    own = law.exponents[slope_break.axis]
    other = replace(
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
        f"with {other} instead of {own.estimate:.2f}"
    )


def _overlap(law: FittedLaw) -> str:
    """Describe whether and how far costs overlap, with the posterior probability."""
    most = max((p for p in law.overlaps if p > 1), key=lambda p: law.overlaps[p])
    probability = 1 - law.overlaps.get(1, 0.0)
    if probability < 0.5:
        return f"costs add up (p = 1): {1 - probability:.0%}"
    likely = [p for p, own in law.overlaps.items() if p > 1 and own > 0.05 * probability]
    span = f"{min(likely):.2g} to {max(likely):.2g}" if len(likely) > 1 else f"{most:.2g}"
    return f"costs overlap, p = {span}: {probability:.0%}"


def expression(law: FittedLaw) -> str:
    """Write the law as SymPy reads it, in the size symbols and the metric's unit."""
    written = [product(c, term) for c, term, _ in _terms(law)]
    if law.overlap == 1:
        return " + ".join(written)
    p = f"{law.overlap:g}"
    return f"({' + '.join(f'({term})**{p}' for term in written)})**(1/{p})"


def slope_factor(law: FittedLaw) -> str:
    """Write the factor of the leading part beyond a slope break, as SymPy reads it."""
    if law.slope_break is None or law.slope_change is None:
        return ""
    axis, place = law.axes[law.slope_break.axis], f"{law.slope_break.place:.12g}"
    factor = f"({axis}/{place})**{law.slope_change.estimate:.10g}"
    sign = ">" if law.slope_break.beyond else "<"
    return f"*Piecewise(({factor}, {axis} {sign} {place}), (1, True))"


def to_dict(law: Law) -> dict[str, Any]:
    """Return a law for JSON: its terms, its regimes, and its exponents with intervals."""
    return {
        "law": law.expression,
        "terms": [
            {"coefficient": coefficient, "term": text or "1", "leading": leading}
            for coefficient, text, leading in _terms(law)
        ],
        "overlap": law.overlap,
        "regimes": law.regime_records(),
        "exponents": {
            each.axis: {"estimate": each.estimate, "low": each.low, "high": each.high}
            for each in law.exponents
        },
    }


def _terms(law: Law) -> list[tuple[float, str, bool]]:
    """Return each term's coefficient, text, and whether it leads; leading terms come last."""
    lower = [(c, term.text(law.axes), False) for c, term in law.terms]
    leads = [
        (law.coefficient * weight, term.text(law.axes, law.shift) + law.slope_factor, True)
        for weight, term in (law.leading.terms if law.coefficient else ())
        if weight
    ]
    return [*lower, *leads]


def regime_records(law: FittedLaw) -> list[dict[str, Any]]:
    """Return the breakpoint between regimes for JSON; empty without one."""
    if law.step is not None:
        breakpoint = law.step.breakpoint
        found = {
            "term": law.step.term_text(law.axes) or "1",
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
