"""Ablation of the stabilisation controls: each is switched off in turn to see its effect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

from ..timing import Controls


def ablations(controls: Controls) -> Iterator[tuple[str, Controls]]:
    """Yield all controls, then all but one for each, then all again.

    The first and the last show how much two equal runs differ.

    Yields
    ------
    str, Controls
        The name of the control that is off, and the controls without it.
    """
    yield "nothing", controls
    for field in fields(controls):
        if field.type == "bool" and getattr(controls, field.name):
            yield field.name.replace("_", " "), replace(controls, **{field.name: False})
    yield "nothing, again", controls
