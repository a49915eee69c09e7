"""Users' own torch modules as layers, measured without changes to their code.

A module's class, or a function that returns a module, is called with the sizes that its parameters
name. How the module is called is told, made by a function beside it, or found by trying.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from math import lcm
from typing import TYPE_CHECKING, Any, ClassVar

from sympy import nan

from ..core import InputTensor, Layer, Sizes, Theory, torch
from .call_arguments import CallArguments
from .errors import LayerError
from .example_inputs import ExampleInputs
from .findings import add_finding, known_finding
from .input_specification import InputSpecification
from .parameters import constructor_arguments
from .search import find_inputs

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ..core import Arrangement

#: The theory of a layer before it is derived (`experiments.derivation`).
UNKNOWN = Theory(nan, nan, nan, nan, nan, nan)


class UserLayer(Layer):
    """A user's own module, with the tensors that it takes.

    `user_layer` makes a subclass for each module and sets its attributes.

    Attributes
    ----------
    make
        Builds the module: its class, or a function.
    letters
        Parameters of `make` that mean a size, with their letters.
    options
        Further arguments of `make`, as functions of the sizes.
    tensors
        The tensors that it takes.
    example
        The user's function that makes them; None if they are drawn.
    channels_first
        Whether it takes (batch, d, n), as torch's convolutions do, where `tensors` are
        (batch, n, d).
    batch_axis
        The axis of its output that is the batch; None if there is none.
    expect
        Order of the time that its author expects; empty if unknown.
    was_searched
        Whether `tensors` were found by trying, which another process need not repeat.
    """

    theory = UNKNOWN
    make: ClassVar[Callable[..., nn.Module]]
    letters: ClassVar[Mapping[str, str]] = {}
    options: ClassVar[Mapping[str, Callable[[Sizes], object]]] = {}
    tensors: ClassVar[tuple[InputTensor, ...]] = ()
    example: ClassVar[ExampleInputs | None] = None
    channels_first: ClassVar[bool] = False
    batch_axis: ClassVar[int | None] = 0
    expect: ClassVar[str] = ""
    was_searched: ClassVar[bool] = False

    def build(self, sizes: Sizes) -> nn.Module:
        """Build the module in evaluation mode, with its own random weights."""
        from ..core import UserModule  # loads torch

        full = self.resolve(sizes)
        module = self.plain_module(full)
        return UserModule(
            module,
            channels_first=self.channels_first,
            arrange=self._arrangement(module, full),
            batch_axis=self.batch_axis,
        ).eval()

    def plain_module(self, sizes: Sizes) -> nn.Module:
        """Build the user's module alone."""
        full = self.resolve(sizes)
        given: dict[str, object] = {name: full[letter] for name, letter in self.letters.items()}
        given |= {name: value(full) for name, value in self.options.items()}
        module = type(self).make(**given)
        if not isinstance(module, torch.nn.Module):
            raise LayerError(f"{self.name}: got a {type(module).__name__}, not a torch module")
        return module

    def _arrangement(self, module: nn.Module, sizes: Sizes) -> Arrangement:
        if self.example is not None:
            return self.example.call(module, sizes, device="meta")
        try:
            return CallArguments(module, [one.name for one in self.tensors])
        except LayerError as error:
            raise LayerError(f"{self.name}: {error}") from None

    @property
    def input_tensors(self) -> tuple[InputTensor, ...]:
        """What it takes, in order."""
        return self.tensors

    @property
    def has_plain_inputs(self) -> bool:
        """Whether each input consists of numbers, batch first, drawn by us."""
        return self.example is None and super().has_plain_inputs

    def make_inputs(
        self,
        sizes: Sizes,
        *,
        batch: int = 1,
        dtype: torch.dtype | None = None,
        device: str = "cpu",
        seed: int = 0,
    ) -> tuple[Tensor, ...]:
        """Make inputs, the same for the same seed: with the user's function, or drawn."""
        if self.example is None:
            return super().make_inputs(sizes, batch=batch, dtype=dtype, device=device, seed=seed)
        full = self.resolve(sizes)
        if batch > 1 and not self.example.takes_batch:
            raise ValueError(f"example_inputs has no parameter batch, for {batch} sequences")
        module = self.plain_module(full)
        call = self.example.call(module, full, batch=batch, device=device, seed=seed)
        dtype = dtype or torch.float32
        return tuple(
            x.detach().to(device, dtype) if x.is_floating_point() else x.to(device)
            for x in call.tensors.values()
        )


def user_layer(
    name: str,
    make: Any,
    *,
    title: str = "",
    formula: str = "",
    expect: str = "",
    units: Sizes | None = None,
    inputs: InputSpecification | None = None,
) -> UserLayer:
    """Make a layer from a module's class or a function that returns a module.

    Parameters
    ----------
    name
        The layer's name.
    make
        A subclass of ``torch.nn.Module``, or a function that returns a module. Its parameters name
        sizes, by their letter or as in `PARAMETER_NAMES`; the others must have defaults.
    title, formula
        Title and formula for reports; the formula may be empty.
    expect
        Expected order of the time, such as ``n*d**2``.
    units
        By letter, a number that the size must be a multiple of.
    inputs
        What the module takes. Without it a function ``example_inputs`` in the class or beside it
        says so, or it is found by trying.

    Raises
    ------
    LayerError
        If `make` is neither, has another required parameter, or does not return a tensor from
        the inputs.
    """
    if isinstance(make, torch.nn.Module):
        raise LayerError(
            f"{name}: this module has fixed sizes; give its class, or a function of the sizes"
        )
    if not callable(make) or (inspect.isclass(make) and not issubclass(make, torch.nn.Module)):
        kind = make.__name__ if inspect.isclass(make) else type(make).__name__
        raise LayerError(
            f"{name}: a {kind} is not a layer; give a Layer, a subclass of torch.nn.Module, "
            "or a function that returns a module"
        )
    letters, options = constructor_arguments(name, make)
    attributes = {
        "__doc__": inspect.getdoc(make),
        "__module__": __name__,
        "name": name,
        "title": title or name.rpartition(":")[2],
        "formula": formula,
        "make": staticmethod(make),
        "letters": letters,
        "options": options,
        "expect": expect,
    }
    told = inputs or InputSpecification()
    together = dict(units or {})
    for axis, unit in told.multiples:
        together[axis] = lcm(unit, together.get(axis, 1))
    untried = type("UserLayer", (UserLayer,), attributes)
    key = (name, told.tensors, tuple(together.items()))
    if (finding := known_finding(key)) is not None:
        return finding.layer(untried)
    made = find_inputs(untried, *key[1:])
    add_finding(key, made, untried)
    return made
