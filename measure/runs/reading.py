"""Reading the measurements of a run: counted by SQL, or in columns of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, String, func, select, type_coerce

from ...messages import listed
from ..cases import Case, Coded, Integers, MeasurementColumns, Status
from ..files import as_record, parse_json
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
    query = (
        select(func.min(_FIELDS), of.metric, of.status, func.count(), func.max(of.round))
        .where(of.run == run)
        .group_by(of.case, of.metric, of.status)
    )
    rows = connection.execute(query).all()
    cases = {text: _case(text) for text in dict.fromkeys(row[0] for row in rows)}
    return [
        CaseCount(cases[text], metric, _status(status), count, last)
        for text, metric, status, count, last in rows
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
    own = select(of.id).where(of.run == run)
    if metrics:
        own = own.where(of.metric.in_(metrics))
    if failed:
        own = own.where(of.status != "ok")
    query = own.with_only_columns(
        of.id, _FIELDS, of.metric, of.status, of.note, of.process, of.round
    )
    ids: list[int] = []
    texts: list[list[str]] = [[], [], [], []]
    numbers: list[list[int]] = [[], []]
    known: dict[str, str] = {}  # one object for each distinct text
    for id, *row, process, round in connection.execute(query.order_by(of.id)):
        ids.append(id)
        for text, one in zip(texts, row, strict=True):
            text.append(known.setdefault(one, one))
        numbers[0].append(process)
        numbers[1].append(round)
    fields, names, statuses, notes = map(Coded[Any].of, texts)
    processes, rounds = map(_integers, numbers)
    counts, values = _repeats(connection, _integers(ids), own if metrics or failed else None)
    return MeasurementColumns(
        cases=Coded([_case(text) for text in fields.distinct], fields.codes),
        metrics=names,
        statuses=Coded([_status(status) for status in statuses.distinct], statuses.codes),
        notes=notes,
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
    query = select(repeats.c.measurement, repeats.c.repeat, repeats.c.value)
    if own is not None:
        query = query.where(repeats.c.measurement.in_(own))
    numbers = chain.from_iterable(connection.execute(query))
    try:
        rows = np.fromiter(numbers, dtype=float).reshape(-1, 3)
    except TypeError as error:
        raise ValueError("a repeat is not a number") from error
    at = np.minimum(np.searchsorted(ids, rows[:, 0]), len(ids) - 1)
    is_own = ids[at] == rows[:, 0]  # a store may have several runs
    if not is_own.all():
        at, rows = at[is_own], rows[is_own]
    order = np.lexsort((rows[:, 1], at))
    return np.bincount(at, minlength=len(ids)), rows[order, 2]


def _integers(numbers: Iterable[Any]) -> Integers:
    found = np.array(list(numbers) or np.empty(0, dtype=np.int64))
    if found.dtype != np.int64:
        raise ValueError("a number of a process or a round is not whole")
    return found


def _case(text: str) -> Case:
    """Read a case from its JSON."""
    content = parse_json(text.encode("utf-8", "surrogatepass"), "a case")
    if unknown := set(content) - _CASE_FIELDS:
        raise ValueError(f"a case: it has {listed(sorted(unknown))}, which is no field of a case")
    return as_record(content, Case, "a case")


def _status(text: str) -> Status:
    if text not in _STATUSES:
        raise ValueError(f"no status is called {text!r}")
    return cast(Status, text)
