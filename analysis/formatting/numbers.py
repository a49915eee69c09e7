"""How numbers are written."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

NONE = "–"


def number(value: float, digits: int = 3) -> str:
    """Write a number to so many significant digits, without an exponent where it is not needed.

    >>> number(0.123456), number(1234.5), number(16384)
    ('0.123', '1234', '16384')
    """
    if not isfinite(value):
        return NONE
    if abs(value) >= 10.0 ** (digits - 1) and abs(value) < 1e7:
        return f"{value:.0f}"
    return f"{value:.{digits}g}"


def number_list(values: Iterable[float], digits: int = 3) -> str:
    """Write numbers one after another.

    >>> number_list([0.0123, 3.456], digits=2)
    '0.012, 3.5'
    """
    return ", ".join(number(value, digits) for value in values)


def signed(value: float) -> str:
    """Write what adds to a slope or takes from it, to hundredths; less than half of one as 0.

    >>> signed(0.123), signed(-0.5), signed(0.001)
    ('+0.12', '−0.50', '0')
    """
    rounded = round(value, 2)
    return f"{rounded:+.2f}".replace("-", "−") if rounded else "0"


def percent(share: float) -> str:
    """Write a share in per cent.

    >>> percent(0.0625)
    '6.2 %'
    """
    return f"{share:.1%}".replace("%", " %")
