"""Discovery of external layers: in files, modules, other packages, and by a decorator."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

from ..core import Layer, registered
from . import hugging_face
from .user_modules import LayerError, user_layer

#: Entry points of this group are layers of other packages, by their name.
GROUP = "layerlaw.layers"

Builder = TypeVar("Builder", bound=Callable[..., Any])


class Declaration(NamedTuple):
    """What a decorator says of what builds a module."""

    make: Callable[..., Any]
    name: str
    title: str
    formula: str
    expect: str


#: What `layer` was put above, by the name that it was given.
declarations: dict[str, Declaration] = {}


def layer(
    name: str, *, expect: str = "", title: str = "", formula: str = ""
) -> Callable[[Builder], Builder]:
    """Offer a module's class, or a function that gives a module, as a layer.

    Parameters
    ----------
    name
        What it is registered, measured and reported under.
    expect
        Order of the time that is expected, such as ``n*d**2``; without it the law is found
        without theory.
    title, formula
        For a reader.

    Raises
    ------
    ValueError
        If the name is taken, or has a colon or a space.

    Examples
    --------
    >>> @layer("gated", expect="n*d**2")  # doctest: +SKIP
    ... class Gated(torch.nn.Module): ...
    """
    if not name or set(name) & set(": ") or name != name.strip():
        raise ValueError(f"{name!r} is no name of a layer: write it without spaces and colons")
    if name in registered():
        raise ValueError(f"a layer called {name!r} is registered already")

    def offer(make: Builder) -> Builder:
        if name in declarations and not _same_definition(declarations[name].make, make):
            raise ValueError(f"a layer called {name!r} is registered already")
        declarations[name] = Declaration(make, name, title, formula, expect)
        return make

    return offer


def _same_definition(one: Any, other: Any) -> bool:
    """Whether it is the same, of a module that was loaded anew."""
    return bool((one.__module__, one.__qualname__) == (other.__module__, other.__qualname__))


def layer_by_name(name: str) -> Layer | None:
    """Make the layer that a decorator or another package offers under a name; None without one.

    Raises
    ------
    LayerError
        If it is none.
    """
    if name in declarations:
        return _of(declarations[name], name)
    if name not in entry_points_by_name():
        return None
    point = entry_points_by_name()[name]
    whose = f"layer {name!r} of the package {point.dist.name if point.dist else point.module}"
    try:
        return as_layer(point.load(), name)
    except Exception as error:  # whatever a package does when it is loaded
        raise LayerError(f"{whose} cannot be loaded: {_one_line(error)}") from error


@cache
def entry_points_by_name() -> Mapping[str, EntryPoint]:
    """Entry points of other packages by their name; none of them is loaded for that."""
    return {point.name: point for point in entry_points(group=GROUP)}


def layer_at(spec: str) -> Layer:
    """Load a layer from where it is: ``package.module:Name`` or ``path/to/file.py:Name``.

    Of transformers it is a model type too, such as ``transformers:llama``.

    Raises
    ------
    LayerError
        If there is none.
    """
    place, _, name = spec.rpartition(":")
    if not place or not name or set(spec) & set(" ="):
        raise LayerError(
            f"{spec!r}: write a layer of your own as module:Name or file.py:Name, without spaces"
        )
    if place == hugging_face.PACKAGE:
        return hugging_face.block(spec, name)
    module = import_module(place)
    try:
        found = attrgetter(name)(module)
    except AttributeError:
        raise LayerError(f"{spec}: there is no {name!r} in {place}{_instead(module)}") from None
    return as_layer(found, spec)


def as_layer(found: Any, name: str) -> Layer:
    """Make a layer of what was found under a name.

    Raises
    ------
    LayerError
        If it can be none.
    """
    if isinstance(found, Layer):
        return found
    if inspect.isclass(found) and issubclass(found, Layer):
        return found()
    known = next((offer for offer in declarations.values() if offer.make is found), None)
    return _of(known or Declaration(found, name, "", "", ""), name)


def _of(offer: Declaration, name: str) -> Layer:
    return user_layer(
        name, offer.make, title=offer.title, formula=offer.formula, expect=offer.expect
    )


def import_module(place: str) -> ModuleType:
    """Import a module by its name, or by its file.

    The current folder is searched too, behind all others; beside a file what it imports from there.

    Raises
    ------
    LayerError
        If there is none, or it fails.
    """
    try:
        if place.endswith(".py"):
            return _file(Path(place).resolve(), place)
        _search(Path.cwd())
        return importlib.import_module(place)
    except LayerError:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and (place == error.name or place.startswith(f"{error.name}.")):
            raise LayerError(f"there is no module {place!r} here: {error}") from None
        raise LayerError(f"{place} cannot be imported: {_one_line(error)}") from error
    except (Exception, SystemExit) as error:  # whatever somebody's module does when it is imported
        raise LayerError(f"{place} cannot be imported: {_one_line(error)}") from error


def _file(path: Path, written: str) -> ModuleType:
    if not path.is_file():
        raise LayerError(f"{written}: there is no such file")
    name = f"_layerlaw_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}_{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    _search(path.parent)
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


def _search(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _instead(module: ModuleType) -> str:
    """Name the classes that a module has of its own."""
    own = [
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__ and name[0] != "_"
    ]
    return f"; it has: {', '.join(own)}" if 0 < len(own) <= 20 else ""


def import_path_of(name: str, found: Layer) -> str | None:
    """Say what another process has to bring to have a layer: "" for nothing, None if it cannot."""
    if ":" in name:
        return name.rpartition(":")[0]  # of transformers too: workers find it loaded
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


def digest_of(name: str, found: Layer) -> str:
    """Say in a few letters which text a layer comes from; empty for one of ours."""
    place = import_path_of(name, found)
    if not place:
        return ""
    module = import_module(place)
    text = Path(module.__file__).read_bytes() if module.__file__ else b""
    return hashlib.sha256(text).hexdigest()[:16]


def _one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
