"""Format quantities with units, names of metrics, sizes, and lists of words."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, isfinite, log10

from ...measure import metric_of
from .numbers import NONE, number

_SI = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P"}
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB")


def metric_title(metric: str) -> str:
    """Return a metric's name for a reader: ``time`` for ``seconds``.

    >>> metric_title("peak_bytes"), metric_title("joules_per_token")
    ('peak memory', 'joules per token')
    """
    return metric_of(metric).title


def quantity(value: float, metric: str, digits: int = 3) -> str:
    """Write a value of a metric with its unit, with this many significant digits.

    >>> quantity(0.0000123456, "seconds"), quantity(2**21, "peak_bytes"), quantity(4e9, "flops")
    ('12.3 µs', '2 MiB', '4 GFLOP')
    >>> quantity(1234567, "parameters")
    '1.23 M'
    """
    if not isfinite(value):
        return NONE
    unit = metric_of(metric).unit
    if unit == "B":
        step = min(max(floor(log10(max(abs(value), 1)) / log10(2**10)), 0), len(_BINARY) - 1)
        return f"{number(value / 2 ** (10 * step), digits)} {_BINARY[step]}"
    rounded = float(f"{value:.{digits}g}")  # rounded first, so that 999.9 µs becomes 1 ms
    step = 3 * floor(log10(abs(rounded)) / 3) if rounded else 0
    step = min(max(step, min(_SI)), max(_SI))
    if not unit and -3 <= step <= 0:
        return number(value, digits)  # a number without a unit needs no "m" for thousandths
    return f"{number(rounded / 10.0**step, digits)} {_SI[step]}{unit}".strip()


def sizes_text(at: dict[str, float]) -> str:
    """Write sizes as ``n = 256, d = 64``."""
    return ", ".join(f"{size} = {number(value)}" for size, value in at.items())


def join_words(words: Sequence[str]) -> str:
    """Join words as in a sentence: ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
