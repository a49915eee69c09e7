"""Discovery of external layers: in files, modules, other packages, and by a decorator."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

from ...messages import error_line
from ..core import Layer, registered
from . import hugging_face
from .errors import LayerError
from .input_specification import InputSpecification
from .user_modules import user_layer

#: Entry points of this group are layers of other packages, by their name.
GROUP = "layerlaw.layers"

Builder = TypeVar("Builder", bound=Callable[..., Any])


class Declaration(NamedTuple):
    """A layer as declared by `layer`: what builds its module, and what it is called."""

    make: Callable[..., Any]
    name: str
    title: str = ""
    formula: str = ""
    expect: str = ""
    inputs: InputSpecification | None = None


#: Layers declared with the decorator `layer`, by name.
declarations: dict[str, Declaration] = {}


def layer(
    name: str,
    *,
    expect: str = "",
    title: str = "",
    formula: str = "",
    inputs: Sequence[str] | str = (),
    multiple: Mapping[str, int] | Sequence[str] = (),
) -> Callable[[Builder], Builder]:
    """Declare a module's class, or a function that returns a module, as a layer.

    Parameters
    ----------
    name
        The name it is measured and reported under.
    expect
        Expected order of the time, such as ``n*d**2``; without it the law is found without theory.
    title, formula
        Title and formula for reports.
    inputs
        What it takes, such as ``tokens: int[batch, n] < 32000``, one text for each tensor. Without
        it a function ``example_inputs`` says so, or it is found by trying.
    multiple
        Sizes that are multiples of a number, such as ``{"n": 64}``.

    Raises
    ------
    ValueError
        If the name is taken or empty, or contains a colon or a space.
    LayerError
        If an input is not of that form.

    Examples
    --------
    >>> @layer("gated", expect="n*d**2")  # doctest: +SKIP
    ... class Gated(torch.nn.Module): ...
    >>> @layer("embedded", inputs=["tokens: int[batch, n] < 32000"])  # doctest: +SKIP
    ... class Embedded(torch.nn.Module): ...
    """
    if not name or set(name) & set(": ") or name != name.strip():
        raise ValueError(f"{name!r} cannot be a layer's name: use no spaces and no colons")
    if name in registered():
        raise ValueError(f"a layer called {name!r} is registered already")

    told = InputSpecification.parse(inputs, multiple)

    def declare(make: Builder) -> Builder:
        if name in declarations and not _same_definition(declarations[name].make, make):
            raise ValueError(f"a layer called {name!r} is registered already")
        declarations[name] = Declaration(make, name, title, formula, expect, told)
        return make

    return declare


def _same_definition(first: Any, second: Any) -> bool:
    """Return whether both have the same module and name, as after a module is reloaded."""
    return bool((first.__module__, first.__qualname__) == (second.__module__, second.__qualname__))


def layer_by_name(name: str, inputs: InputSpecification | None = None) -> Layer | None:
    """Return the layer that a decorator or another package declares under a name, or None.

    Raises
    ------
    LayerError
        If what is declared cannot be used as a layer.
    """
    if name in declarations:
        return _declared_layer(declarations[name], name, inputs)
    if name not in entry_points_by_name():
        return None
    point = entry_points_by_name()[name]
    source = f"layer {name!r} of the package {point.dist.name if point.dist else point.module}"
    try:
        return as_layer(point.load(), name, inputs)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a package may raise anything when it is loaded
        raise LayerError(f"{source} cannot be loaded: {error_line(error)}") from error


@cache
def entry_points_by_name() -> Mapping[str, EntryPoint]:
    """Return the entry points of other packages by name, without loading them."""
    return {point.name: point for point in entry_points(group=GROUP)}


def layer_at(spec: str, inputs: InputSpecification | None = None) -> Layer:
    """Load a layer from its location, ``package.module:Name`` or ``path/to/file.py:Name``.

    For the package transformers the name is a model type: ``transformers:llama``.

    Raises
    ------
    LayerError
        If there is no such layer.
    """
    place, _, name = spec.rpartition(":")
    if not place or not name or set(spec) & set(" ="):
        raise LayerError(
            f"{spec!r}: write your own layer as module:Name or file.py:Name, without spaces"
        )
    if place == hugging_face.PACKAGE:
        return hugging_face.block(spec, name, inputs)
    module = import_module(place)
    try:
        found = attrgetter(name)(module)
    except AttributeError:
        raise LayerError(f"{spec}: {place} has no {name!r}{_classes_note(module)}") from None
    return as_layer(found, spec, inputs)


def as_layer(found: Any, name: str, inputs: InputSpecification | None = None) -> Layer:
    """Return an object found under a name as a layer, which takes what is told.

    Raises
    ------
    LayerError
        If it cannot be used as a layer.
    """
    if inputs and (
        isinstance(found, Layer) or (inspect.isclass(found) and issubclass(found, Layer))
    ):
        raise LayerError(f"{name} is a Layer, which has its own inputs: they cannot be told")
    if isinstance(found, Layer):
        return found
    if inspect.isclass(found) and issubclass(found, Layer):
        return found()
    known = next((each for each in declarations.values() if each.make is found), None)
    return _declared_layer(known or Declaration(found, name), name, inputs)


def _declared_layer(
    declaration: Declaration, name: str, inputs: InputSpecification | None = None
) -> Layer:
    return user_layer(
        name,
        declaration.make,
        title=declaration.title,
        formula=declaration.formula,
        expect=declaration.expect,
        inputs=inputs or declaration.inputs,
    )


def import_module(place: str) -> ModuleType:
    """Import a module by its name or its file.

    The current folder, or the file's folder, is appended to `sys.path`.

    Raises
    ------
    LayerError
        If there is no such module, or importing it fails.
    """
    try:
        if place.endswith(".py"):
            return _import_file(Path(place).resolve(), place)
        _add_to_path(Path.cwd())
        return importlib.import_module(place)
    except LayerError:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and (place == error.name or place.startswith(f"{error.name}.")):
            raise LayerError(f"there is no module {place!r}: {error}") from None
        raise LayerError(f"{place} cannot be imported: {error_line(error)}") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's module may raise anything
        raise LayerError(f"{place} cannot be imported: {error_line(error)}") from error


def _import_file(path: Path, written: str) -> ModuleType:
    if not path.is_file():
        raise LayerError(f"{written}: there is no such file")
    name = f"_layerlaw_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}_{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    _add_to_path(path.parent)
    found = importlib.util.spec_from_file_location(name, path)
    assert found is not None  # its name ends in .py
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    try:
        found.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _add_to_path(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _classes_note(module: ModuleType) -> str:
    """List the classes that a module defines, for an error message."""
    defined = [
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__ and name[0] != "_"
    ]
    return f"; it has: {', '.join(defined)}" if 0 < len(defined) <= 20 else ""


def import_path_of(name: str, found: Layer) -> str | None:
    """Return the module another process imports for a layer: "" for none, None if it cannot."""
    if ":" in name:
        return name.rpartition(":")[0]  # also for transformers, so that workers have it loaded
    if name in entry_points_by_name():
        return ""
    made = declarations[name].make if name in declarations else type(found)
    module = sys.modules.get(made.__module__)
    if module is None or made.__module__ == "__main__":
        return None
    try:
        if attrgetter(made.__qualname__)(module) is not made:
            return None
    except AttributeError:
        return None
    if made.__module__.startswith("_layerlaw_"):
        return str(module.__file__)
    return "" if made.__module__.startswith("layerlaw.") else made.__module__


def digest_of(name: str, found: Layer, inputs: InputSpecification | None = None) -> str:
    """Return the digest of the file that defines a layer, and of what is told of its inputs.

    It is empty for a registered layer.
    """
    place, text = import_path_of(name, found), b""
    if not place and not inputs:
        return ""
    if place and (file := import_module(place).__file__):
        text = Path(file).read_bytes()
    return hashlib.sha256(text + str(inputs or "").encode()).hexdigest()[:16]
