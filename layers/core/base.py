"""The base classes of layers: any layer, a textbook formula, and a module of torch's.

To add one, write one class in one file of this folder and put ``@register`` above it;
docs/layers.md walks through it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from math import gcd, lcm, prod
from typing import TYPE_CHECKING, Any, ClassVar, Self

import sympy
from sympy import Expr

from .input_tensors import BATCH, InputTensor, make_tensors
from .lazy_torch import torch
from .theory import (
    Shape,
    Sizes,
    Theory,
    d,
    is_known,
    n,
    subs,
    without_negative_terms,
    without_rounding,
)

if TYPE_CHECKING:
    from torch import Tensor, nn


class Layer(ABC):
    """A layer that can be built at any size and measured.

    Attributes
    ----------
    name
        The name it is registered, measured and reported under.
    title
        A few words for a reader, such as "self-attention".
    formula
        The formula, as the textbook writes it.
    theory
        Its theory, in the size symbols.
    axes
        The sizes that a sweep varies.
    inputs
        Shape of each input without the batch, in the size symbols.
    token_inputs
        Inputs that are token ids, integers from 0 to below this, instead of unit-normal numbers.
    output
        Shape of the output without the batch, in the size symbols.
    ties
        Sizes that follow from others or are constant unless given: ``{"m": d, "h": 4}``.
    integer_expressions
        Expressions in the sizes that must be whole numbers, such as the padding (k − 1)/2.
    least
        Smallest sizes, where 1 is not enough.
    native
        Whether one of torch's fused kernels computes it. Textbook layers call none, and are
        compared with theory; native ones show what a fused kernel changes.
    causal
        Whether no position of the output depends on a later one of the input.
    input_free_depth
        Operations at the start of the longest chain that do not use the input, such as those on
        weights. In a stack they do not wait for the layer below.
    runs_on_meta
        Whether it runs on meta tensors, which hold no data; code that reads values does not.
    units
        By letter, a number that a size must be a multiple of, where `integer_expressions` alone
        leave few small sizes.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    formula: ClassVar[str]
    theory: Theory
    axes: ClassVar[tuple[str, ...]] = ("n", "d")
    inputs: ClassVar[Mapping[str, Shape]] = {"x": (n, d)}
    token_inputs: ClassVar[Mapping[str, Expr]] = {}
    output: ClassVar[Shape] = (n, d)
    ties: ClassVar[Mapping[str, Expr | int]] = {}
    integer_expressions: ClassVar[tuple[Expr, ...]] = ()
    least: ClassVar[Sizes] = {}
    native: ClassVar[bool] = False
    causal: ClassVar[bool] = False
    input_free_depth: ClassVar[int] = 0
    runs_on_meta: ClassVar[bool] = True
    units: ClassVar[Sizes] = {}

    @abstractmethod
    def build(self, sizes: Sizes) -> nn.Module:
        """Build the module at these sizes, with fresh random weights."""

    @property
    def input_tensors(self) -> tuple[InputTensor, ...]:
        """What it takes, in order; here numbers and token ids, batch first."""
        return tuple(
            InputTensor(x, (BATCH, *shape), "int", below=self.token_inputs[x])
            if x in self.token_inputs
            else InputTensor(x, (BATCH, *shape))
            for x, shape in self.inputs.items()
        )

    @property
    def has_plain_inputs(self) -> bool:
        """Whether each input consists of numbers, batch first, drawn by us."""
        return all(one.is_plain for one in self.input_tensors)

    def module_key(self, sizes: Sizes) -> Hashable:
        """Return a key of the module: at sizes with the same key, one module serves both.

        A class that overrides `build` overrides this too if its module depends on more sizes.
        """
        return tuple(sorted(self.resolve(sizes).items()))

    def resolve(self, sizes: Sizes) -> dict[str, int]:
        """Complete the sizes by the layer's ties.

        Raises
        ------
        ValueError
            If a size that the layer needs is missing or not a positive whole number, or if the
            sizes are incompatible (an even k, a width that the heads do not divide).
        """
        if (observer := _observer.get()) is not None:
            observer(self, sizes)
        given = {s: v for s, v in sizes.items() if v is not None}
        for s in self.axes:
            if s not in given:
                raise ValueError(f"layer {self.name!r} needs the size {s!r}; it got {given}")
        for s, v in given.items():
            if v != int(v) or v < self.least.get(s, 1):
                from_on = f" from {self.least[s]} on" if s in self.least else ""
                raise ValueError(
                    f"layer {self.name!r}: size {s} must be a whole number{from_on}, not {v!r}"
                )
        tied = {s: int(subs(v, given)) for s, v in self.ties.items()}
        full = {**tied, **{s: int(v) for s, v in given.items()}}
        for expr in self.integer_expressions:
            if not subs(expr, full).is_integer:
                raise ValueError(f"layer {self.name!r}: {expr} must be a whole number at {full}")
        return full

    def in_units(self, axis: str, values: tuple[int, ...]) -> tuple[int, ...]:
        """Return values of an axis, times what makes them multiples of its unit."""
        unit = self.units.get(axis, 1)
        factor = lcm(*(unit // gcd(v, unit) for v in values))
        return tuple(v * factor for v in values)

    def with_theory(self, theory: Theory) -> Self:
        """Return a copy of the layer with another theory; the layer itself is unchanged."""
        made = copy(self)
        made.theory = theory
        return made

    def tied_theory(self) -> Theory:
        """Return the theory in the swept sizes alone, with the ties substituted."""
        return self.theory.at(self.ties)

    def peak_memory(self, mode: str) -> Expr:
        """Return the order of a pass's peak memory, in elements, as a formula of the swept sizes.

        A forward pass holds its temporaries and its output, exactly so to leading order. The
        gradients of inputs and weights are as large as these, and while they are computed those of
        the temporaries are held; ``training`` adds the activations, ``backward`` starts with them.

        Returns
        -------
        The order; NaN where it is not known.

        Raises
        ------
        ValueError
            If the mode is unknown.
        """
        theory = self.tied_theory()
        output = self._elements(self.output)
        gradients = sum(map(self._elements, self.inputs.values())) + theory.parameters
        peaks = {
            "forward": theory.temporaries + output,
            "backward": theory.temporaries + gradients,
            "training": theory.memory + theory.temporaries + output + gradients,
        }
        if mode not in peaks:
            raise ValueError(f"no mode is called {mode!r}; there are: {', '.join(peaks)}")
        # A maximum has the order of the sum; negative terms do not change the order.
        order = without_rounding(peaks[mode].replace(sympy.Max, sympy.Add))
        return without_negative_terms(order) if is_known(order) else order

    def largest_weight(self) -> Expr:
        """Return the elements of the largest weight, in the swept sizes; here, of all weights."""
        return self.tied_theory().parameters

    def _elements(self, shape: Shape) -> Expr:
        return subs(prod(shape), self.ties)

    def make_inputs(
        self,
        sizes: Sizes,
        *,
        batch: int = 1,
        dtype: torch.dtype | None = None,
        device: str = "cpu",
        seed: int = 0,
    ) -> tuple[Tensor, ...]:
        """Make inputs of shape (batch, …), unit-normal or token ids, the same for the same seed.

        They are drawn on the device in float32, so that every dtype gets the same numbers, and
        repeat after `MAX_DRAWN` numbers. On the device "meta" nothing is drawn.
        """
        full = self.resolve(sizes)
        dtype = dtype or torch.float32
        return make_tensors(
            self.input_tensors, full, batch=batch, dtype=dtype, device=device, seed=seed
        )


Observer = Callable[[Layer, Sizes], object]

_observer: ContextVar[Observer | None] = ContextVar("observer", default=None)


@contextmanager
def observing_sizes(observer: Observer) -> Iterator[None]:
    """Call an observer with each layer and its sizes before it is built, inside the block.

    The observer applies to the current context only (`contextvars`), not to other threads.
    """
    token = _observer.set(observer)
    try:
        yield
    finally:
        _observer.reset(token)


class Textbook(Layer):
    """A layer written as its formula: ``forward(inputs…, weights…)`` on plain tensors.

    Attributes
    ----------
    weights
        Shape of each weight, in the size symbols. A matrix ``(rows, columns)`` multiplies a
        column vector, as in the text, so its columns are its fan-in.
    size_arguments
        Sizes that `forward` takes as arguments, by letter, such as that of a window.
    """

    weights: ClassVar[Mapping[str, Shape]] = {}
    size_arguments: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def forward(self, *tensors: Any, **named: Any) -> Tensor:
        """Compute the layer: inputs in order, weights and `size_arguments` by name."""

    def largest_weight(self) -> Expr:
        """Return the elements of the largest weight, in the swept sizes."""
        return sympy.Max(0, *map(self._elements, self.weights.values()))

    def build(self, sizes: Sizes) -> nn.Module:
        """Build the module with weights uniform within ±1/√fan-in, as torch draws them."""
        from .modules import TextbookModule  # loads torch

        shapes, given = self.module_key(sizes)
        return TextbookModule(self, dict(shapes), dict(given))

    def module_key(self, sizes: Sizes) -> tuple[tuple[tuple[str, Any], ...], ...]:
        """Return the shapes of the weights and the `size_arguments`, by name."""
        full = self.resolve(sizes)
        shapes = ((w, _numbers(shape, full)) for w, shape in self.weights.items())
        return tuple(shapes), tuple((letter, full[letter]) for letter in self.size_arguments)


class Native(Layer):
    """A module or function of torch, called with the shapes of the textbook layer.

    Attributes
    ----------
    module_sizes
        Sizes that `module` depends on; None for all.
    """

    native = True
    module_sizes: ClassVar[tuple[str, ...] | None] = None

    def module(self, sizes: Sizes) -> nn.Module:
        """Make torch's module; for a function of torch, an identity that is not used."""
        return torch.nn.Identity()

    @abstractmethod
    def forward(self, module: nn.Module, *inputs: Any, **options: Any) -> Tensor:
        """Call the module; the output is (batch, n, d)."""

    def build(self, sizes: Sizes) -> nn.Module:
        """Build the module with torch's own random weights, which repeat in large weights."""
        from .modules import NativeModule, RepeatedWeights  # loads torch

        with RepeatedWeights():
            return NativeModule(self, self.module(dict(self.module_key(sizes))))

    def module_key(self, sizes: Sizes) -> tuple[tuple[str, int], ...]:
        """Return the sizes that the module depends on."""
        full = self.resolve(sizes)
        return tuple(
            (s, full[s]) for s in (full if self.module_sizes is None else self.module_sizes)
        )


def _numbers(shape: Shape, sizes: Sizes) -> tuple[int, ...]:
    return tuple(int(subs(side, sizes)) for side in shape)
