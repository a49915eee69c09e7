"""Ablation: the exponents of a layer's law with each control switched off in turn."""

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
    """Measure a layer with all controls, with each one switched off in turn, and with all again.

    Parameters
    ----------
    layer, profile, threads
        Arguments of `sweep`.
    progress
        Called before each sweep with its number, the number of steps, and a text that names the
        control.
    measure
        The function that measures, in place of `sweep`.

    Yields
    ------
    str
        The control that is switched off.
    dict
        The exponents by axis; empty where too few points were measured for a law.

    Raises
    ------
    KeyError, ValueError
        As `sweep` does.
    """
    runs = list(ablations(Controls(threads=threads)))
    for number, (switched_off, controls) in enumerate(runs, 1):
        progress(number, len(runs) + 1, f"switched off: {switched_off}")
        (found,) = fit(measure(layer, profile=profile, controls=controls, threads=threads))
        yield switched_off, {each.axis: each for each in found.law.exponents} if found.law else {}
