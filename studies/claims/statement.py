"""Statements of the course text, their evidence, the verdict that follows, and their registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ...layers import torch
from ...measure import SECONDS
from ...messages import listed, quoted

if TYPE_CHECKING:
    from torch import Tensor

    from ...analysis import Fit


class Bearing(StrEnum):
    """What a line of evidence means for its statement."""

    FOR = "for"
    LIMITS = "limits"
    AGAINST = "against"
    AUXILIARY = "aside"

    @property
    def words(self) -> str:
        """What it means, in words."""
        return _WORDS[self]


_WORDS = {
    Bearing.FOR: "supports it",
    Bearing.LIMITS: "limits it",
    Bearing.AGAINST: "refutes it",
    Bearing.AUXILIARY: "shown only",
}


class StatementVerdict(StrEnum):
    """The verdict on a statement."""

    CONFIRMED = "confirmed"
    CONDITIONAL = "confirmed with a condition"
    REFUTED = "refuted"


@dataclass(frozen=True)
class Statement:
    """A statement of the course text, and how it is tested.

    Parameters
    ----------
    id
        Short name, such as ``argmax-gradient``.
    exercise
        Exercise of the course text, ``A6.1`` to ``A6.4``.
    text
        The statement, translated into English.
    original
        The Chinese text; empty if the statement is only implied.
    how
        How it is tested.
    timed
        Layers whose laws of time are evidence, if they were measured.
    """

    id: str
    exercise: str
    text: str
    original: str
    how: str
    timed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """A computed number, and what it means for the statement.

    Parameters
    ----------
    what, value
        What was computed, and the result.
    bearing
        Whether it supports, limits or refutes the statement, or is only shown.
    so
        The conclusion, if it limits or refutes the statement.
    """

    what: str
    value: str
    bearing: Bearing = Bearing.AUXILIARY
    so: str = ""


def required_evidence(what: str, value: str, holds: bool, so: str) -> Evidence:
    """Make evidence that refutes the statement unless `holds`; `so` says what is true instead.

    >>> required_evidence("1 + 1", "3", 1 + 1 == 3, "it is 2").bearing.value
    'against'
    """
    return _weighed(what, value, holds, Bearing.AGAINST, so)


def limiting_evidence(what: str, value: str, found: bool, so: str) -> Evidence:
    """Make evidence that limits the statement if `found`; `so` is the condition."""
    return _weighed(what, value, not found, Bearing.LIMITS, so)


def auxiliary_evidence(what: str, value: str) -> Evidence:
    """Make evidence that is shown with the others and decides nothing."""
    return Evidence(what, value)


def _weighed(what: str, value: str, holds: bool, bearing: Bearing, so: str) -> Evidence:
    return Evidence(what, value, Bearing.FOR) if holds else Evidence(what, value, bearing, so)


@dataclass(frozen=True)
class JudgedStatement:
    """A statement with its evidence, from which the verdict follows."""

    statement: Statement
    evidence: tuple[Evidence, ...]

    @property
    def verdict(self) -> StatementVerdict:
        """Refuted or limited by a single line of evidence, confirmed otherwise."""
        found = {line.bearing for line in self.evidence}
        if Bearing.AGAINST in found:
            return StatementVerdict.REFUTED
        if Bearing.LIMITS in found:
            return StatementVerdict.CONDITIONAL
        if Bearing.FOR in found:
            return StatementVerdict.CONFIRMED
        raise ValueError(f"the statement {self.statement.id!r} has no evidence that decides it")

    @property
    def reason(self) -> str:
        """The conclusions that refute or limit it; empty if it is confirmed."""
        decides = {
            StatementVerdict.REFUTED: Bearing.AGAINST,
            StatementVerdict.CONDITIONAL: Bearing.LIMITS,
        }
        decisive = decides.get(self.verdict)
        lines = (line.so for line in self.evidence if line.bearing is decisive)
        return "; ".join(dict.fromkeys(lines))

    def as_dict(self) -> dict[str, Any]:
        """Convert to a dictionary for JSON."""
        return {
            **asdict(self.statement),
            "verdict": self.verdict.value,
            "reason": self.reason,
            "evidence": [asdict(line) for line in self.evidence],
        }


@dataclass(frozen=True)
class Setting:
    """What a test may use: random numbers and laws of measured times.

    Parameters
    ----------
    seed
        Seed of the random numbers.
    fits
        Laws fitted to measured times; empty if nothing was measured.
    """

    seed: int = 0
    fits: Sequence[Fit] = ()

    def normal(self, *shape: int, stream: int = 0) -> Tensor:
        """Draw unit-normal numbers in float64, the same for the same seed and stream."""
        source = torch.Generator().manual_seed(1000 * self.seed + stream)
        return torch.randn(*shape, generator=source, dtype=torch.float64)

    def law(self, layer: str) -> Fit | None:
        """Return the law of a layer's forward time; None if it was not measured."""
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
        If another statement has the same id.
    """
    if statement.id in _registry:
        raise ValueError(f"a statement called {statement.id!r} is registered already")

    def register(test: Test) -> Test:
        _registry[statement.id] = statement, test
        return test

    return register


def statements(ids: Sequence[str] | None = None, exercise: str | None = None) -> list[Statement]:
    """Return statements in the order of the course text: all, some, or those of an exercise.

    Raises
    ------
    KeyError
        If an id or an exercise is unknown; the message lists the known ones.
    """
    every = [statement for statement, _ in _registry.values()]
    exercises = list(dict.fromkeys(each.exercise for each in every))
    if exercise is not None and exercise not in exercises:
        raise KeyError(
            f"no exercise is called {quoted(exercise)}; there are: {', '.join(exercises)}"
        )
    for each in ids or ():
        if each not in _registry:
            raise KeyError(
                f"no statement is called {quoted(each)}; there are: {listed(_registry, near=each)}"
            )
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
    """Test statements.

    Parameters
    ----------
    chosen
        From `statements`; all of them by default.
    seed
        Seed of random weights and inputs.
    fits
        Laws of measured times, from `analysis.fit`; statements about other times are tested by
        counts alone.
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
