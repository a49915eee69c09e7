"""Inputs that a user's function makes: ``example_inputs(n, d, batch=1)`` beside or in the class.

It returns a tensor, a tuple of positional arguments, or a dictionary of named ones; they may be
nested and hold constants beside tensors.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import TYPE_CHECKING, Any

from ..core import Kind, Sizes, torch
from .call_arguments import forward_parameters
from .errors import LayerError
from .input_specification import BATCH_NAMES
from .parameters import INPUT_SIZES, LETTERS, parameters_of

if TYPE_CHECKING:
    from torch import Tensor, nn

#: The function's name.
NAME = "example_inputs"


@dataclass(frozen=True)
class Call:
    """A call of a module: its arguments, flattened.

    Parameters
    ----------
    leaves
        Tensors and constants.
    form
        How they are nested.
    names
        The name of each leaf.
    """

    leaves: tuple[Any, ...]
    form: Any
    names: tuple[str, ...]

    @property
    def places(self) -> list[int]:
        """The places of the tensors among the leaves."""
        return [at for at, leaf in enumerate(self.leaves) if isinstance(leaf, torch.Tensor)]

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The tensors by name."""
        return {self.names[at]: self.leaves[at] for at in self.places}

    def __call__(self, tensors: Sequence[Tensor]) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """Return the positional and the named arguments with other tensors."""
        from torch.utils._pytree import tree_unflatten

        leaves = list(self.leaves)
        for at, tensor in zip(self.places, tensors, strict=True):
            leaves[at] = tensor
        positional, named = tree_unflatten(leaves, self.form)
        return positional, named


@dataclass(frozen=True)
class ExampleInputs:
    """A function that makes the inputs of a module.

    Parameters
    ----------
    function
        The function.

    Raises
    ------
    LayerError
        If it has a required parameter that is neither a size nor the batch.
    """

    function: Callable[..., Any]

    def __post_init__(self) -> None:
        parameters = parameters_of(self.function)
        for name, one in parameters.items():
            known = name in LETTERS or name in BATCH_NAMES
            if one.default is one.empty and not known:
                raise LayerError(f"{NAME}: its parameter {name!r} is neither a size nor the batch")

    @property
    def letters(self) -> set[str]:
        """The sizes that it needs."""
        return {
            LETTERS[name]
            for name, one in parameters_of(self.function).items()
            if name in LETTERS and (one.default is one.empty or LETTERS[name] in INPUT_SIZES)
        }

    @property
    def takes_batch(self) -> bool:
        """Whether it makes a batch of any number of sequences."""
        return any(name in BATCH_NAMES for name in parameters_of(self.function))

    def call(
        self,
        module: nn.Module,
        sizes: Sizes,
        *,
        batch: int = 1,
        device: str = "cpu",
        seed: int = 0,
    ) -> Call:
        """Make the arguments of a module at these sizes, the same for the same seed."""
        given: dict[str, int] = {}
        for name in parameters_of(self.function):
            if name in BATCH_NAMES:
                given[name] = batch
            elif LETTERS.get(name) in sizes:
                given[name] = sizes[LETTERS[name]]
        devices = [torch.cuda.current_device()] if device == "cuda" else []
        with torch.random.fork_rng(devices=devices), torch.no_grad():
            torch.manual_seed(seed)
            try:
                with torch.device(device):
                    made = self.function(**given)
            except Exception:  # it may need numbers, which meta tensors do not have
                if device != "meta":
                    raise
                made = self.function(**given)
        return _flattened(module, made)


def own_example(make: Any) -> ExampleInputs | None:
    """Return the function in a class, or None.

    Raises
    ------
    LayerError
        If it needs an object of the class.
    """
    if not inspect.isclass(make) or not hasattr(make, NAME):
        return None
    if isinstance(inspect.getattr_static(make, NAME), FunctionType) and "self" in parameters_of(
        getattr(make, NAME)
    ):
        raise LayerError(f"{NAME} of {make.__name__} needs an object: make it a static method")
    return ExampleInputs(getattr(make, NAME))


def example_beside(make: Any) -> ExampleInputs | None:
    """Return the function in the module that defines a class or a function, or None."""
    found = getattr(sys.modules.get(getattr(make, "__module__", "")), NAME, None)
    return ExampleInputs(found) if callable(found) else None


def kind_of(x: Tensor) -> Kind:
    """Return the kind of a tensor."""
    if x.is_floating_point():
        return "float"
    return "bool" if x.dtype == torch.bool else "int"


def _flattened(module: nn.Module, made: Any) -> Call:
    from torch.utils._pytree import tree_flatten_with_path

    stated = forward_parameters(module)
    named: Mapping[str, Any] = {}
    if isinstance(made, Mapping) and _are_arguments(made, stated):
        positional, named = (), dict(made)
    else:
        positional = tuple(made) if type(made) in (tuple, list) else (made,)
    leaves, form = tree_flatten_with_path((positional, dict(named)))
    first = [*stated, *(f"x{at}" for at in range(len(positional)))]
    names = tuple(_name(path, first) for path, _ in leaves)
    return Call(tuple(leaf for _, leaf in leaves), form, names)


def _are_arguments(made: Mapping[Any, Any], stated: Mapping[str, inspect.Parameter]) -> bool:
    anything = any(one.kind is one.VAR_KEYWORD for one in stated.values())
    return all(isinstance(key, str) and (anything or key in stated) for key in made)


def _name(path: Sequence[Any], arguments: Sequence[str]) -> str:
    """Name a leaf: the argument, and the entries that lead to it."""
    positional, argument, *entries = (
        getattr(key, "idx", getattr(key, "key", getattr(key, "name", ""))) for key in path
    )
    first = arguments[int(argument)] if positional == 0 else argument
    return ".".join(map(str, [first, *entries]))
