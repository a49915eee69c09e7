"""Reading the measurements of a run: counted by SQL, or in columns of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, String, func, select, type_coerce

from ...messages import listed
from ..cases import Case, Coded, Integers, MeasurementColumns, Status
from ..files import as_record, cell_text, parse_json
from .schema import measurements, repeats

_STATUSES = get_args(Status)
_CASE_FIELDS = {each.name for each in fields(Case)}
#: A case as the text of its JSON, so that each distinct one is read once.
_FIELDS = type_coerce(measurements.c.fields, String)


@dataclass(frozen=True)
class CaseCount:
    """How many measurements of a case there are, by metric and status.

    Attributes
    ----------
    case, metric, status
        What is counted.
    measurements
        Their number: one for each round.
    last_round
        The largest round.
    """

    case: Case
    metric: str
    status: Status
    measurements: int
    last_round: int

    def __add__(self, other: CaseCount) -> CaseCount:
        """Return the count of both, which are of the same case, metric and status."""
        last = max(self.last_round, other.last_round)
        total = self.measurements + other.measurements
        return replace(self, measurements=total, last_round=last)


def count_cases(connection: Connection, run: int) -> list[CaseCount]:
    """Count the measurements of a run by case, metric and status.

    Raises
    ------
    ValueError
        If a stored case cannot be read.
    """
    of = measurements.c
    first, key = func.min(of.id), (of.case, of.metric)
    counts = select(first, *key, func.count(), func.max(of.round)).where(of.run == run)
    # Numbers alone are grouped along the index, which a status is not in. Those that failed are
    # found by reading the table in its order: "+ 0" keeps SQLite from looking each row up.
    every = connection.execute(counts.group_by(*key)).all()
    failed = {
        (case, metric)
        for case, metric in connection.execute(
            select(*key).where(of.run + 0 == run, of.status != "ok").distinct()
        )
    }
    rows = [(*row, "ok") for row in every if (row[1], row[2]) not in failed]
    if failed:
        some = counts.add_columns(of.status).where(of.case.in_({case for case, _ in failed}))
        rows += [
            row
            for row in map(tuple, connection.execute(some.group_by(*key, of.status)))
            if (row[1], row[2]) in failed
        ]
    firsts = select(of.id, _FIELDS).where(of.id.in_([row[0] for row in rows]))
    texts = dict(map(tuple, connection.execute(firsts)))
    cases = {text: _case(text) for text in dict.fromkeys(texts.values())}
    return [
        CaseCount(cases[texts[id]], _text(metric, "metric"), _status(status), count, last)
        for id, _, metric, count, last, status in rows
    ]


def read_columns(
    connection: Connection, run: int, metrics: Sequence[str] = (), *, failed: bool = False
) -> MeasurementColumns:
    """Read the measurements of a run in the order in which they were made.

    Parameters
    ----------
    connection
        The connection to the store.
    run
        Id of the run.
    metrics
        The metrics to read; all if there are none.
    failed
        Whether to read only those whose status is not ``ok``.

    Raises
    ------
    ValueError
        If a stored value cannot be read.
    """
    of = measurements.c
    own = select(of.id).where(of.run + 0 == run)  # in the order of the table
    if metrics:
        own = own.where(of.metric.in_(metrics))
    if failed:
        own = own.where(of.status != "ok")
    ids, processes, rounds = _integers(
        connection, own.with_only_columns(of.id, of.process, of.round).order_by(of.id), 3
    )
    texts = own.with_only_columns(_FIELDS, of.metric, of.status, of.note).order_by(of.id)
    both = Coded[tuple[str, str, str, str]].of(_cells(connection, texts))
    fields, names, statuses, notes = (
        Coded(one.distinct, one.codes[both.codes])
        for one in map(Coded[Any].of, list(zip(*both.distinct, strict=True)) or [()] * 4)
    )
    counts, values = _repeats(connection, ids, own if metrics or failed else None)
    return MeasurementColumns(
        cases=Coded([_case(text) for text in fields.distinct], fields.codes),
        metrics=Coded([_text(name, "metric") for name in names.distinct], names.codes),
        statuses=Coded([_status(status) for status in statuses.distinct], statuses.codes),
        notes=Coded([_text(note, "note") for note in notes.distinct], notes.codes),
        processes=processes,
        rounds=rounds,
        counts=counts,
        values=values,
    )


def _repeats(
    connection: Connection, ids: Integers, own: Select[Any] | None
) -> tuple[Integers, NDArray[np.float64]]:
    """Read the values of measurements, whose ids ascend: the number of each's, and all in order.

    `own` selects the measurements where they are few; else all repeats are read in one scan of the
    table, which takes a third of the time of looking each up.
    """
    if not len(ids):
        return ids, np.empty(0)
    of = repeats.c
    given = select(of.value).order_by(of.measurement, of.repeat)
    numbers = select(of.measurement, func.count()).group_by(of.measurement)
    if own is not None:
        few = of.measurement.in_(own)
        given, numbers = given.where(few), numbers.where(few)
    try:
        values = np.fromiter(chain.from_iterable(_cells(connection, given)), dtype=float)
    except TypeError as error:
        raise ValueError("a repeat is not a number") from error
    measured, several = _integers(connection, numbers.order_by(of.measurement), 2)
    at = np.minimum(np.searchsorted(ids, measured), len(ids) - 1)
    is_own = ids[at] == measured  # a store may have several runs
    counts = np.zeros(len(ids), dtype=np.int64)
    counts[at[is_own]] = several[is_own]
    return counts, values if is_own.all() else values[np.repeat(is_own, several)]


def _cells(connection: Connection, query: Select[Any]) -> Iterator[Any]:
    """Return rows as SQLite gives them: an object of SQLAlchemy for each would take most time."""
    return cast(Iterator[Any], connection.execute(query).cursor)


def _integers(connection: Connection, query: Select[Any], columns: int) -> Sequence[Integers]:
    """Read columns of whole numbers."""
    cells = chain.from_iterable(_cells(connection, query))
    try:
        found = np.fromiter(cells, dtype=float).reshape(-1, columns)
    except TypeError as error:
        raise ValueError("a number of a process or a round is missing") from error
    if not np.isfinite(found).all() or (found != np.rint(found)).any():
        raise ValueError("a number of a process or a round is not whole")
    return list(np.ascontiguousarray(found.T.astype(np.int64)))


def _case(text: Any) -> Case:
    """Read a case from its JSON."""
    if not isinstance(text, str):  # SQLite may have a value of any type in a column
        raise ValueError(f"{cell_text(text)} is not a case")
    content = parse_json(text.encode("utf-8", "surrogatepass"), "a case")
    if unknown := set(content) - _CASE_FIELDS:
        raise ValueError(f"a case: it has {listed(sorted(unknown))}, which is no field of a case")
    return as_record(content, Case, "a case")


def _text(given: Any, column: str) -> str:
    if not isinstance(given, str):
        raise ValueError(f"the {column} {cell_text(given)} is no text")
    return given


def _status(text: str) -> Status:
    if text not in _STATUSES:
        raise ValueError(f"no status is called {text!r}")
    return cast(Status, text)
