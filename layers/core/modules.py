"""The ``nn.Module`` of each kind of layer. It loads torch: import it when a module is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import partial
from math import ceil, sqrt
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .random_tensors import MAX_DRAWN, draw_tensor, repeat_to_shape


class Formula(Protocol):
    """The part of a textbook layer that its module uses."""

    name: ClassVar[str]
    formula: ClassVar[str]

    def forward(self, *tensors: Any, **named: Any) -> Tensor:
        """Compute the layer."""


class Adapter(Protocol):
    """The part of a native layer that its module uses."""

    def forward(self, module: nn.Module, *inputs: Any, **options: Any) -> Tensor:
        """Call torch's module."""


def _uniform(bound: float, count: int) -> Tensor:
    return torch.empty(count).uniform_(-bound, bound)


class RepeatedWeights(TorchFunctionMode):
    """Draw only `MAX_DRAWN` numbers for each large weight of torch's modules, and repeat them.

    It intercepts the functions with which torch's recurrent and convolutional layers fill weights;
    their range follows from the size of a row.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call a function of torch, on the first rows alone where it fills a large weight."""
        kwargs = kwargs or {}
        weight = kwargs.get("tensor")
        if func not in _FILLING or weight is None or weight.numel() <= MAX_DRAWN:
            return func(*args, **kwargs)
        rows = ceil(MAX_DRAWN / weight[0].numel())
        some = func(**{**kwargs, "tensor": weight.new_empty(rows, *weight.shape[1:])})
        with torch.no_grad():
            return weight.copy_(repeat_to_shape(some.flatten()[:MAX_DRAWN], weight.shape))


_FILLING = (nn.init.uniform_, nn.init.kaiming_uniform_)


class TextbookModule(nn.Module):
    """The module of a textbook layer: its weights, passed to its formula."""

    def __init__(
        self, layer: Formula, shapes: Mapping[str, tuple[int, ...]], given: Mapping[str, int]
    ) -> None:
        super().__init__()
        self.layer = layer
        self.size_arguments = dict(given)
        for name, shape in shapes.items():
            bound = 1 / sqrt(shape[-1])  # the fan-in: as torch draws the weights of nn.Linear
            weight = draw_tensor(shape, partial(_uniform, bound))
            self.register_parameter(name, nn.Parameter(weight))

    def forward(self, *inputs: Tensor) -> Tensor:
        """Compute the layer's formula."""
        return self.layer.forward(*inputs, **self._parameters, **self.size_arguments)

    def extra_repr(self) -> str:
        """Return the formula, which torch prints as part of the module."""
        return f"{self.layer.name}: {self.layer.formula}"


class NativeModule(nn.Module):
    """The module of a native layer: torch's module with a textbook layer's inputs and output."""

    def __init__(self, layer: Adapter, module: nn.Module) -> None:
        super().__init__()
        self.layer = layer
        self.module = module

    def forward(self, *inputs: Tensor) -> Tensor:
        """Call torch's module."""
        return self.layer.forward(self.module, *inputs)


class StackModule(nn.Module):
    """A stack of layers: each gets the output of the previous one as all of its inputs.

    Parameters
    ----------
    layers
        The layers, the lowest first.
    carried
        For each input, whether it is the output of the layer below; the others, such as masks, are
        the same for all layers.
    """

    def __init__(self, layers: Iterable[nn.Module], carried: Sequence[bool] | None = None) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.carried = carried

    def forward(self, *inputs: Tensor) -> Tensor:
        """Call the layers, the lowest first."""
        carried = self.carried or [True] * len(inputs)
        output = inputs[0]
        for layer in self.layers:
            output = layer(*inputs)
            inputs = tuple(output if c else x for x, c in zip(inputs, carried, strict=True))
        return output


#: Makes the positional and the named arguments of a module out of its input tensors.
Arrangement = Callable[[Sequence[Tensor]], tuple[Sequence[Any], Mapping[str, Any]]]


class UserModule(nn.Module):
    """The module of a user's layer, called with its input tensors; its first tensor is the output.

    Parameters
    ----------
    module
        The user's module.
    channels_first
        Whether it takes (batch, d, n) where the layer has (batch, n, d); an output of three
        dimensions is transposed back.
    arrange
        Makes the module's arguments out of the tensors; by default they are given in order.
    batch_axis
        The axis of the output that is the batch, which is moved to the front; None if there is
        none, which is added.

    Attributes
    ----------
    may_have_unused_weights
        Whether the output may not depend on some of the weights.
    """

    may_have_unused_weights = True

    def __init__(
        self,
        module: nn.Module,
        *,
        channels_first: bool = False,
        arrange: Arrangement | None = None,
        batch_axis: int | None = 0,
    ) -> None:
        super().__init__()
        self.module = module
        self.channels_first = channels_first
        self.arrange = arrange
        self.batch_axis = batch_axis

    def forward(self, *inputs: Tensor) -> Tensor:
        """Call the module; with gradients its output is the first tensor that has one."""
        outputs = self.all_outputs(*inputs)
        if torch.is_grad_enabled():
            return next((x for x in outputs if x.requires_grad), outputs[0])
        return outputs[0]

    def all_outputs(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Call the module; return all floating-point tensors of its output, in order."""
        given = [x.mT for x in inputs] if self.channels_first else inputs
        positional, named = self.arrange(given) if self.arrange else (given, {})
        outputs = tuple(_floating_tensors(self.module(*positional, **named)))
        if not outputs:
            raise TypeError("its output has no floating-point tensor")
        if self.channels_first:
            outputs = tuple(x.mT if x.dim() == 3 else x for x in outputs)
        if self.batch_axis == 0:
            return outputs
        first, *others = outputs
        moved = first[None] if self.batch_axis is None else first.movedim(self.batch_axis, 0)
        return (moved, *others)


class EmbeddedModule(nn.Module):
    """A language model that is called with vectors instead of token ids."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> object:  # x (batch, n, d)
        """Return the model's output, the last hidden state first."""
        return self.model(inputs_embeds=x)


def _floating_tensors(given: object) -> Iterator[Tensor]:
    """Yield the floating-point tensors of an output: a tuple, a mapping or a dataclass."""
    if isinstance(given, Tensor):
        if given.is_floating_point():
            yield given
    elif isinstance(given, Mapping):
        yield from _floating_tensors(tuple(given.values()))
    elif isinstance(given, tuple | list):
        for each in given:
            yield from _floating_tensors(each)
    elif is_dataclass(given) and not isinstance(given, type):
        yield from _floating_tensors([getattr(given, field.name, None) for field in fields(given)])
