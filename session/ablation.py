"""The exponents of a layer's law with each control of the measurement left alone in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from ..analysis import Exponent, fit
from ..measure import Controls, ablations
from .observer import Update
from .sweeping import sweep


def ablate(
    layer: str,
    *,
    profile: str = "quick",
    threads: int = 1,
    progress: Update = lambda *_: None,
    measure: Callable[..., pd.DataFrame] = sweep,
) -> Iterator[tuple[str, Mapping[str, Exponent]]]:
    """Measure a layer with all controls in force, and with each left alone in turn.

    Parameters
    ----------
    layer, profile, threads
        What is measured, as `sweep` takes it.
    progress
        Called before each measurement with its number, how many there are, and what is left alone.
    measure
        Instead of `sweep`.

    Yields
    ------
    str
        What is left alone.
    dict
        The exponents by axis; empty where too few points were measured for a law.

    Raises
    ------
    KeyError, ValueError
        As `sweep` does.
    """
    runs = list(ablations(Controls(threads=threads)))
    for number, (left_alone, controls) in enumerate(runs, 1):
        progress(number, len(runs) + 1, f"left alone: {left_alone}")
        (found,) = fit(measure(layer, profile=profile, controls=controls, threads=threads))
        yield left_alone, {each.axis: each for each in found.law.exponents} if found.law else {}
