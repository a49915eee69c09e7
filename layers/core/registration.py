"""The registry of layer classes, by name."""

from __future__ import annotations

from collections.abc import Mapping

from .base import Layer

#: What `register` fills; read it by `registered`.
registry: dict[str, Layer] = {}


def register(cls: type[Layer]) -> type[Layer]:
    """Register a layer class under its name.

    Raises
    ------
    ValueError
        If the name is taken.
    """
    if cls.name in registry:
        raise ValueError(f"a layer called {cls.name!r} is registered already")
    registry[cls.name] = cls()
    return cls


def registered() -> Mapping[str, Layer]:
    """Return the registered layers by name, in the order of registration."""
    return registry
