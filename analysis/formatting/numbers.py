"""Format plain numbers, percentages, and the numbers in an expression."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import isfinite

#: Written in place of a missing value.
NONE = "–"

_NUMBER = re.compile(r"(?<![\w.])\d+\.\d+(?:e[+-]?\d+)?(?!\w)")
#: Relative difference up to which a number is replaced by its rounding to six digits.
_ROUNDING = 1e-7


def number(value: float, digits: int = 3) -> str:
    """Write a number with this many significant digits, with an exponent only if needed.

    >>> number(0.123456), number(1234.5), number(16384)
    ('0.123', '1234', '16384')
    """
    if not isfinite(value):
        return NONE
    if abs(value) >= 10.0 ** (digits - 1) and abs(value) < 1e7:
        return f"{value:.0f}"
    return f"{value:.{digits}g}"


def number_list(values: Iterable[float], digits: int = 3) -> str:
    """Write numbers separated by commas.

    >>> number_list([0.0123, 3.456], digits=2)
    '0.012, 3.5'
    """
    return ", ".join(number(value, digits) for value in values)


def signed(value: float) -> str:
    """Write a contribution to a slope with its sign, to hundredths; one that rounds to 0 as 0.

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


def without_noise(expression: str) -> str:
    """Round the numbers in an expression that are short except for rounding errors.

    The last digits of fits to exact values differ between processors. This is for readers only;
    files have every digit.

    >>> without_noise("1.00000000062e-06 + 1e-10*n**1.000000006*d**1.98765432")
    '1e-06 + 1e-10*n*d**1.98765432'
    """

    def short(match: re.Match[str]) -> str:
        value, rounded = float(match[0]), f"{float(match[0]):.6g}"
        return rounded if abs(float(rounded) - value) <= _ROUNDING * value else match[0]

    return re.sub(r"\*\*1(?![\w.])", "", _NUMBER.sub(short, expression))
