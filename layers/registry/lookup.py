"""Find a layer by its name: registered, from a package, file or module, or a stack."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any

from ...messages import listed, quoted
from ..core import Layer, registered, registry
from ..external import discovery
from . import stacking

#: External layers that were loaded, by the name used to look them up.
_loaded: dict[str, Layer] = {}

#: Layers that replace those of the same name within `override_layers`.
_overrides: dict[str, Layer] = {}

#: Names of layers that could not be loaded and were warned about.
_broken: set[str] = set()


class BrokenLayer(UserWarning):
    """Warning that a layer of another package cannot be loaded; the message names both."""


def get(name: str) -> Layer:
    """Return the layer of this name.

    Parameters
    ----------
    name
        A registered name, that of a layer of another package, or the location of a user's layer:
        ``package.module:Name`` or ``path/to/file.py:Name``. ``4*rnn`` is a stack of four layers
        ``rnn``.

    Raises
    ------
    KeyError
        If there is no such layer; the message lists names like it.
    LayerError
        If an external layer cannot be loaded or used.

    Examples
    --------
    >>> get("attention").formula
    'Softmax(Q Kᵀ) V'
    >>> get("4*rnn").name
    '4*rnn'
    """
    if name in _overrides:
        return _overrides[name]
    if name in registered():
        return registered()[name]
    if name not in _loaded:
        found: Layer | None
        if stack := stacking.parse_stack_name(name):
            depth, each = stack
            found = stacking.make_stack(name, get(each), depth)
        else:
            with redirect_stdout(sys.stderr):  # standard output is for the command's results
                found = discovery.layer_at(name) if ":" in name else discovery.layer_by_name(name)
        if found is None:
            raise KeyError(
                f"no layer is called {quoted(name)}; there are: {listed(names(), near=name)}"
            )
        _loaded[name] = found
    return _loaded[name]


def find(name: str) -> Layer | None:
    """Return the layer of this name, or None; nothing is loaded from a file or a module.

    A layer of another package that cannot be loaded gives one warning, `BrokenLayer`.
    """
    if name in _overrides:
        return _overrides[name]
    if name in _loaded:
        return _loaded[name]
    if stack := stacking.parse_stack_name(name):
        return get(name) if find(stack[1]) is not None else None
    if name not in names() or name in _broken:
        return None
    try:
        return get(name)
    except ValueError as error:
        _broken.add(name)
        warnings.warn(str(error), BrokenLayer, stacklevel=2)
        return None


@contextmanager
def override_layers(layers: Mapping[str, Layer]) -> Iterator[None]:
    """Make `get` and `find` return other layers for these names within a block.

    A layer with a derived theory thus replaces the one without theory while its sizes are chosen or
    its laws are fitted.

    Parameters
    ----------
    layers
        The replacements, by the name of the layer that each replaces.

    Examples
    --------
    >>> from layerlaw.layers import get, override_layers
    >>> dense = get("dense")
    >>> other = dense.with_theory(dense.theory.at({"n": 1}))
    >>> with override_layers({"dense": other}):
    ...     get("dense").theory.time
    d**2
    >>> get("dense").theory.time
    d**2*n
    """
    before = dict(_overrides)
    _overrides.update(layers)
    try:
        yield
    finally:
        _overrides.clear()
        _overrides.update(before)


@contextmanager
def isolated_registry() -> Iterator[None]:
    """Remove, at the end of a block, the layers that were registered or loaded within it.

    Tests and notebooks can thus register layers temporarily. External layers that were loaded
    before are loaded again within the block.

    Examples
    --------
    >>> import torch
    >>> from layerlaw.layers import isolated_registry, layer, names
    >>> with isolated_registry():
    ...     _ = layer("projection", expect="n*d**2")(torch.nn.Linear)
    ...     "projection" in names()
    True
    >>> "projection" in names()
    False
    """
    states: tuple[Any, ...] = (registry, discovery.declarations, _loaded, _broken)
    before = [state.copy() for state in states]
    _loaded.clear()
    _broken.clear()
    try:
        yield
    finally:
        for state, earlier in zip(states, before, strict=True):
            state.clear()
            state.update(earlier)


def import_path(name: str) -> str | None:
    """Return the module another process imports to get a layer; None if it cannot."""
    name = _single(name)
    return discovery.import_path_of(name, get(name))


def is_external(name: str) -> bool:
    """Return whether a layer is loaded from a file, a module or another package."""
    name = _single(name)
    known = name in registered() or name in discovery.declarations
    return ":" in name or (not known and name in discovery.entry_points_by_name())


def source_digest(name: str) -> str:
    """Return the digest of an external layer's source file; empty for a registered layer."""
    name = _single(name)
    return discovery.digest_of(name, get(name))


def _single(name: str) -> str:
    """Return the name of a stack's layer; other names are returned unchanged."""
    while stack := stacking.parse_stack_name(name):
        name = stack[1]
    return name


def names() -> list[str]:
    """Return the names of all layers, in the order of registration; those of packages come last.

    Examples
    --------
    >>> "attention" in names()
    True
    """
    return list({**registered(), **discovery.declarations, **discovery.entry_points_by_name()})
