"""The figures of a report: for each an info, computed and tested, and a way to draw it.

A figure is a row of panels that wraps on a narrow screen, so that its text stays readable at
any width.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ...analysis import (
    CAUSES,
    EXTRAPOLATION,
    Crossing,
    Crossovers,
    Fit,
    Law,
    called,
    listed,
    number,
    quantity,
    sizes,
    thresholds_info,
)
from ...measure import PEAK_BYTES, PRODUCT_RATE
from ..content import Gaps, Roofs, gaps_info, roofs_info, speeds_info
from . import drawing
from .curves import Curves, slopes_info, times_info
from .exponents import Exponents, exponents_info
from .theme import render


@dataclass(frozen=True)
class Picture:
    """Panels as inline SVG, each with its description, and what is to be seen in words."""

    panels: Sequence[str]
    caption: str


def law_pictures(fit: Fit) -> list[Picture]:
    """Draw one law along each of its axes: its values, then its local slopes."""
    if fit.law is None:
        return []
    return [_times(fit, fit.law), _slopes(fit, fit.law)]


def exponents_picture(fits: Sequence[Fit], margin: float) -> Picture | None:
    """Draw all exponents beside theory; None where no law was fitted."""
    infos = exponents_info(fits)
    if not infos:
        return None
    panels = [
        render(
            partial(drawing.exponents, info, margin),
            plot=0.2 * len(info.rows),
            label=_exponents_alt(info),
            left=drawing.label_width(info),
        )
        for info in infos
    ]
    return Picture(
        panels,
        f"Exponents with their 95 % intervals; the upright line is theory and the band ±"
        f"{number(margin)} around it. A disc matches, a cross differs, a triangle is unresolved, "
        "a square has no theory.",
    )


def gaps_picture(fits: Sequence[Fit]) -> Picture | None:
    """Draw why slopes are not theory's, by axis; None where no parts were timed."""
    infos = gaps_info(fits)
    if not infos:
        return None
    panels = [
        render(
            partial(drawing.gaps, info),
            plot=0.2 * max(len(info.rows), 3),
            label=_gaps_alt(info),
            left=drawing.label_width(info),
            legend=math.ceil(len(CAUSES) / drawing.GAP_COLUMNS),
        )
        for info in infos
    ]
    return Picture(
        panels,
        "What adds to the mean local slope of a layer, to the right, and what takes from it, to "
        "the left; the upright mark is their sum, the measured slope less theory's.",
    )


def _gaps_alt(info: Gaps) -> str:
    gap, causes = info.rows["slope"] - info.rows["theory"], info.rows[list(CAUSES)]
    said = [
        f"{label} {whole:+.2f}, most of it {CAUSES[str(cause)]}"
        for label, whole, cause in zip(
            info.rows["label"], gap, causes.abs().idxmax(axis="columns"), strict=True
        )
    ]
    return f"Local slope in {info.axis}, less theory's: {'; '.join(said)}."


def roofs_picture(fits: Sequence[Fit]) -> Picture | None:
    """Draw all points below the roof; None where the machine was not calibrated."""
    infos = roofs_info(fits)
    if not infos:
        return None
    panels = [
        render(
            partial(drawing.roofs, info),
            plot=2.6,
            label=_roofs_alt(info),
            left=0.8,
            legend=math.ceil(info.points["label"].nunique() / drawing.ROOF_COLUMNS),
        )
        for info in infos
    ]
    peaks = dict.fromkeys(
        f"{quantity(info.peak, PRODUCT_RATE.name)} ({info.engine})" for info in infos
    )
    return Picture(
        panels,
        "Points: FLOP/s that a layer reaches, against its FLOPs for each byte that it moves. Line: "
        "what this machine attains with what lies in its fastest cache; dashed: with what comes "
        f"from the largest working set. The peak is {listed(list(peaks))}.",
    )


def speeds_picture(fits: Sequence[Fit]) -> Picture | None:
    """Draw what the machine reaches by size; None where it was not calibrated."""
    panels = []
    for info in speeds_info(fits):
        first, last = (
            quantity(info.rows["size"].iloc[at], PEAK_BYTES.name)
            if info.metric == "bandwidth"
            else number(info.rows["size"].iloc[at])
            for at in (0, -1)
        )
        best = quantity(info.rows["value"].max(), info.metric)
        where = f" ({info.title})" if info.title else ""
        alt = f"{called(info.metric)}{where} for sizes of {first} to {last}: {best} at most."
        panels.append(render(partial(drawing.speeds, info), plot=2.2, label=alt, left=0.8))
    if not panels:
        return None
    return Picture(
        panels,
        "What this machine reached by size, the best of several engines: multiplying square "
        "matrices, and streaming a working set. What small ones lack is the cost of their calls.",
    )


def _roofs_alt(info: Roofs) -> str:
    best = info.points.groupby("label", sort=False)["rate"].max()
    said = [f"{label} {quantity(rate, PRODUCT_RATE.name)}" for label, rate in best.items()]
    where = f" ({info.title})" if info.title else ""
    peak = quantity(info.peak, PRODUCT_RATE.name)
    return f"Roofline{where} with the peak {peak}; the most that was reached: {listed(said)}."


def crossover_pictures(infos: Sequence[Crossovers]) -> tuple[Picture, list[Crossing]] | None:
    """Draw where layers cross over, and list the crossings; None where nothing compares."""
    if not infos:
        return None
    panels = []
    for info in infos:
        where = "" if info.d is None else f" at d = {number(info.d)}"
        names = listed(list(dict.fromkeys(info.lines["layer"])))
        alt = (
            f"{called(info.metric)} against n{where} for {names}, by their laws: "
            f"{_crossings_in_words(info.crossings)}."
        )
        lines = math.ceil(info.lines["layer"].nunique() / drawing.CROSSOVER_COLUMNS)
        panels.append(render(partial(drawing.crossovers, info), 2.6, alt, legend=lines))
    held = {size: value for info in infos for size, value in info.held.items()}
    return (
        Picture(
            panels,
            "What the laws predict against n, at one width a panel; rings mark where two lines "
            f"cross. Dashed: extrapolated, up to {number(EXTRAPOLATION)} times beyond the longest "
            "n that was measured."
            + (f" Layers that have it are taken at {sizes(held)}." if held else ""),
        ),
        [crossing for info in infos for crossing in info.crossings],
    )


def thresholds_picture(fits: Sequence[Fit]) -> Picture | None:
    """Draw from which n on other layers are cheaper, over d; None where no two cross twice."""
    infos = thresholds_info(fits)
    if not infos:
        return None
    panels = []
    for info in infos:
        names = list(dict.fromkeys(info.rows["cheaper"]))
        ends = info.rows.groupby("cheaper", sort=False).agg(
            {"d": ["first", "last"], "n": ["first", "last"]}
        )
        said = [
            f"{name} from n = {number(n0)} at d = {number(d0)} to n = {number(n1)} at d = "
            f"{number(d1)}"
            for name, d0, d1, n0, n1 in ends.itertuples()
        ]
        alt = f"The n from which others cost less than {info.dearer}, against d: {listed(said)}."
        lines = math.ceil(len(names) / drawing.CROSSOVER_COLUMNS)
        panels.append(render(partial(drawing.thresholds, info), 2.2, alt, legend=lines))
    return Picture(
        panels,
        "From which n on another layer costs less, against the width, with 95 % intervals; a "
        "hollow mark is extrapolated.",
    )


def _times(fit: Fit, law: Law) -> Picture:
    metric = fit.series.metric
    infos = [times_info(fit, law, axis) for axis in law.axes]
    panels = [
        render(
            partial(drawing.times, info, metric),
            plot=2.2,
            legend=drawing.legend_lines(info),
            label=_curve_alt(called(metric), info)
            + f", from {quantity(info.points['value'].min(), metric)} "
            f"to {quantity(info.points['value'].max(), metric)}"
            + (f"; theory's exponent is {number(info.degree)}" if info.degree is not None else ""),
        )
        for info in infos
    ]
    caption = (
        f"Points: measured {called(metric)}. Lines: the fitted law. The dotted line has theory's "
        "slope; where the points run along it, the leading term has taken over."
        if any(len(info.theory) for info in infos)
        else f"Points: measured {called(metric)}. Lines: the fitted law."
    )
    return Picture(panels, caption + _held_in_words(infos, moved=True))


def _slopes(fit: Fit, law: Law) -> Picture:
    infos = [slopes_info(fit, law, axis) for axis in law.axes]
    panels = [
        render(
            partial(drawing.slopes, info),
            plot=2.2,
            legend=drawing.legend_lines(info),
            label=_curve_alt("local slope", info)
            + (f"; theory's exponent is {number(info.degree)}" if info.degree is not None else "")
            + (
                f"; the law's slope ends at {info.lines['value'].iloc[-1]:.2f} for the largest "
                f"{info.hue or info.axis}"
                if len(info.lines)
                else ""
            ),
        )
        for info in infos
    ]
    caption = (
        "Local slopes, the exponent that two neighbouring sizes would tell. Points: between "
        "neighbouring measurements. Lines: the fitted law's, with their 95 % intervals."
    )
    if any(len(info.theory) for info in infos):
        caption += " Dashed: those of the FLOPs that theory counts."
    if any(info.degree is not None for info in infos):
        caption += " The level line is theory's exponent."
    if outside := sum(info.outside for info in infos):
        caption += f" {outside} points lie beyond the frame."
    return Picture(panels, caption + _held_in_words(infos, moved=False))


def _curve_alt(what: str, info: Curves) -> str:
    axis = info.points[info.axis] if len(info.points) else info.lines[info.axis]
    levels = np.unique(info.lines["hue"])
    alt = f"{what} against {info.axis} = {number(axis.min())} to {number(axis.max())}"
    if info.hue is not None:
        alt += f", for {info.hue} = {listed([number(level) for level in levels])}"
    return alt


def _held_in_words(infos: Sequence[Curves], *, moved: bool) -> str:
    held = {size: value for info in infos for size, value in info.held.items()}
    text = ""
    if held:
        text += f" Where it takes no part, a size is held at {sizes(held)}"
        text += "; points measured elsewhere "
        text += "are moved there by the law's ratio." if moved else "keep their own."
    if left_out := max((info.left_out for info in infos), default=0):
        text += f" {left_out} values of the other size are not shown."
    return text


def _exponents_alt(info: Exponents) -> str:
    said = [
        f"{row.label} {row.estimate:.2f} [{row.low:.2f}, {row.high:.2f}]"
        + (f" {row.verdict}, theory {row.expected:g}" if row.verdict != "none" else "")
        for row in info.rows.itertuples()
    ]
    return f"exponents in {info.axis}: {'; '.join(said)}"


def _crossings_in_words(crossings: Sequence[Crossing]) -> str:
    if not crossings:
        return "no two cross"
    return "; ".join(
        f"{one.cheaper} is cheaper than {one.dearer} beyond n = {number(one.n)}"
        + (f" {one.interval}" if one.interval else "")
        + (" (extrapolated)" if one.extrapolated else "")
        for one in crossings
    )
