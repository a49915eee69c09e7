"""A statement of the course text, the evidence for and against it, and the verdict that follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ...layers import torch
from ...measure import SECONDS

if TYPE_CHECKING:
    from torch import Tensor

    from ...analysis import Fit


class Bearing(StrEnum):
    """What a line of evidence does to its statement."""

    FOR = "for"
    LIMITS = "limits"
    AGAINST = "against"
    AUXILIARY = "aside"

    @property
    def words(self) -> str:
        """What it does, as the end of a sentence."""
        return _WORDS[self]


_WORDS = {
    Bearing.FOR: "for it",
    Bearing.LIMITS: "for it on a condition",
    Bearing.AGAINST: "against it",
    Bearing.AUXILIARY: "for neither",
}


class StatementVerdict(StrEnum):
    """What becomes of a statement."""

    CONFIRMED = "confirmed"
    CONDITIONAL = "confirmed with a condition"
    REFUTED = "refuted"


@dataclass(frozen=True)
class Statement:
    """What the course text says, and how it is put to the test.

    Parameters
    ----------
    id
        Short name, such as ``argmax-gradient``.
    exercise
        Of the course text: ``A6.1`` to ``A6.4``.
    text
        The statement, in the text's words, in English.
    original
        The same in Chinese; empty where it is implied.
    how
        How it is tested.
    timed
        Layers whose laws of time take part, where they were measured.
    """

    id: str
    exercise: str
    text: str
    original: str
    how: str
    timed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """A number that was computed, and what it means for the statement.

    Parameters
    ----------
    what, value
        What was computed, and what came out.
    bearing
        Whether it speaks for the statement, limits it, or contradicts it.
    so
        What follows, where it limits or contradicts.
    """

    what: str
    value: str
    bearing: Bearing = Bearing.AUXILIARY
    so: str = ""


def required(what: str, value: str, holds: bool, so: str) -> Evidence:
    """Give evidence that refutes the statement unless it holds; `so` says what is the case instead.

    >>> required("1 + 1", "3", 1 + 1 == 3, "it is 2").bearing.value
    'against'
    """
    return _weighed(what, value, holds, Bearing.AGAINST, so)


def limiting(what: str, value: str, found: bool, so: str) -> Evidence:
    """Give evidence that limits the statement, if it is found; `so` is the condition."""
    return _weighed(what, value, not found, Bearing.LIMITS, so)


def auxiliary(what: str, value: str) -> Evidence:
    """Give a number that is shown with the others and decides nothing."""
    return Evidence(what, value)


def _weighed(what: str, value: str, holds: bool, bearing: Bearing, so: str) -> Evidence:
    return Evidence(what, value, Bearing.FOR) if holds else Evidence(what, value, bearing, so)


@dataclass(frozen=True)
class JudgedStatement:
    """A statement, the evidence that was computed, and the verdict that follows from it."""

    statement: Statement
    evidence: tuple[Evidence, ...]

    @property
    def verdict(self) -> StatementVerdict:
        """Refuted by one line against it, limited by one that limits, confirmed otherwise."""
        found = {line.bearing for line in self.evidence}
        if Bearing.AGAINST in found:
            return StatementVerdict.REFUTED
        if Bearing.LIMITS in found:
            return StatementVerdict.CONDITIONAL
        if Bearing.FOR in found:
            return StatementVerdict.CONFIRMED
        raise ValueError(f"nothing was tested of the statement {self.statement.id!r}")

    @property
    def reason(self) -> str:
        """What refutes or limits it; empty where it is confirmed."""
        decides = {
            StatementVerdict.REFUTED: Bearing.AGAINST,
            StatementVerdict.CONDITIONAL: Bearing.LIMITS,
        }
        decisive = decides.get(self.verdict)
        lines = (line.so for line in self.evidence if line.bearing is decisive)
        return "; ".join(dict.fromkeys(lines))

    def as_dict(self) -> dict[str, Any]:
        """Give everything by name, as JSON has it."""
        return {
            **asdict(self.statement),
            "verdict": self.verdict.value,
            "reason": self.reason,
            "evidence": [asdict(line) for line in self.evidence],
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> JudgedStatement:
        """Read what `as_dict` gives; the verdict follows from the evidence again."""
        names = Statement.__dataclass_fields__
        statement = Statement(**{name: given[name] for name in names})
        return cls(
            replace(statement, timed=tuple(given["timed"])),
            tuple(
                Evidence(**{**line, "bearing": Bearing(line["bearing"])})
                for line in given["evidence"]
            ),
        )


@dataclass(frozen=True)
class Setting:
    """What a test may draw on.

    Parameters
    ----------
    seed
        Of random numbers.
    fits
        Laws that were fitted to measured times, if any were.
    """

    seed: int = 0
    fits: Sequence[Fit] = ()

    def normal(self, *shape: int, stream: int = 0) -> Tensor:
        """Unit-normal numbers in float64, the same for the same seed and stream."""
        source = torch.Generator().manual_seed(1000 * self.seed + stream)
        return torch.randn(*shape, generator=source, dtype=torch.float64)

    def law(self, layer: str) -> Fit | None:
        """Look up the law of a layer's time, of a forward pass; None where it was not measured."""
        fits = (fit for fit in self.fits if fit.series.layer == layer)
        return next(
            (f for f in fits if (f.series.metric, f.series.mode) == (SECONDS.name, "forward")), None
        )


Test = Callable[[Setting], Iterable[Evidence]]

_registry: dict[str, tuple[Statement, Test]] = {}


def claim(statement: Statement) -> Callable[[Test], Test]:
    """Register a test under its statement.

    Raises
    ------
    ValueError
        If the statement's id is taken.
    """
    if statement.id in _registry:
        raise ValueError(f"a statement called {statement.id!r} is there already")

    def register(test: Test) -> Test:
        _registry[statement.id] = statement, test
        return test

    return register


def statements(ids: Sequence[str] | None = None, exercise: str | None = None) -> list[Statement]:
    """Give statements in the order of the course text: all, some, or those of an exercise.

    Raises
    ------
    KeyError
        If there is none of an id or an exercise; the message lists those there are.
    """
    every = [statement for statement, _ in _registry.values()]
    exercises = list(dict.fromkeys(each.exercise for each in every))
    if exercise is not None and exercise not in exercises:
        raise KeyError(f"no exercise is called {exercise!r}; there are: {', '.join(exercises)}")
    for each in ids or ():
        if each not in _registry:
            raise KeyError(f"no statement is called {each!r}; there are: {', '.join(_registry)}")
    return [
        each for each in every if (not ids or each.id in ids) and exercise in (None, each.exercise)
    ]


def judge_statements(
    chosen: Sequence[Statement] | None = None,
    *,
    seed: int = 0,
    fits: Sequence[Fit] = (),
    progress: Callable[[int, int, str], object] | None = None,
) -> list[JudgedStatement]:
    """Put statements to the test.

    Parameters
    ----------
    chosen
        From `statements`; all of them by default.
    seed
        Of weights and inputs that are drawn.
    fits
        Laws of measured times, such as `analysis.fit` gives; the statements about times that are
        not among them are tested by their counts alone.
    progress
        Called after each test with the number done, the number of all, and the statement's id.

    Examples
    --------
    >>> (one,) = judge_statements(statements(["argmax-gradient"]))
    >>> one.verdict.value
    'refuted'
    """
    chosen = statements() if chosen is None else chosen
    return list(_each(chosen, Setting(seed, fits), progress))


def _each(
    chosen: Sequence[Statement],
    setting: Setting,
    progress: Callable[[int, int, str], object] | None,
) -> Iterator[JudgedStatement]:
    for done, statement in enumerate(chosen, 1):
        _, test = _registry[statement.id]
        yield JudgedStatement(statement, tuple(test(setting)))
        if progress is not None:
            progress(done, len(chosen), statement.id)
