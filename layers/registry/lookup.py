"""Find a layer by its name: registered, from a package, file or module, or a stack."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any

from ...messages import listed, quoted
from ..core import Layer, registered, registry
from ..external import InputSpecification, LayerError, UserLayer, discovery
from . import stacking

#: What is told of the inputs of external layers, by name.
_told: dict[str, InputSpecification] = {}

#: External layers that were loaded, by the name used to look them up and what is told of them.
_loaded: dict[tuple[str, InputSpecification | None], Layer] = {}

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
    if (key := _key(name)) not in _loaded:
        found: Layer | None
        if stack := stacking.parse_stack_name(name):
            depth, each = stack
            found = stacking.make_stack(name, get(each), depth)
        else:
            with redirect_stdout(sys.stderr):  # standard output is for the command's results
                find_layer = discovery.layer_at if ":" in name else discovery.layer_by_name
                found = find_layer(name, _told.get(name))
        if found is None:
            raise KeyError(
                f"no layer is called {quoted(name)}; there are: {listed(names(), near=name)}"
            )
        _loaded[key] = found
    return _loaded[key]


def find(name: str) -> Layer | None:
    """Return the layer of this name, or None; nothing is loaded from a file or a module.

    A layer of another package that cannot be loaded gives one warning, `BrokenLayer`.
    """
    if name in _overrides:
        return _overrides[name]
    if (key := _key(name)) in _loaded:
        return _loaded[key]
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
def told_inputs(inputs: Mapping[str, InputSpecification]) -> Iterator[None]:
    """Tell what external layers take, within a block.

    Parameters
    ----------
    inputs
        What each takes, by its name; of a stack, by the name of its layer or the stack's.

    Examples
    --------
    >>> from layerlaw.layers import InputSpecification, get, told_inputs
    >>> seen = InputSpecification.parse(["input: float[batch, d, n, n]"])
    >>> with told_inputs({"torch.nn:InstanceNorm2d": seen}):
    ...     get("torch.nn:InstanceNorm2d").inputs
    {'input': (d, n, n)}
    """
    before = dict(_told)
    tell_inputs(inputs)
    try:
        yield
    finally:
        _told.clear()
        _told.update(before)


def tell_inputs(inputs: Mapping[str, InputSpecification]) -> None:
    """Tell what external layers take, from now on in this process.

    Raises
    ------
    LayerError
        If a layer is one of ours, which has its inputs.
    """
    for name, one in inputs.items():
        if one and (each := _single(name)) in registered():
            raise LayerError(f"{each!r} has its own inputs: only those of your layers can be told")
        if one:
            _told[_single(name)] = one


def inputs_told() -> dict[str, InputSpecification]:
    """Return what is told of external layers, or was found, to tell it to another process."""
    found = {
        name: InputSpecification(layer.input_tensors, tuple(layer.units.items()))
        for (name, told), layer in _loaded.items()
        if told is None and isinstance(layer, UserLayer) and layer.was_searched
    }
    return {**found, **_told}


def _key(name: str) -> tuple[str, InputSpecification | None]:
    return name, _told.get(_single(name))


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
    """Return the digest of an external layer's source file, and of what is told of its inputs.

    It is empty for a registered layer.
    """
    name = _single(name)
    return discovery.digest_of(name, get(name), _told.get(name))


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
