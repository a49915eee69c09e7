"""The format of ``dependencies.json``: what `experiment` writes, by which the file is checked."""

from __future__ import annotations

from typing import Annotated

import msgspec

from ...measure import JsonObject

#: Version of the record's format.
SCHEMA = 1

#: A number that is not negative; None is unknown.
_Norm = Annotated[float, msgspec.Meta(ge=0)] | None
#: By distance, and by seed and distance.
Row = list[_Norm]
Rows = list[Row]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
#: A positive number of at most this size, so that its square is finite.
_Width = Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class Profile(msgspec.Struct):
    """Norms of the gradients of a network that is not trained."""

    layer: str
    variant: str
    norms: Rows


class Gates(msgspec.Struct):
    """Forget gates of an LSTM, and the derivative of its cell."""

    true: Rows
    gates: Rows
    between: Rows
    mean_gate: list[_Share]


class InitialGates(Gates):
    """Forget gates of a network that is not trained."""

    layer: str
    variant: str


class Field(msgspec.Struct):
    """The effective receptive field of a stack of convolutions."""

    depth: _Count
    k: _Count
    widths: list[_Width]
    expected: _Width
    reach: _Count
    reached: _Count


class Initial(msgspec.Struct):
    """What was measured with random weights."""

    made: str
    machine: JsonObject
    sizes: dict[str, _Count]
    seeds: _Count
    profiles: list[Profile]
    forgetting: list[InitialGates]
    fields: list[Field]
    sequences: _Count | None = None


class TrainedProfile(msgspec.Struct):
    """Norms before and after a training, and the shares of symbols that are recalled."""

    layer: str
    variant: str
    before: Rows
    after: Rows
    accuracy: list[_Share]
    far: list[_Share]


class TrainedGates(msgspec.Struct):
    """Forget gates before and after a training."""

    layer: str
    variant: str
    before: Gates
    after: Gates


class Trained(msgspec.Struct):
    """What was measured with a training."""

    made: str
    machine: JsonObject
    sizes: dict[str, _Count]
    seeds: _Count
    steps: _Count
    seconds: _Count
    profiles: list[TrainedProfile]
    forgetting: list[TrainedGates]
    chance: _Share | None = None


class SeedGates(msgspec.Struct):
    """Forget gates of one seed."""

    true: Row
    gates: Row
    between: Row
    mean_gate: _Share


class SeedStates(msgspec.Struct):
    """Forget gates of one seed before and after its training; None of a layer without gates."""

    before: SeedGates | None = None
    after: SeedGates | None = None


class SeedProfile(msgspec.Struct):
    """Norms of one seed before and after its training."""

    before: Row
    after: Row
    accuracy: _Share
    far: _Share


class Training(msgspec.Struct):
    """One training that was finished before its command was stopped."""

    seconds: Annotated[float, msgspec.Meta(ge=0, le=1e9)]
    profile: SeedProfile
    forgetting: SeedStates


class StoredRecord(msgspec.Struct):
    """The file as a whole."""

    schema: int
    initial: Initial
    trained: Trained | None = None
    unfinished: dict[str, Training] = {}
