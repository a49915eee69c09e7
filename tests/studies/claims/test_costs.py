"""Orders and measured times, as evidence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from layerlaw import analysis
from layerlaw.studies import claims
from layerlaw.studies.claims import (
    Bearing,
    StatementVerdict,
    costs,
)
from layerlaw.studies.claims.statement import Setting

C, L, R = StatementVerdict.CONFIRMED, StatementVerdict.CONDITIONAL, StatementVerdict.REFUTED

#: Seconds of layers that grow as theory says, but for the softmax.
TIMES = {
    "attention_scores": lambda n, d: 2e-9 * n**2 * d,
    "attention_softmax": lambda n, d: 1e-9 * n**3,
    "attention_sum": lambda n, d: 2e-9 * n**2 * d,
    "attention": lambda n, d: 4e-9 * n**2 * d + 1e-9 * n**2,
    "conv_1x1": lambda n, d: 1e-9 * n * d**2,
}


@pytest.fixture(scope="module")
def fits() -> list[analysis.Fit]:
    rows = [
        {"layer": layer, "n": n, "d": d, "value": 1e-6 + seconds(n, d)}
        for layer, seconds in TIMES.items()
        for n in (16, 32, 64, 128, 256)
        for d in (8, 16, 32, 64)
    ]
    return analysis.fit(pd.DataFrame(rows).assign(device="cpu", mode="forward", metric="seconds"))


def test_measured_times_speak_for_a_statement_or_limit_it(fits):
    ids = ["attention-scores", "attention-softmax", "attention-total", "recurrence-state"]
    found = {
        each.statement.id: each
        for each in claims.judge_statements(claims.statements(ids), fits=fits)
    }
    assert found["attention-scores"].verdict is C
    times = {
        name: next(line for line in each.evidence if line.what.startswith("time of"))
        for name, each in found.items()
    }
    assert times["attention-scores"].bearing is Bearing.FOR
    assert "matches" in times["attention-scores"].value
    assert found["attention-softmax"].verdict is L
    assert "n 3.00" in found["attention-softmax"].reason
    assert times["recurrence-state"].value == "not measured"


def test_times_that_are_unresolved_leave_a_statement_as_it_is():
    few = pd.DataFrame(
        [{"layer": "attention_scores", "n": n, "d": 8, "value": 1e-9 * n**2} for n in (16, 32)]
    ).assign(device="cpu", mode="forward", metric="seconds")
    (found,) = claims.judge_statements(
        claims.statements(["attention-scores"]), fits=analysis.fit(few)
    )
    line = next(line for line in found.evidence if line.what.startswith("time of"))
    assert "unresolved" in line.value
    assert line.bearing is Bearing.AUXILIARY
    assert found.verdict is C


def test_phases_are_held_against_the_whole_where_their_points_meet(fits):
    setting = Setting(fits=fits)
    share = costs.phase_share(setting, "attention", ("attention_scores", "attention_sum"))
    sizes = np.array([[n, d] for n in (16, 32, 64, 128, 256) for d in (8, 16, 32, 64)]).T
    whole = 1e-6 + TIMES["attention"](*sizes)
    parts = 2e-6 + 2 * TIMES["attention_sum"](*sizes)
    assert share == pytest.approx(np.median(parts / whole), rel=0.02)
    assert costs.phase_share(setting, "attention", ("rnn_states",)) is None
