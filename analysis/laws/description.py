"""A law in words, as an expression, and as JSON holds it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..breakpoints import Gradual, surely
from ..formatting import number
from .terms import product

if TYPE_CHECKING:
    from .law import Law


def summary(law: Law) -> str:
    """Describe the law in a few lines of text."""
    left, overhead = law.left_over, law.overhead()
    lines = [
        f"law        {expression(law)}",
        f"exponents  {'; '.join(map(str, law.exponents))}",
        f"points     {len(law.values)}, which scatter around it by {left}",
        f"overhead   {overhead.min():.0%} to {overhead.max():.0%} of it, by point",
    ]
    if left.structured:
        lines.append(f"left over  {left.structured:.1%} that follows the sizes")
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
        return law.step.words(law.axes, law.border)
    if law.bend is None or law.bent is None:
        return ""
    axis, bend = law.axes[law.bend.axis], law.bend
    own = law.exponents[bend.axis]
    there = replace(
        law.bent,
        axis=axis,
        estimate=own.estimate + law.bent.estimate,
        low=own.estimate + law.bent.low,
        high=own.estimate + law.bent.high,
    )
    return (
        f"{'from' if bend.beyond else 'up to'} {axis} = {number(bend.place)} (between "
        f"{number(bend.low)} and {number(bend.high)}"
        f"{surely(law.border, bend.low, bend.high)}) the leading term grows with {there} "
        f"instead of {own.estimate:.2f}"
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
    if law.bend is None or law.bent is None:
        return ""
    axis, place = law.axes[law.bend.axis], f"{law.bend.place:.12g}"
    factor = f"({axis}/{place})**{law.bent.estimate:.10g}"
    return f"*Piecewise(({factor}, {axis} {'>' if law.bend.beyond else '<'} {place}), (1, True))"


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
    """Give the border between regimes, where there is one."""
    if law.step is not None:
        border = law.step.border
        found = {
            "term": law.step.plain(law.axes) or "1",
            "along": border.along.text(law.axes),
            "low": border.low,
            "high": border.high,
            "middle": border.middle,
            "part": law.step.part,
            "gradual": isinstance(border, Gradual),
            "beyond": law.step.beyond,
        }
    elif law.bend is not None and law.bent is not None:
        found = {
            "term": law.leading.formula,
            "along": law.axes[law.bend.axis],
            "low": law.bend.low,
            "high": law.bend.high,
            "beyond": law.bend.beyond,
            "bend": {each: getattr(law.bent, each) for each in ("estimate", "low", "high")},
        }
    else:
        return []
    plain = {"middle": None, "part": 1.0, "gradual": False, "bend": None}
    return [{**plain, **found, "interval": law.border, "probability": law.stepped}]
