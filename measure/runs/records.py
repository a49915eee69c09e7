"""What a run's settings and its machine must have where they are read from a file."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ..files import JsonObject

_Bytes = Annotated[float, msgspec.Meta(gt=0, le=2**60)]


class MachineRecord(msgspec.Struct):
    """The facts of a machine's fingerprint that are computed with; others are shown as they are.

    Attributes
    ----------
    caches
        Bytes of the processor's caches by level.
    """

    caches: dict[str, _Bytes] = {}


class SettingsRecord(msgspec.Struct):
    """The settings of a run that are computed with; others are shown as they are.

    Attributes
    ----------
    cases
        The cases of the plan.
    """

    cases: list[JsonObject] = []
