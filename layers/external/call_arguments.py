"""The arguments of a user's `forward`: how input tensors become positional and named arguments.

``batch.x`` is the entry ``x`` of a dictionary that is the argument ``batch``; ``pair.0`` and
``pair.1`` are a tuple. An argument that is annotated as a dataclass or a named tuple becomes one.
"""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .errors import LayerError

if TYPE_CHECKING:
    from torch import Tensor, nn

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_ANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)

#: What an argument consists of: the place of a tensor, or entries by name.
_Entries = dict[str, Any]


def forward_parameters(module: nn.Module) -> dict[str, inspect.Parameter]:
    """Return the parameters of a module's `forward`, by name."""
    return dict(inspect.signature(module.forward).parameters)


def required_arguments(module: nn.Module) -> list[str]:
    """Return the names of the arguments of `forward` without a default, or of its first one."""
    stated = [one for one in forward_parameters(module).values() if one.kind not in _ANY]
    needed = [one.name for one in stated if one.default is one.empty]
    return needed or [one.name for one in stated[:1]] or ["x"]


class CallArguments:
    """Makes the arguments of a module's `forward` out of its input tensors.

    Parameters
    ----------
    module
        The module.
    names
        The names of the tensors, in order.

    Raises
    ------
    LayerError
        If `forward` has no such argument.
    """

    def __init__(self, module: nn.Module, names: Sequence[str]) -> None:
        tree: _Entries = {}
        for place, name in enumerate(names):
            *path, last = name.split(".")
            entries = tree
            for part in path:
                entries = entries.setdefault(part, {})
                if not isinstance(entries, dict):
                    raise LayerError(f"{name}: an argument is a tensor or has entries, not both")
            if last in entries:
                raise LayerError(f"{name}: an argument is a tensor or has entries, not both")
            entries[last] = place
        stated = forward_parameters(module)
        self._types = annotated_types(module) if any("." in name for name in names) else {}
        self._positional: list[tuple[str, Any]] = []
        self._named: list[tuple[str, Any]] = []
        kinds = {one.kind for one in stated.values()}
        leading = [one.name for one in stated.values() if one.kind in _POSITIONAL]
        for name in [
            *(one for one in leading if one in tree),
            *(o for o in tree if o not in leading),
        ]:
            if name in leading and leading.index(name) == len(self._positional):
                self._positional.append((name, tree[name]))
            elif name in stated or inspect.Parameter.VAR_KEYWORD in kinds:
                self._named.append((name, tree[name]))
            elif inspect.Parameter.VAR_POSITIONAL in kinds:
                self._positional.append((name, tree[name]))
            else:
                raise LayerError(f"it takes no {name!r}; its forward takes {_listed(stated)}")

    def __call__(self, tensors: Sequence[Tensor]) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """Return the positional and the named arguments."""
        return (
            [self._filled(one, tensors, name) for name, one in self._positional],
            {name: self._filled(one, tensors, name) for name, one in self._named},
        )

    def _filled(self, entries: Any, tensors: Sequence[Tensor], argument: str = "") -> Any:
        if not isinstance(entries, dict):
            return tensors[entries]
        made = {name: self._filled(one, tensors) for name, one in entries.items()}
        kind = self._types.get(argument)
        if inspect.isclass(kind) and (dataclasses.is_dataclass(kind) or hasattr(kind, "_fields")):
            return kind(**made)
        if all(name.isdecimal() for name in made):
            ordered = [made[name] for name in sorted(made, key=int)]
            return ordered if _is_list(kind) else tuple(ordered)
        return made


def _listed(stated: Mapping[str, inspect.Parameter]) -> str:
    return ", ".join(stated) or "nothing"


def _is_list(kind: Any) -> bool:
    return kind is list or typing.get_origin(kind) is list


def annotated_types(module: nn.Module) -> Mapping[str, Any]:
    """Return the types of arguments, as far as their annotations can be evaluated."""
    try:
        return typing.get_type_hints(module.forward)
    except Exception:  # an annotation may name anything
        return {}
