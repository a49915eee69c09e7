"""What an argument of a user's `forward` may be, by its name and annotation, and by shape."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from sympy import Expr, Integer

from ..core import BATCH, InputTensor, d, n, torch
from .call_arguments import annotated_types, forward_parameters

if TYPE_CHECKING:
    from torch import nn

#: Most combinations of what several arguments may be.
MOST_COMBINATIONS = 40

_ONE, _THREE = Integer(1), Integer(3)

#: Shapes of numbers that are tried for any argument, the likeliest first.
SHAPES: Sequence[tuple[Expr, ...]] = (
    (BATCH, n, d),
    (BATCH, n, n, d),  # pairs of positions
    (BATCH, n, n),
    (BATCH, d, n, n),  # images of d channels
    (BATCH, _THREE, n, n),
    (BATCH, _ONE, n, n),
    (BATCH,),
    (n, d),
    (BATCH, n),
    (BATCH, d),
    (n, n),
    (n, BATCH, d),
    (BATCH, d, n, n, n),  # videos and volumes
)

_POSITIONS = re.compile(r"position|(^|_)pos($|_)")
_LENGTHS = re.compile(r"length|(^|_)lens?($|_)")
_MASK = re.compile(r"mask")
_TOKENS = re.compile(r"(^|_)(ids?|idx|token|tokens|indices|index|words?|labels?)($|_)")
_PAIRS = re.compile(r"pair|(^|_)edges?($|_)")
_IMAGES = re.compile(r"pixel|image|(^|_)(img|imgs|photo)($|_)")

_WHOLE = re.compile(r"(Long|Int|Short)Tensor|\b(Int|UInt|Integer)\d*\[|int64|int32")
_TRUTH = re.compile(r"BoolTensor|\bBool\[")
_DICTIONARY = re.compile(r"\b(dict|Dict|Mapping|MutableMapping|TypedDict)\b")


def likely_inputs(name: str, annotation: str, bounds: Sequence[Expr | int]) -> list[InputTensor]:
    """Return what an argument may be by its name and annotation; empty if they say nothing.

    Parameters
    ----------
    name, annotation
        Of the argument; of an entry of a dictionary, the last part of its name counts.
    bounds
        Bounds of whole numbers: the rows of the module's tables.

    Examples
    --------
    >>> likely_inputs("attention_mask", "Tensor", [32000])[:2]
    [attention_mask: bool[batch, n], attention_mask: bool[n, n]]
    >>> likely_inputs("input_ids", "", [32000])[0]
    input_ids: int[batch, n] < 32000
    """
    key = name.rpartition(".")[2].lower()
    if _LENGTHS.search(key):
        return [InputTensor(name, (BATCH,), "int", value=n)]
    if _POSITIONS.search(key):
        return [InputTensor(name, shape, "int", n) for shape in ((BATCH, n), (n,))]
    if _MASK.search(key) or _TRUTH.search(annotation):
        shapes = ((BATCH, n), (n, n), (BATCH, n, n), (BATCH, _ONE, n, n), (BATCH, n, d), (n,))
        masks = [InputTensor(name, shape, "bool") for shape in shapes]
        whole = [InputTensor(name, (BATCH, n), "int", 2)]
        numbers = [InputTensor(name, shape) for shape in ((n, n), (BATCH, n), (BATCH, _ONE, n, n))]
        return [*masks, *whole, *numbers]
    if _TOKENS.search(key) or _WHOLE.search(annotation):
        return whole_numbers(name, bounds)
    if _PAIRS.search(key):
        return [InputTensor(name, shape) for shape in ((BATCH, n, n, d), (BATCH, n, n), (n, n, d))]
    if _IMAGES.search(key):
        sides = ((BATCH, d, n, n), (BATCH, _THREE, n, n), (BATCH, _ONE, n, n), (BATCH, n, n, d))
        return [InputTensor(name, shape) for shape in sides]
    return []


def whole_numbers(name: str, bounds: Sequence[Expr | int]) -> list[InputTensor]:
    """Return an argument as whole numbers below each bound."""
    found = [InputTensor(name, (BATCH, n), "int", bound) for bound in bounds]
    return [*found, *(InputTensor(name, (n,), "int", bound) for bound in bounds)]


def combinations(
    choices: Sequence[Sequence[InputTensor]], most: int = MOST_COMBINATIONS
) -> Iterator[tuple[InputTensor, ...]]:
    """Yield one input of each argument, the likeliest first, at most so many."""
    places = product(*(range(len(one)) for one in choices))
    for row in islice(sorted(places, key=sum) if _few(choices) else places, most):
        yield tuple(one[place] for one, place in zip(choices, row, strict=True))


def _few(choices: Sequence[Sequence[InputTensor]]) -> bool:
    total = 1
    for one in choices:
        total *= len(one)
    return total <= 100_000


def annotation_of(module: nn.Module, name: str) -> str:
    """Return the annotation of an argument, as text."""
    one = forward_parameters(module).get(name.partition(".")[0])
    return "" if one is None or one.annotation is one.empty else str(one.annotation)


def is_dictionary(module: nn.Module, name: str) -> bool:
    """Return whether an argument is annotated as a dictionary."""
    return _DICTIONARY.search(annotation_of(module, name)) is not None


def fields_of(module: nn.Module, name: str) -> list[str]:
    """Return the fields of an argument that is annotated as a dataclass or a named tuple."""
    kind: Any = annotated_types(module).get(name)
    if not inspect.isclass(kind):
        return []
    if dataclasses.is_dataclass(kind):
        required = [
            one.name
            for one in dataclasses.fields(kind)
            if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        ]
        return [f"{name}.{field}" for field in required]
    return [f"{name}.{field}" for field in getattr(kind, "_fields", ())]


def table_rows(module: nn.Module) -> list[int]:
    """Return the rows of a module's embeddings, then of its other matrices, in order."""
    tables = [each for each in module.modules() if isinstance(each, torch.nn.Embedding)]
    embeddings = [each.num_embeddings for each in tables]
    return embeddings or [
        int(weight.shape[0]) for weight in module.parameters() if weight.dim() == 2
    ]


class Probe(dict[str, Any]):
    """A dictionary that makes what it is asked for, and remembers the keys.

    Parameters
    ----------
    make
        Makes the entry of a key.
    """

    def __init__(self, make: Any) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: str) -> Any:
        self[key] = self._make(key)
        return self[key]
