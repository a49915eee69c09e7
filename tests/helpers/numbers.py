"""Texts that say the same: words to the letter, numbers as numbers."""

import re

import pytest

NUMBER = re.compile(r"(?<![\w.])[−-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def numbers_of(text: str) -> list[float]:
    """Read every number of a text, in order."""
    return [float(each.replace("−", "-")) for each in NUMBER.findall(text)]


def assert_says_the_same(text: str, expected: str, rel: float = 0.05, abs: float = 0.03) -> None:
    """Compare line by line; the last digits of a number are another processor's own."""
    lines, others = text.splitlines(), expected.splitlines()
    assert len(lines) == len(others)
    for line, other in zip(lines, others, strict=True):
        assert NUMBER.sub("#", line) == NUMBER.sub("#", other)
        assert numbers_of(line) == pytest.approx(numbers_of(other), rel=rel, abs=abs), line
