"""What a user's module takes, found by trying: within a number of tries and of seconds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from time import process_time
from typing import TYPE_CHECKING

from sympy import Expr

from ...messages import error_line, error_message
from ..core import BATCH, InputTensor, Sizes, d, make_tensors, n, torch
from .attempts import Attempt, Units, accepted, with_inputs
from .call_arguments import required_arguments
from .candidates import (
    SHAPES,
    Probe,
    annotation_of,
    combinations,
    fields_of,
    is_dictionary,
    likely_inputs,
    table_rows,
    whole_numbers,
)
from .errors import LayerError
from .example_inputs import example_beside, own_example
from .input_specification import options_text
from .trials import TRIALS, side_of, trial_sizes, trying

if TYPE_CHECKING:
    from torch import nn

    from .user_modules import UserLayer

#: Most inputs that are tried, and most seconds of processor time.
MOST_TRIES, MOST_SECONDS = 120, 10.0

#: Numbers that sizes may have to be multiples of, beside those in a module's messages.
_UNITS = (64, 256)

_SHOWN, _MOST_NUMBERS, _MOST_BOUNDS, _MOST_KEYS = 80, 4, 4, 12


def find_inputs(untried: type[UserLayer], told: tuple[InputTensor, ...], units: Units) -> UserLayer:
    """Return the layer with its inputs: those told, of its class's example, or found by trying.

    Raises
    ------
    LayerError
        If its `forward` accepts none; the message says what was tried, and what to type.
    """
    if told:
        attempt = Attempt(told, units=units)
        try:
            return accepted(untried, attempt)
        except LayerError:
            raise
        except Exception as error:  # a module may raise anything for a wrong shape
            raise LayerError(
                f"{untried.name}: its forward does not accept {attempt}: "
                f"{error_line(error, _SHOWN)}{_hint(told)}"
            ) from error
    if (example := own_example(untried.make)) is not None:
        try:
            return accepted(untried, Attempt(example=example, units=units))
        except LayerError:
            raise
        except Exception as error:  # as above
            raise LayerError(
                f"{untried.name}: example_inputs: {error_line(error, _SHOWN)}"
            ) from error
    return search_inputs(untried, units)


def _hint(told: Sequence[InputTensor]) -> str:
    """Say how inputs that are all without a batch are told with one."""
    if any(one.batch_axis is not None for one in told):
        return ""
    return f'; with a batch it would be "{told[0].name}: {told[0].kind}[batch, …]"'


def search_inputs(untried: type[UserLayer], units: Units) -> UserLayer:
    """Return a layer with inputs that its module accepts.

    They are tried in this order: what a function beside it makes; what names and annotations of its
    arguments say; (batch, n, d) and (batch, d, n); other shapes; entries of dictionaries and
    tuples; sizes that are multiples of a number.

    Raises
    ------
    LayerError
        If it accepts none; the message says what to type.
    """
    search = _Search(untried, units)
    for attempt in search.attempts():
        if (found := search.tried(attempt)) is not None:
            found = search.with_least_units(found, attempt)
            type(found).was_searched = attempt.example is None and not attempt.channels_first
            return found
    raise LayerError(search.refusal())


class _Search:
    """The tries of one module."""

    def __init__(self, untried: type[UserLayer], units: Units) -> None:
        self._untried, self._given = untried, units
        self._until = process_time() + MOST_SECONDS
        self._refused: dict[Attempt, Exception] = {}
        self._units, self._module = self._built()
        self._bounds = self._table_bounds()
        self._names = self._entries(required_arguments(self._module))

    def tried(self, attempt: Attempt) -> UserLayer | None:
        """Return the layer if its module accepts the inputs."""
        spent = len(self._refused) >= MOST_TRIES or process_time() > self._until
        if (spent and self._refused) or attempt in self._refused:
            return None
        try:
            return accepted(self._untried, attempt)
        except LayerError as error:
            if attempt.tensors == self._plain(self._names) and not attempt.channels_first:
                raise LayerError(f"{error}; other inputs are told with --input") from None
            self._refused[attempt] = error
        except Exception as error:  # a module may raise anything for a wrong shape
            self._refused[attempt] = error
        return None

    def attempts(self) -> Iterator[Attempt]:
        """Yield what is tried, the likeliest first."""
        names, units = self._names, self._units
        if (example := example_beside(self._untried.make)) is not None:
            yield Attempt(example=example, units=units)
        yield from self._by_names(names)
        yield Attempt(self._plain(names), units=units)
        yield Attempt(self._plain(names), channels_first=True, units=units)
        yield from self._by_shapes(names)
        for other in self._nested(names):
            yield from self._by_names(other)
            yield Attempt(self._plain(other), units=units)
            yield from self._by_shapes(other)
        yield from self._in_units()
        every = [self._choices(name) for name in names]
        yield from (Attempt(tensors, units=units) for tensors in combinations(every))

    def with_least_units(self, found: UserLayer, attempt: Attempt) -> UserLayer:
        """Halve the units that were found, not those that were given, while it is accepted."""
        for place, (axis, unit) in enumerate(attempt.units):
            if (axis, unit) in self._given:
                continue
            while unit > 2 and unit % 2 == 0:
                unit //= 2
                units = (*attempt.units[:place], (axis, unit), *attempt.units[place + 1 :])
                less = self.tried(replace(attempt, units=units))
                if less is None:
                    break
                found, attempt = less, replace(attempt, units=units)
        return found

    def refusal(self) -> str:
        """Say what was tried and what to type."""
        attempt, error = next(iter(self._refused.items()))
        likely = [
            (self._likely(name) or [InputTensor(name, (BATCH, n, d))])[0] for name in self._names
        ]
        return (
            f"{self._untried.name}: its forward accepts none of {len(self._refused)} inputs that "
            f"were tried, such as {attempt} ({error_line(error, _SHOWN)}); say what it takes: "
            f"{options_text(likely, self._given)}"
        )

    def _built(self) -> tuple[Units, nn.Module]:
        """Build the module at the first sizes, as multiples of a number if it has to be."""
        refused: Exception | None = None
        for units in (self._given, *(self._more(*each) for each in _unit_choices([]))):
            try:
                layer = with_inputs(self._untried, Attempt(self._plain(["x"]), units=units))()
                with trying():
                    return units, layer.plain_module(trial_sizes(layer)[0])
            except LayerError:
                raise
            except Exception as error:  # a module may raise anything
                refused = refused or error
        assert refused is not None
        raise LayerError(f"{self._untried.name} cannot be built: {error_line(refused, 200)}")

    def _table_bounds(self) -> list[Expr | int]:
        """Return the bounds of whole numbers: the rows of tables as formulas, the largest first."""
        layer = with_inputs(self._untried, Attempt(self._plain(["x"]), units=self._units))()
        trials = trial_sizes(layer)
        try:
            with trying():
                rows = [table_rows(layer.plain_module(at)) for at in trials]
        except Exception:  # a module may raise anything at other sizes
            return [2]
        sides = {
            side: values[0]
            for values in zip(*rows, strict=False)
            if (side := side_of(trials, values)) is not None
        }
        largest = sorted(sides, key=lambda side: -sides[side])
        return [*islice(largest, _MOST_BOUNDS), 2]

    def _more(self, *units: tuple[str, int]) -> Units:
        return tuple({**dict(units), **dict(self._given)}.items())

    def _entries(self, names: Sequence[str]) -> list[str]:
        """Replace arguments that are annotated as dataclasses or dictionaries by their entries."""
        found: list[str] = []
        for name in names:
            entries = fields_of(self._module, name)
            if not entries and is_dictionary(self._module, name):
                entries = self._keys(name, names)
            found.extend(entries or [name])
        return found

    def _keys(self, name: str, names: Sequence[str]) -> list[str]:
        """Return the keys that a module asks a dictionary for, the argument before each."""
        layer = with_inputs(self._untried, Attempt(self._plain(["x"]), units=self._units))()
        at = trial_sizes(layer)[0]

        def make(key: str) -> object:
            if len(probe) > _MOST_KEYS or not (isinstance(key, str) and key.isidentifier()):
                raise KeyError(key)
            return self._tensor(self._first(f"{name}.{key}"), layer, at)

        probe = Probe(make)
        given = {
            one: probe if one == name else self._tensor(self._first(one), layer, at)
            for one in names
        }
        with trying(), suppress(Exception):  # what counts are the keys that it asks for
            layer.plain_module(at)(**given)
        return [f"{name}.{key}" for key in probe]

    def _tensor(self, one: InputTensor, layer: UserLayer, at: Sizes) -> torch.Tensor:
        (x,) = make_tensors(
            [one], layer.resolve(at), batch=1, dtype=torch.float32, device="cpu", seed=0
        )
        return x

    def _nested(self, names: Sequence[str]) -> Iterator[list[str]]:
        """Yield the arguments as tuples or dictionaries, where that is what messages speak of."""
        texts = " ".join(error_message(error) for error in self._refused.values())
        for place, name in enumerate(names):
            if "." in name:
                continue
            rest = (names[:place], names[place + 1 :])
            if keys := self._keys(name, names):
                yield [*rest[0], *keys, *rest[1]]
            for count in dict.fromkeys(re.findall(r"values to unpack \(expected (\d)", texts)):
                yield [*rest[0], *(f"{name}.{each}" for each in range(int(count))), *rest[1]]

    def _by_names(self, names: Sequence[str]) -> Iterator[Attempt]:
        """Yield what names and annotations say, where they say anything."""
        likely = [self._likely(name) for name in names]
        if any(likely):
            choices = [
                one or [InputTensor(name, (BATCH, n, d))]
                for name, one in zip(names, likely, strict=True)
            ]
            for tensors in combinations(choices):
                yield Attempt(tensors, units=self._units)

    def _by_shapes(self, names: Sequence[str]) -> Iterator[Attempt]:
        """Yield one shape for all arguments of which the name says nothing, or whole numbers."""
        likely = {name: self._likely(name) for name in names}
        first, *rest = names
        if rest and not likely[first]:  # it is a sequence, the others have other shapes
            shapes = ([InputTensor(x, shape) for shape in SHAPES] for x in rest)
            choices = [likely[x] or each for x, each in zip(rest, shapes, strict=True)]
            for likeliest in combinations([self._plain([first]), *choices]):
                yield Attempt(likeliest, units=self._units)
        for shape in SHAPES[1:]:
            tensors = [(likely[x] or [InputTensor(x, shape)])[0] for x in names]
            yield Attempt(tuple(tensors), units=self._units)
        for bound in self._bounds:
            tensors = [(likely[x] or whole_numbers(x, [bound]))[0] for x in names]
            yield Attempt(tuple(tensors), units=self._units)

    def _in_units(self) -> Iterator[Attempt]:
        """Yield the likeliest inputs at sizes that are multiples of a number."""
        texts = [error_message(error) for error in self._refused.values()]
        bases = [*islice(self._by_names(self._names), 3), Attempt(self._plain(self._names))]
        bases.append(Attempt(self._plain(self._names), channels_first=True))
        for units in _unit_choices(texts):
            for base in bases:
                yield replace(base, units=self._more(*units))

    def _choices(self, name: str) -> list[InputTensor]:
        shapes = [InputTensor(name, shape) for shape in SHAPES]
        return [*self._likely(name), *shapes, *whole_numbers(name, self._bounds)]

    def _likely(self, name: str) -> list[InputTensor]:
        return likely_inputs(name, annotation_of(self._module, name), self._bounds)

    def _first(self, name: str) -> InputTensor:
        return (self._likely(name) or [InputTensor(name, (BATCH, n, d))])[0]

    def _plain(self, names: Sequence[str]) -> tuple[InputTensor, ...]:
        return tuple(InputTensor(name, (BATCH, n, d)) for name in names)


def _unit_choices(texts: Sequence[str]) -> list[tuple[tuple[str, int], ...]]:
    """Return multiples that sizes may have to be: the numbers in messages, then usual ones."""
    said = [int(number) for text in texts[:8] for number in re.findall(r"\b\d{1,4}\b", text)]
    known = {axis: [at[axis] for at in TRIALS] for axis in ("n", "d")}
    found: list[tuple[tuple[str, int], ...]] = []
    for unit in dict.fromkeys([*islice(dict.fromkeys(said), _MOST_NUMBERS), *_UNITS]):
        alone = [
            ((axis, unit),)
            for axis, tried in known.items()
            if unit > 1 and any(size % unit for size in tried)
        ]
        found += [*alone, (("n", unit), ("d", unit))] if len(alone) == 2 else alone
    return found
