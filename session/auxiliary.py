"""What is measured beside the times of passes, stage by stage."""

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
    """Measure what a run lacks beside its times.

    Parameters
    ----------
    run
        Whose times were measured: parts are timed of passes that did not fail.
    observer
        Hears of each stage.
    counts, peaks, parts
        Whether to count operations, to measure the peak memory of passes, and to time their parts
        and what the machine can do at its best.
    """
    if counts:
        with observer.working("counting"):
            measure_counts(run)
    if peaks:
        with observer.timing() as update:
            measure_peaks(run, update)
    if parts:
        with observer.working("finding out what the machine can do at its best"):
            measure_machine(run)
        with observer.timing() as update:
            measure_parts(run, update)
