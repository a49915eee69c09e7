"""The auxiliary measurements of a run: counts, peak memory, machine rates, parts of passes."""

from __future__ import annotations

from ..measure import (
    ActiveRun,
    measure_counts,
    measure_machine,
    measure_parts,
    measure_peaks,
)
from .observer import Observer


def measure_auxiliary(
    run: ActiveRun, observer: Observer, *, counts: bool, peaks: bool, parts: bool
) -> None:
    """Measure counts, peaks and parts, as far as the run does not have them yet.

    Parameters
    ----------
    run
        A run whose passes were timed: only passes that did not fail have their parts timed.
    observer
        Called at each stage.
    counts
        Whether to count operations and path lengths.
    peaks
        Whether to measure the peak memory of passes.
    parts
        Whether to calibrate the machine and to time the parts of passes.
    """
    if counts:
        with observer.activity("counting"):
            measure_counts(run)
    if peaks:
        with observer.steps() as update:
            measure_peaks(run, update)
    if parts:
        with observer.activity("calibrating the machine"):
            measure_machine(run)
        with observer.steps() as update:
            measure_parts(run, update)
