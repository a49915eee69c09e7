"""Key numbers of the evidence, by a second way."""

from __future__ import annotations

from math import log

import pytest
import torch
from layerlaw import layers
from layerlaw.studies.claims.evidence import (
    cells,
    distance,
    lstm_step,
    vanishing,
)
from layerlaw.studies.claims.statement import Setting
from torch import nn


def test_jacobians_of_the_lstms_state_are_autograds():
    setting = Setting(seed=3)
    lstm, steps = lstm_step.random_lstm(setting, 0)
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
        lstm.parameter_jacobian(step),
        torch.autograd.functional.jacobian(of_weights, lstm.W),
        rtol=0,
        atol=1e-14,
    )


def test_the_lstm_taken_apart_is_torchs():
    lstm, steps = lstm_step.random_lstm(Setting(), 5)
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
    lstm, _ = vanishing.uniform_lstm(Setting(), 1, forget=1.0)
    W = lstm.W.clone()
    W[:, : vanishing.D] = 0.0
    alone = cells.LSTM(W, lstm.b)
    steps = alone.run(Setting().normal(30, vanishing.D))
    _, largest = vanishing.extreme_singular_values(cells.jacobian_product(alone.factors(steps)))
    gates = torch.stack([step.f for step in steps[1:]])
    assert log(largest) == pytest.approx(float(gates.log().sum(0).max()), rel=1e-12)


def test_drawn_weights_are_uniform():
    lstm, _ = vanishing.uniform_lstm(Setting(), 1)
    scaled = (lstm.W * (2 * vanishing.D) ** 0.5).flatten()
    assert scaled.abs().max() <= 1
    assert torch.histc(scaled, 4, -1, 1) / len(scaled) == pytest.approx([0.25] * 4, abs=0.04)


def test_gradients_by_distance_are_those_of_the_layer_alone():
    setting = Setting()
    for name, near in (("conv", 2), ("dense", 1)):  # k = 3: the last output sees two positions
        gradient = distance.gradient_by_distance(setting, name)
        assert (gradient[:near] > 0).all()
        assert (gradient[near:] == 0).all()
    states = distance.gradient_by_distance(setting, "ssm")
    assert (states > 0).all()
    assert (states[1:] < states[:-1]).all()  # every state fades


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
