"""The product of forget gates beside the true derivative of the cell."""

import numpy as np
import torch
from layerlaw.layers.recurrent import lstm_step
from layerlaw.studies.gradients.forget_gates import differentiate_cell
from layerlaw.studies.gradients.jacobians import Subject, build_network, normal_sequences

SIZES = {"n": 12, "d": 5}


def weights(bias):
    (lstm,) = build_network(Subject("lstm", bias), SIZES, 0).layers
    return lstm.W.detach(), lstm.b.detach()


def test_without_recurrent_weights_the_product_is_the_derivative():
    W, b = weights(0.5)
    W[:, :5] = 0  # the columns of h
    found = differentiate_cell(W, b, normal_sequences(3, SIZES, 0))
    np.testing.assert_allclose(found.true, found.gates, rtol=1e-12)
    assert found.between.max() < 1e-12


def test_with_them_it_is_not():
    found = differentiate_cell(*weights(0.0), normal_sequences(3, SIZES, 0))
    assert (found.between[:, 0] == 0).all()
    assert (found.between[:, -1] > 0.5).all()


def test_the_derivative_is_that_of_the_cell_as_a_function_of_the_cell_before():
    W, b = weights(1.0)
    x = normal_sequences(1, SIZES, 0)[0]
    start = 7  # positions before it make the state that the function begins with
    h = C = torch.zeros(1, 5, dtype=torch.float64)
    for x_t in x[:start, None]:
        h, C, gates = lstm_step(x_t, h, C, W, b)
    o = torch.sigmoid(gates[:, 15:])

    def last(cell):
        state, carried = o[0] * torch.tanh(cell), cell
        for x_t in x[start:]:
            state, carried, _ = (
                each[0] for each in lstm_step(x_t[None], state[None], carried[None], W, b)
            )
        return carried

    jacobian = torch.autograd.functional.jacobian(last, C[0])
    found = differentiate_cell(W, b, x[None])
    distance = SIZES["n"] - start
    np.testing.assert_allclose(found.true[0, distance], jacobian.norm() / 5**0.5, rtol=1e-9)


def test_gates_without_input_are_the_sigmoid_of_their_bias():
    W, b = weights(1.0)
    found = differentiate_cell(torch.zeros_like(W), b, normal_sequences(2, SIZES, 0))
    gate = 1 / (1 + np.exp(-1))
    assert abs(found.mean_gate - gate) < 1e-12
    np.testing.assert_allclose(found.gates, gate ** np.arange(12) * np.ones((2, 1)), rtol=1e-12)
