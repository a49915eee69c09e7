"""Values of benchmarks' parameters as other tools write them: numbers, NumPy's too, and shapes."""

from __future__ import annotations

import ast
import re
from typing import Any

#: pytest-benchmark writes UNSERIALIZABLE[repr] for what is not JSON; asv writes the repr.
_UNSERIALIZABLE = re.compile(r"UNSERIALIZABLE\[(.*)\]", re.DOTALL)
_NUMPY = re.compile(r"(?:np|numpy)\.[A-Za-z]\w*\((.*)\)", re.DOTALL)
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*", re.IGNORECASE)
_BRACKETS = re.compile(r"[A-Za-z_.]*\s*[\[(]{1,2}(.*?),?\s*[\])]{1,2}", re.DOTALL)
_SEPARATOR = re.compile(r"\s*[,;x]\s*|\s+")

_LONGEST = 1000  # characters of a parameter that are read as a literal


def parameter(value: Any) -> Any:
    """Return the value that a parameter's text stands for; other text, and lists, as text.

    >>> parameter("UNSERIALIZABLE[np.int64(128)]"), parameter("np.float64(0.5)")
    (128, 0.5)
    >>> parameter("UNSERIALIZABLE[torch.float32]"), parameter([16, 128])
    ('torch.float32', '[16, 128]')
    """
    if isinstance(value, str):
        while (found := _UNSERIALIZABLE.fullmatch(value) or _NUMPY.fullmatch(value)) is not None:
            value = found[1]
            value = _literal(value)
            if not isinstance(value, str):
                break
    return str(value) if isinstance(value, list | tuple | dict | set) else value


def literal(text: str) -> Any:
    """Evaluate the `repr` that asv stores of a parameter; return other text unchanged.

    >>> literal("16"), literal("'a'"), literal("np.int64(128)"), literal("torch.float32")
    (16, 'a', 128, 'torch.float32')
    """
    return parameter(_literal(text))


def _literal(text: str) -> Any:
    if len(text) > _LONGEST:
        return text
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return text


def number_of(value: Any) -> float | int | None:
    """Return the number that a value is or that its text stands for; None for anything else.

    >>> number_of(16), number_of("1e3"), number_of("small"), number_of(True)
    (16, 1000.0, None, None)
    """
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value) if re.search(r"[.e]", value, re.IGNORECASE) else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value


def shape_of(value: Any) -> list[str] | None:
    """Return the elements of a shape's text; None where it is none.

    >>> shape_of("[16, 128, 512]"), shape_of("torch.Size([16, 128])"), shape_of("16x128")
    (['16', '128', '512'], ['16', '128'], ['16', '128'])
    >>> shape_of("float32")
    """
    text = str(value).strip()
    brackets = _BRACKETS.fullmatch(text)
    inside = brackets[1].strip() if brackets else text
    elements = inside.split("×") if "×" in inside else _SEPARATOR.split(inside)
    if not brackets and len(elements) < 2:
        return None
    is_number = [_NUMBER.fullmatch(element) is not None for element in elements]
    # A name is that of a size which was taken from here.
    known = (
        number or each.isidentifier() for number, each in zip(is_number, elements, strict=True)
    )
    return elements if any(is_number) and all(known) else None
