"""Kinds of attempts, by part and name: each makes as many attempts as it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .attempts import Maker, Tried


@dataclass(frozen=True)
class Kind:
    """What is tried in one way.

    Parameters
    ----------
    part
        ``files``, ``expressions``, …
    name
        Of the kind within its part.
    try_one
        Tries one, in an empty folder, by chance; the label names it.
    """

    part: str
    name: str
    try_one: Callable[[str, int, Random, Path], Tried]

    @property
    def label(self) -> str:
        """Part and name."""
        return f"{self.part}/{self.name}"


class Makers:
    """The makers of a part, by the name of their kind; a name is given once."""

    def __init__(self) -> None:
        self.by_name: dict[str, Maker] = {}

    def __call__(self, name: str) -> Callable[[Maker], Maker]:
        """Add the decorated maker."""

        def add(maker: Maker) -> Maker:
            self.add(name, maker)
            return maker

        return add

    def add(self, name: str, maker: Maker) -> None:
        """Add a maker."""
        if name in self.by_name:
            raise ValueError(f"two kinds are called {name!r}")
        self.by_name[name] = maker


def spread(kinds: Sequence[Kind], count: int) -> Iterator[tuple[Kind, int]]:
    """Give kinds in turns, each time with the number of the attempt within its kind."""
    for at in range(count):
        yield kinds[at % len(kinds)], at // len(kinds)


def chance(seed: int, kind: Kind, number: int) -> Random:
    """Give the chance that makes an attempt: the same for the same arguments everywhere."""
    return Random(f"{seed}/{kind.label}/{number}")
