"""Each statement's verdict, its numbers by a second way, and that wrong formulas are refuted."""

from __future__ import annotations

import json
import re
from math import log

import numpy as np
import pandas as pd
import pytest
import torch
from layerlaw import analysis, layers
from layerlaw.layers.core.theory import d, k, n
from layerlaw.studies import claims
from layerlaw.studies.claims import (
    Bearing,
    Evidence,
    JudgedStatement,
    Record,
    Statement,
    StatementVerdict,
    costs,
)
from layerlaw.studies.claims.evidence import (
    cells,
    channels,
    distance,
    lstm_gradient,
    lstm_step,
    maximum,
    vanishing,
)
from layerlaw.studies.claims.statement import Setting, limiting, required
from torch import nn

C, L, R = StatementVerdict.CONFIRMED, StatementVerdict.CONDITIONAL, StatementVerdict.REFUTED

VERDICTS = {
    "channels": C,
    "nonlinearity": L,
    "position-wise": C,
    "one-kth": C,
    "max-gradient": L,
    "argmax-gradient": R,
    "four-terms": L,
    "three-paths": R,
    "parameter-gradient": R,
    "forget-product": L,
    "step-size": L,
    "need-not-vanish": L,
    "rnn-factor": R,
    "local-encoding": L,
    "short-range": L,
    "near-dominates": L,
    "not-suited": L,
    "depth": L,
    "fully-connected": C,
    "variable-length": C,
    "table-attention": L,
    "table-recurrent": C,
    "table-convolution": L,
    "table-restricted": C,
    "recurrence-input": C,
    "recurrence-state": C,
    "recurrence-total": L,
    "convolution-padding": L,
    "convolution-kernel": C,
    "convolution-total": C,
    "attention-scores": C,
    "attention-softmax": C,
    "attention-sum": C,
    "attention-total": C,
}

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


@pytest.fixture(scope="module")
def checked() -> dict[str, JudgedStatement]:
    return {each.statement.id: each for each in claims.judge()}


def test_every_statement_has_the_verdict_that_follows_from_its_numbers(checked):
    assert {name: each.verdict for name, each in checked.items()} == VERDICTS


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("exercise", ["A6.2", "A6.3"])
def test_verdicts_do_not_hang_on_the_seed(exercise, seed):
    for each in claims.judge(claims.statements(exercise=exercise), seed=seed):
        assert each.verdict is VERDICTS[each.statement.id], each.reason


def test_what_is_drawn_for_a_statement_does_not_hang_on_the_others(checked):
    (alone,) = claims.judge(claims.statements(["forget-product"]))
    assert alone == checked["forget-product"]


def test_statements_are_told_in_the_texts_order_with_how_they_are_tested(checked):
    exercises = [each.statement.exercise for each in checked.values()]
    assert exercises == sorted(exercises)
    assert set(exercises) == {"A6.1", "A6.2", "A6.3", "A6.4"}
    for each in checked.values():
        assert each.statement.text
        assert each.statement.how
        assert bool(each.reason) == (each.verdict is not C)
        assert all(line.so for line in each.evidence if line.bearing in ("limits", "against"))


# The machinery.


def test_one_line_against_refutes_and_one_that_limits_makes_conditional():
    said = Statement("x", "A6.1", "x", "", "x")
    good, bad = required("a", "1", True, "no"), required("a", "1", False, "no")
    limited, not_limited = limiting("a", "1", True, "if"), limiting("a", "1", False, "if")
    assert JudgedStatement(said, (good, not_limited)).verdict is C
    assert JudgedStatement(said, (good, limited)).verdict is L
    assert JudgedStatement(said, (good, limited)).reason == "if"
    assert JudgedStatement(said, (good, limited, bad)).verdict is R
    assert JudgedStatement(said, (good, limited, bad)).reason == "no"
    with pytest.raises(ValueError, match="nothing was tested"):
        _ = JudgedStatement(said, (Evidence("a", "1"),)).verdict


def test_a_taken_id_is_refused():
    with pytest.raises(ValueError, match="'channels' is there already"):
        claims.claim(Statement("channels", "A6.1", "", "", ""))


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(KeyError, match=r"'max'.*max-gradient"):
        claims.statements(["max"])
    with pytest.raises(KeyError, match=r"'A7'.*A6\.1"):
        claims.statements(exercise="A7")


def test_a_record_is_read_as_it_was_written(checked, tmp_path):
    record = Record.now(tuple(checked.values()), 0)
    (tmp_path / claims.FILE).write_text(record.to_json(), encoding="utf-8")
    assert Record.read(tmp_path) == record
    assert Record.read(tmp_path / "elsewhere") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 2}', '{"schema": 1}'])
def test_a_file_that_is_no_record_is_named(tmp_path, text):
    (tmp_path / claims.FILE).write_text(text)
    with pytest.raises(claims.ClaimsError, match=re.escape(str(tmp_path / claims.FILE))):
        Record.read(tmp_path)


# A wrong formula in the place of a right one has to be refuted, and a right one confirmed.


def again(name: str) -> JudgedStatement:
    return claims.judge(claims.statements([name]))[0]


@pytest.mark.parametrize("missing", ["forget gate", "input gate", "candidate", "direct"])
def test_three_of_the_four_terms_are_refuted(monkeypatch, missing):
    terms = cells.LSTM.terms
    monkeypatch.setattr(
        cells.LSTM,
        "terms",
        lambda *at: {name: term for name, term in terms(*at).items() if name != missing},
    )
    assert again("four-terms").verdict is R


def test_a_wrong_sign_or_a_product_in_the_other_order_is_refuted(monkeypatch):
    right = cells.dsigmoid
    monkeypatch.setattr(cells, "dsigmoid", lambda s: -right(s))
    assert again("four-terms").verdict is R


def test_the_right_formulas_in_the_texts_place_are_confirmed(monkeypatch):
    monkeypatch.setattr(lstm_step, "without_direct", lstm_step.derived)
    monkeypatch.setattr(lstm_gradient, "text_gradient", lstm_gradient.summed_gradient)
    assert again("three-paths").verdict is C
    assert again("parameter-gradient").verdict is C


def test_a_gradient_of_max_that_is_1_everywhere_is_refuted(monkeypatch):
    monkeypatch.setattr(maximum, "text_max", torch.ones_like)
    assert again("max-gradient").verdict is R


def test_a_gradient_of_max_that_chooses_one_of_several_needs_no_condition(monkeypatch):
    monkeypatch.setattr(maximum, "text_max", maximum.text_argmax)
    assert again("max-gradient").verdict is C


def test_a_zero_gradient_agrees_with_argmax_but_for_ties_and_the_limit(monkeypatch):
    monkeypatch.setattr(maximum, "text_argmax", torch.zeros_like)
    first, *others = again("argmax-gradient").evidence
    assert first.bearing is Bearing.FOR
    assert Bearing.AGAINST in {line.bearing for line in others}


def test_a_convolution_with_a_bend_in_it_is_not_taken_for_linear(monkeypatch):
    convolve = channels.convolve
    monkeypatch.setattr(channels, "convolve", lambda x, W: convolve(x, W).relu())
    assert again("nonlinearity").verdict is C  # the kernel does it then: no condition is left
    assert again("position-wise").verdict is R


@pytest.mark.parametrize(
    ("order", "exact", "so"),
    [
        (n * d**2, 4 * n * d**2 + 2 * n * d, True),
        (n**2 * d, 4 * n**2 * d + 5 * n**2, True),
        (n * d, 4 * n * d**2, False),  # it grows faster
        (n**2 * d, 4 * n * d, False),  # the order is not reached
        (n * k * d, 2 * n * d, False),
        (n * d**2, n * d**2 + n**2, False),  # another leading term
    ],
)
def test_an_order_is_that_of_the_leading_term_and_of_no_other(order, exact, so):
    assert costs.leads(order, exact) is so


def test_a_layer_with_other_flops_is_no_longer_of_the_order():
    line = costs.grows_as(n * d, costs.formulas("rnn")["flops"].expression, "rnn")
    assert line.bearing is Bearing.AGAINST


# Times.


def test_measured_times_speak_for_a_statement_or_limit_it(fits):
    ids = ["attention-scores", "attention-softmax", "attention-total", "recurrence-state"]
    found = {each.statement.id: each for each in claims.judge(claims.statements(ids), fits=fits)}
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
    (found,) = claims.judge(claims.statements(["attention-scores"]), fits=analysis.fit(few))
    line = next(line for line in found.evidence if line.what.startswith("time of"))
    assert "unresolved" in line.value
    assert line.bearing is Bearing.AUXILIARY
    assert found.verdict is C


def test_phases_are_held_against_the_whole_where_their_points_meet(fits):
    setting = Setting(fits=fits)
    share = costs.share_of(setting, "attention", ("attention_scores", "attention_sum"))
    sizes = np.array([[n, d] for n in (16, 32, 64, 128, 256) for d in (8, 16, 32, 64)]).T
    whole = 1e-6 + TIMES["attention"](*sizes)
    parts = 2e-6 + 2 * TIMES["attention_sum"](*sizes)
    assert share == pytest.approx(np.median(parts / whole), rel=0.02)
    assert costs.share_of(setting, "attention", ("rnn_states",)) is None


# Key numbers, by a second way.


def test_jacobians_of_the_lstms_state_are_autograds():
    setting = Setting(seed=3)
    lstm, steps = lstm_step.drawn(setting, 0)
    step = steps[4]

    def state(h, C):
        after = lstm.step(step.x, h, C)
        return torch.cat([after.h, after.C])

    by_h, by_C = torch.autograd.functional.jacobian(state, (step.h_before, step.C_before))
    assert torch.allclose(lstm.state_jacobian(step), torch.cat([by_h, by_C], 1), rtol=0, atol=1e-14)

    def of_weights(W):
        after = cells.LSTM(W, lstm.b).step(step.x, step.h_before, step.C_before)
        return torch.cat([after.h, after.C])

    assert torch.allclose(
        lstm.direct(step),
        torch.autograd.functional.jacobian(of_weights, lstm.W),
        rtol=0,
        atol=1e-14,
    )


def test_the_lstm_taken_apart_is_torchs():
    lstm, steps = lstm_step.drawn(Setting(), 5)
    f, i, a, o = lstm.W.chunk(4)
    b_f, b_i, b_a, b_o = lstm.b.chunk(4)
    width = lstm.d
    module = nn.LSTM(lstm.W.shape[1] - width, width, batch_first=True).double()
    W = torch.cat([i, f, a, o])
    weights = {
        "weight_hh_l0": W[:, :width],
        "weight_ih_l0": W[:, width:],
        "bias_ih_l0": torch.cat([b_i, b_f, b_a, b_o]),
        "bias_hh_l0": torch.zeros_like(lstm.b),
    }
    x = torch.stack([step.x for step in steps])
    out, _ = torch.func.functional_call(module, weights, (x[None],))
    assert torch.allclose(out[0], torch.stack([step.h for step in steps]), rtol=0, atol=1e-14)


def test_rnn_jacobians_are_autograds():
    setting = Setting()
    x, U, W = (setting.normal(5, 5, stream=s) for s in range(3))
    h = torch.zeros(5, dtype=torch.float64)
    for x_t, found in zip(x, cells.rnn_jacobians(x, U, W), strict=True):
        truth = torch.autograd.functional.jacobian(
            lambda h, x_t=x_t: torch.tanh(U @ x_t + W @ h), h
        )
        assert torch.allclose(found, truth, rtol=0, atol=1e-14)
        h = torch.tanh(U @ x_t + W @ h)


def test_without_weights_on_h_the_cells_gradient_decays_as_the_forget_gates_do():
    lstm, _ = vanishing.steps_of(Setting(), 1, forget=1.0)
    W = lstm.W.clone()
    W[:, : vanishing.D] = 0.0
    alone = cells.LSTM(W, lstm.b)
    steps = alone.run(Setting().normal(30, vanishing.D))
    _, largest = vanishing.sizes(cells.chain(alone.factors(steps)))
    gates = torch.stack([step.f for step in steps[1:]])
    assert log(largest) == pytest.approx(float(gates.log().sum(0).max()), rel=1e-12)


def test_drawn_weights_are_uniform():
    lstm, _ = vanishing.steps_of(Setting(), 1)
    scaled = (lstm.W * (2 * vanishing.D) ** 0.5).flatten()
    assert scaled.abs().max() <= 1
    assert torch.histc(scaled, 4, -1, 1) / len(scaled) == pytest.approx([0.25] * 4, abs=0.04)


def test_gradients_by_distance_are_those_of_the_layer_alone():
    setting = Setting()
    for name, near in (("conv", 2), ("dense", 1)):  # k = 3: the last output sees two positions
        gradient = distance.by_distance(setting, name)
        assert (gradient[:near] > 0).all()
        assert (gradient[near:] == 0).all()
    states = distance.by_distance(setting, "ssm")
    assert (states > 0).all()
    assert (states[1:] < states[:-1]).all()  # every state fades


def test_the_text_is_refuted_where_it_gives_a_gradient_of_0(checked):
    sizes = [
        line.value.split(", ")
        for line in checked["parameter-gradient"].evidence
        if line.what.startswith("size of the gradient")
    ]
    assert len(sizes) == 2
    for said, truth in sizes:
        assert said == "0"
        assert float(truth) > 0.01


def values(checked: JudgedStatement, what: str) -> str:
    (line,) = [line for line in checked.evidence if what in line.what]
    return line.value


def test_numbers_that_can_be_told_beforehand(checked):
    assert values(checked["one-kth"], "FLOPs of the 1×1").endswith("1/k")
    # P(4 normals are all negative) = 1/16, of 1000
    tied = float(values(checked["max-gradient"], "how often").removesuffix(" %"))
    assert tied == pytest.approx(100 / 16, abs=2.5)
    assert values(checked["argmax-gradient"], "by SymPy") == "0, ∞"
    assert values(checked["argmax-gradient"], "across the tie") == "5, 500, 500000"
    assert values(checked["four-terms"], "SymPy") == "0"
    assert values(checked["variable-length"], "lengths of") == "16"
    assert values(checked["table-convolution"], "contiguous") == "⌈(2·n - 2)/(k - 1)⌉"
    assert values(checked["convolution-padding"], "without padding") == "20, 18, 17, 16, 13, 12"
    # 2·8·m / (2·8·m + 2·8² + 2·8) at m = 8, 64, 512
    shares = [f"{16 * m / (16 * m + 144):.0%}" for m in (8, 64, 512)]
    assert values(checked["recurrence-total"], "share of U x_t") == ", ".join(shares)


def test_phases_are_layers_whose_values_make_up_the_whole():
    setting = Setting()
    x, U, W = (
        setting.normal(1, 6, 4),
        setting.normal(4, 4, stream=1),
        setting.normal(4, 4, stream=2),
    )
    whole = layers.get("rnn").forward(x, U=U, W=W)
    inputs = layers.get("conv_1x1").forward(x, W=U)
    assert torch.allclose(layers.get("rnn_states").forward(inputs, W=W), whole, rtol=0, atol=1e-14)
    kernels = setting.normal(4, 12, stream=3)
    padded = torch.nn.functional.pad(x, (0, 0, 1, 1))
    rows = torch.cat([padded[:, j : j + 6] for j in range(3)], -1)
    assert torch.allclose(
        layers.get("conv_product").forward(rows, W=kernels),
        layers.get("conv").forward(x, W=kernels),
        rtol=0,
        atol=1e-14,
    )


def test_the_file_has_what_a_program_needs(checked):
    document = json.loads(Record.now(tuple(checked.values()), 7).to_json())
    assert document["seed"] == 7
    assert document["machine"]["torch"] == torch.__version__
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\+00:00", document["date"])
    first = document["statements"][0]
    assert {"id", "exercise", "text", "original", "how", "verdict", "reason", "evidence"} <= set(
        first
    )
    assert set(first["evidence"][0]) == {"what", "value", "bearing", "so"}
