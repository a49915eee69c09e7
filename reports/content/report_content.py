"""The content of a whole report, computed once for terminal, Markdown and HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ...analysis import (
    MARGIN,
    NONE,
    Crossovers,
    Fit,
    Thresholds,
    Verdict,
    caches_of,
    crossovers_info,
    join_words,
    number,
    quantity,
    thresholds_info,
)
from ...measure import METRICS_WITHOUT_LAW, PEAK_BYTES
from .law_names import sort_by_registry
from .sections import Section
from .summaries import Summary, summarise

#: Labels of fields of the machine and the settings; other fields are labelled with their name.
_LABELS = {
    "cpu": "processor",
    "caches": "data caches",
    "memory_gib": "memory (GiB)",
    "os": "operating system",
    "libc": "C library",
    "huge_pages": "huge pages",
    "governor": "frequency governor",
    "virtual": "virtual machine",
    "affinity": "usable cores",
    "core_quota": "core quota of the control group",
    "threads_per_core": "hardware threads per core",
    "compiler_flags": "compiler flags of PyTorch",
    "compiler": "compiler of PyTorch",
    "build": "build of PyTorch",
    "torch_threads": "default threads of PyTorch",
    "python": "Python",
    "torch": "PyTorch",
    "blas": "BLAS",
    "vectors": "vector instructions",
    "gpu": "GPU",
    "gpu_memory_gib": "GPU memory (GiB)",
    "gpu_processors": "GPU multiprocessors",
    "compute_capability": "GPU compute capability",
    "gpu_clock_mhz": "highest GPU clock (MHz)",
    "gpu_memory_clock_mhz": "highest clock of GPU memory (MHz)",
    "cuda": "CUDA",
    "flush_subnormals": "subnormal numbers flushed",
}


@dataclass(frozen=True)
class Content:
    """The content of a report.

    Attributes
    ----------
    table
        The tidy rows that were fitted, one per repeat.
    all_fits
        Every law, in the order of the registry.
    headline
        A sentence with the number of laws by verdict.
    summary
        A row for each law that the report is about, and the table of counts.
    machine, settings, counts
        (label, value) pairs: the machine's fingerprint, the settings of the measurement, and the
        numbers of laws, points and rows.
    guide
        (term, meaning) pairs.
    command
        The command that makes the report again; empty if there is none.
    margin
        Largest deviation of an exponent that still counts as a match.
    caches
        Bytes of the machine's caches by level, where they may explain a breakpoint.
    crossovers, thresholds
        Where layers cross over, at some widths and over all of them.
    sections
        Sections of studies.
    """

    table: pd.DataFrame
    all_fits: Sequence[Fit]
    headline: str
    summary: Summary
    machine: Sequence[tuple[str, str]]
    settings: Sequence[tuple[str, str]]
    counts: Sequence[tuple[str, str]]
    guide: Sequence[tuple[str, str]]
    command: str
    margin: float
    caches: Mapping[str, Any]
    crossovers: Sequence[Crossovers]
    thresholds: Sequence[Thresholds]
    sections: Sequence[Section] = ()


def build_content(
    table: pd.DataFrame,
    fits: Sequence[Fit],
    machine: Mapping[str, Any],
    settings: Mapping[str, Any],
    command: str,
    *,
    margin: float = MARGIN,
    sections: Sequence[Section] = (),
    crossovers: Sequence[Crossovers] | None = None,
) -> Content:
    """Build the content of a report.

    Parameters
    ----------
    table
        The tidy rows that were fitted, one per repeat.
    fits
        The laws; they are reported in the order of the registry.
    machine
        The machine's fingerprint, as in JSON; empty if it is not known.
    settings
        How it was measured, as in JSON: the profile, the plan's settings, the controls in
        force. Nested mappings are flattened; of ``cases`` only their number is shown.
    command
        The command that makes the report again.
    margin
        The margin that the fits were judged with.
    sections
        Sections of studies.
    crossovers
        Crossings of the reported laws; computed if they are not given.
    """
    fits = sort_by_registry(fits)
    summary = summarise(fits)
    shown = summary.fits
    crossovers = crossovers_info(shown) if crossovers is None else crossovers
    return Content(
        table=table,
        all_fits=fits,
        headline=headline(shown),
        summary=summary,
        machine=list(labelled_values(machine)),
        settings=list(labelled_values(settings)),
        counts=list(_counts(table, shown)),
        guide=_guide(margin),
        command=command,
        margin=margin,
        caches=caches_of(machine, settings),
        crossovers=crossovers,
        thresholds=thresholds_info(shown, crossovers),
        sections=sections,
    )


def headline(fits: Sequence[Fit]) -> str:
    """Write how many laws have which verdict.

    >>> headline([])
    'No laws were fitted.'
    """
    if not fits:
        return "No laws were fitted."
    count = Counter(fit.judgement.verdict if fit.judgement else None for fit in fits)
    phrases = {
        Verdict.MATCHES: ("matches theory", "match theory"),
        Verdict.DIFFERS: ("differs from it", "differ from it"),
        Verdict.UNRESOLVED: ("is unresolved", "are unresolved"),
        None: ("has no theory to compare with", "have no theory to compare with"),
    }
    parts = [f"{count[v]} {words[count[v] > 1]}" for v, words in phrases.items() if count[v]]
    laws = "1 law" if len(fits) == 1 else f"{len(fits)} laws"
    return f"Of {laws}, {join_words(parts)}."


def labelled_values(given: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Flatten a mapping to (label, value) pairs."""
    for name, value in given.items():
        label = " · ".join(filter(None, [above, _LABELS.get(name, str(name).replace("_", " "))]))
        if name == "cases" and isinstance(value, list):  # of the plan: the table has them
            yield "cases", str(len(value))
        elif name == "caches" and _are_numbers(value):
            yield label, ", ".join(f"{c} {quantity(v, PEAK_BYTES.name)}" for c, v in value.items())
        elif isinstance(value, Mapping):
            yield from labelled_values(value, label)
        else:
            yield label, _value(value)


def _are_numbers(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(v, int | float) for v in value.values())


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(map(_value, value))
    return NONE if value is None else str(value)


def _counts(table: pd.DataFrame, fits: Sequence[Fit]) -> Iterator[tuple[str, str]]:
    yield "laws", str(len(fits))
    yield "points", str(sum(len(fit.series.values) for fit in fits))
    yield "rows", str(len(table))
    aside = table["metric"].isin(METRICS_WITHOUT_LAW)
    table, parts = table[~aside], table[aside]
    for column, label in {
        "process": "processes",
        "round": "rounds measured",
        "machine": "machines",
    }.items():
        if column in table:
            yield label, str(table[column].nunique())
    if "status" in table:
        yield "rows left out", _failure_text(table) or "0"
        if failed := _failure_text(parts):
            yield "auxiliary rows left out", failed


def _failure_text(table: pd.DataFrame) -> str:
    """Count the rows that failed, by layer and status; empty if none did."""
    failed = table[~table["status"].fillna("ok").isin(["ok", ""])]
    why = Counter(zip(failed["layer"], failed["status"], strict=True))
    reasons = ", ".join(f"{layer} {status} {count}" for (layer, status), count in why.items())
    return f"{len(failed)} ({reasons})" if reasons else ""


def _guide(margin: float) -> list[tuple[str, str]]:
    verdicts = {
        Verdict.MATCHES: f"The whole interval lies within ±{number(margin)} of theory",
        Verdict.DIFFERS: f"The whole interval lies outside ±{number(margin)} of theory",
        Verdict.UNRESOLVED: "Neither; or the residuals depend on the sizes, overhead hides the "
        "leading term, or there are too few points",
    }
    return [
        (
            "exponent",
            "How the leading term of the fitted law grows with a size: 2 means that twice the size "
            "costs four times as much once that term outweighs the others. It is not the slope of "
            "a line through the points, which overhead makes smaller.",
        ),
        (
            "interval",
            "In square brackets: the exponent lies in it with a probability of 95 %, given the "
            "points. A narrow interval says that these points determine the exponent.",
        ),
        (
            "margin",
            f"±{number(margin)}: the largest deviation from theory's exponent that still counts "
            "as a match.",
        ),
        *((v.value, f"{meaning}: {v.advice}.") for v, meaning in verdicts.items()),
        (
            "law",
            "A sum of terms with non-negative coefficients. The last one is theory's leading term "
            "with fitted exponents; the others are of lower order: calls, steps, rows, memory. "
            "Where costs overlap in time, such as reading weights and multiplying others, their "
            "p-th powers add up (power mean), and the largest term counts for more.",
        ),
        (
            "sequential operations, path length",
            "Theory's orders: operations that must follow one another, and the longest path "
            "between two positions of the sequence; ∞ where there is none.",
        ),
    ]
