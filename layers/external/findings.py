"""What trials of users' modules have found, for a process that is not to call them again.

A module's code may do harm. So it is tried in a process of its own, and the process that asked for
it builds the layer from what was found there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core import InputTensor
from .example_inputs import example_beside, own_example

if TYPE_CHECKING:
    from .user_modules import UserLayer

#: A module by its name, what is told of its inputs, and the units of its sizes.
Key = tuple[str, tuple[InputTensor, ...], tuple[tuple[str, int], ...]]


@dataclass(frozen=True)
class Finding:
    """What was found about one module; it can be pickled.

    Parameters
    ----------
    attributes
        Attributes of the layer's class.
    has_example
        Whether a function of its author makes its inputs.
    """

    attributes: Mapping[str, Any]
    has_example: bool

    @classmethod
    def of(cls, layer: UserLayer, untried: type[UserLayer]) -> Finding:
        """Return what the trials of a layer have added to its class before them."""
        found: dict[str, Any] = {}
        for each in reversed(type(layer).__mro__):
            if issubclass(each, untried) and each is not untried:
                found |= {name: value for name, value in vars(each).items() if name[0] != "_"}
        return cls(found, found.pop("example", None) is not None)

    def layer(self, untried: type[UserLayer]) -> UserLayer:
        """Return the layer of a class that is not tried, without calling its module."""
        make, example = untried.make, None
        if self.has_example:
            example = own_example(make) or example_beside(make)
        made: UserLayer = type("UserLayer", (untried,), {**self.attributes, "example": example})()
        return made


#: What trials in this process have found, and those of another process that are known here.
_made: dict[Key, Finding] = {}
_known: dict[Key, Finding] = {}


def add_finding(key: Key, layer: UserLayer, untried: type[UserLayer]) -> None:
    """Record what the trials of a layer have found."""
    _made[key] = Finding.of(layer, untried)


def known_finding(key: Key) -> Finding | None:
    """Return what another process has found, within `known_findings`."""
    return _known.get(key)


def made_findings() -> dict[Key, Finding]:
    """Return what trials in this process have found, to send it to another."""
    return dict(_made)


@contextmanager
def known_findings(findings: Mapping[Key, Finding]) -> Iterator[None]:
    """Build layers from what another process has found, within a block, instead of trying them."""
    before = dict(_known)
    _known.update(findings)
    try:
        yield
    finally:
        _known.clear()
        _known.update(before)
