"""The controls with one of them left alone: what each does to the exponents can then be seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

from ..timing import Controls


def ablations(controls: Controls) -> Iterator[tuple[str, Controls]]:
    """Give the controls as they are, each left alone in turn, and as they are again.

    What the first and the last differ by is what two runs differ by anyway.

    Yields
    ------
    str, Controls
        What is left alone, as a reader says it, and the controls without it.
    """
    yield "nothing", controls
    for field in fields(controls):
        if field.type == "bool" and getattr(controls, field.name):
            yield field.name.replace("_", " "), replace(controls, **{field.name: False})
    yield "nothing, again", controls
