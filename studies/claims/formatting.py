"""How numbers of the evidence are written."""

from __future__ import annotations

from ...analysis.formatting import numbers


def number(value: float) -> str:
    """Write a number with two digits of it.

    >>> number(0), number(0.0123), number(3.456), number(2.5e-14)
    ('0', '0.012', '3.5', '2.5e-14')
    """
    return numbers.number(value, digits=2)


def percent(share: float) -> str:
    """Write a share in per cent.

    >>> percent(0.0625)
    '6.2 %'
    """
    return f"{share:.1%}".replace("%", " %")
