"""Gradients against distance, where theory gives them exactly."""

import numpy as np
import pytest
import torch
from layerlaw.layers.recurrent import lstm_step
from layerlaw.studies.gradients.decay import fit_decay
from layerlaw.studies.gradients.jacobians import (
    SUBJECTS,
    Network,
    Subject,
    build_network,
    geometric_mean,
    gradient_profile,
    jacobian_norms,
    normal_sequences,
    receptive_field,
    rounding_level,
    subjects,
)
from layerlaw.studies.gradients.mean_field import rnn_rate

SIZES = {"n": 24, "d": 8}


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.label)
def test_norms_are_those_of_torchs_own_jacobian(subject):
    network = build_network(subject, SIZES, 0)
    x = normal_sequences(3, SIZES, 0)
    found = jacobian_norms(network, x)
    for sequence, norms in zip(x, found, strict=True):
        jacobian = torch.autograd.functional.jacobian(
            lambda s, network=network: network(s[None])[0, -1], sequence
        )  # (d, n, d)
        np.testing.assert_allclose(norms, jacobian.pow(2).sum((0, 2)).sqrt().detach(), rtol=1e-9)


def test_a_batch_in_parts_gives_the_same():
    network, x = build_network(Subject("gru"), SIZES, 0), normal_sequences(5, SIZES, 0)
    whole = jacobian_norms(network, x)
    np.testing.assert_allclose(jacobian_norms(network, x, rows=12), whole, rtol=1e-12)


def test_a_linear_rnn_of_scaled_rotations_fades_at_minus_log_of_the_scale():
    network = build_network(Subject("rnn"), {"n": 40, "d": 8}, 0)
    (rnn,) = network.layers
    orthogonal, _ = torch.linalg.qr(torch.randn(8, 8, dtype=torch.float64))
    with torch.no_grad():
        rnn.W.copy_(0.8 * orthogonal)
    # tanh is its argument where that is small
    x = 1e-9 * normal_sequences(1, {"n": 40, "d": 8}, 0)
    (norms,) = jacobian_norms(network, x)[:, ::-1]
    np.testing.assert_allclose(norms, norms[0] * 0.8 ** np.arange(40), rtol=1e-9)


def test_tiny_norms_are_neither_lost_nor_zero():
    def scale(x):  # y_t is the input at every position, times 1e-200
        return 1e-200 * x.cumsum(dim=1)

    np.testing.assert_allclose(
        jacobian_norms(scale, normal_sequences(1, SIZES, 0)), 1e-200 * np.sqrt(8)
    )


def test_a_state_space_fades_as_its_a_says():
    network, x = build_network(Subject("ssm"), SIZES, 0), normal_sequences(1, SIZES, 0)
    (ssm,) = network.layers
    a = torch.exp(-(2.0**-5) * torch.exp(ssm.A))
    weights = ssm.C * (1 - a) * ssm.B  # (d, N)
    expected = [float((weights * a**s).sum(1).norm().detach()) for s in range(24)]
    np.testing.assert_allclose(jacobian_norms(network, x)[0, ::-1], expected, rtol=1e-9)


def test_convolutions_end_at_their_reach_and_dilated_ones_see_all():
    (norms,) = jacobian_norms(
        build_network(Subject("conv", depth=4), SIZES, 0), normal_sequences(1, SIZES, 0)
    )
    assert (norms[::-1][:9] > 0).all()  # 4 layers of (5 − 1)/2
    assert (norms[::-1][9:] == 0).all()
    assert (
        jacobian_norms(
            build_network(Subject("dilated_stack"), SIZES, 0), normal_sequences(1, SIZES, 0)
        )
        > 0
    ).all()


def test_the_effective_field_is_as_wide_as_a_sum_of_even_steps():
    for depth in (1, 4):
        field = receptive_field(depth, 32, range(6))
        assert field.reached == field.reach == 2 * depth
        assert np.mean(field.widths) == pytest.approx(field.expected, rel=0.03)


def test_forget_biases_are_set_and_nothing_else_differs():
    zero, one = (build_network(Subject("lstm", bias), SIZES, 3).layers[0] for bias in (0.0, 1.0))
    assert (zero.b[:8] == 0).all()
    assert (one.b[:8] == 1).all()
    assert torch.equal(zero.b[8:], one.b[8:])
    assert torch.equal(zero.W, one.W)


def test_the_same_seed_gives_the_same_and_leaves_the_callers_numbers_alone():
    state = torch.get_rng_state()
    first = gradient_profile(Subject("attention"), SIZES, 7)
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(gradient_profile(Subject("attention"), SIZES, 7), first)
    assert not np.allclose(gradient_profile(Subject("attention"), SIZES, 8), first)


def test_rounding_of_a_transform_is_found_and_no_more_is_left_out():
    assert (
        rounding_level(build_network(Subject("rnn"), SIZES, 0), normal_sequences(1, SIZES, 0)) == 0
    )
    network, x = build_network(Subject("ssm_conv"), SIZES, 0), normal_sequences(1, SIZES, 0)
    assert 0 < rounding_level(network, x) < 1e-15
    exact = gradient_profile(Subject("ssm"), SIZES, 0)
    np.testing.assert_allclose(gradient_profile(Subject("ssm_conv"), SIZES, 0), exact, rtol=1e-6)
    norms = np.array([[1.0, 1e-3, 1e-9]])
    np.testing.assert_allclose(geometric_mean(norms, 1e-10), [1.0, 1e-3, np.nan])


def test_the_geometric_mean_is_one_of_each_distance():
    np.testing.assert_allclose(geometric_mean(np.array([[1.0, 0.0], [4.0, 0.0]])), [2.0, 0.0])


def test_subjects_by_name_with_their_variants():
    assert subjects() == list(SUBJECTS)
    assert [s.label for s in subjects(["lstm", "torch_gru", "lstm"])] == [
        "lstm, forget bias 0",
        "lstm, forget bias 1",
        "torch_gru",
    ]
    with pytest.raises(KeyError, match="no layer is called 'rnnn'"):
        subjects(["rnnn"])
    with pytest.raises(ValueError, match="'softmax_output'"):
        subjects(["softmax_output"])


@pytest.mark.parametrize(
    "name", ["torch_lstm", "grouped_query", "local_attention", "hyena", "mixer"]
)
def test_other_layers_are_measured_too(name):
    (subject,) = subjects([name])
    norms = gradient_profile(subject, {"n": 16, "d": 8}, 0)
    assert norms.shape == (16,)
    assert norms[0] > 0


def test_a_wide_rnn_fades_as_mean_field_theory_says():
    sizes = {"n": 40, "d": 48}
    found = fit_decay(
        np.array([gradient_profile(Subject("rnn"), sizes, seed, 1) for seed in range(8)])
    )
    assert found.law == "exponential"
    assert found.rate.low < rnn_rate() < found.rate.high
    assert found.rate.high - found.rate.low < 0.1


def test_gates_slow_the_decay_and_attention_has_none():
    laws = {
        subject.label: fit_decay(
            np.array([gradient_profile(subject, {"n": 48, "d": 12}, s) for s in range(6)])
        )
        for subject in [*subjects(["rnn", "lstm", "dilated_stack", "linear_attention_recurrent"])]
    }
    rates = {label: law.rate for label, law in laws.items()}
    assert laws["rnn"].law == laws["lstm, forget bias 0"].law == "exponential"
    assert rates["lstm, forget bias 1"].high < rates["lstm, forget bias 0"].low
    assert laws["dilated_stack"].law == laws["linear_attention_recurrent"].law == "none"


def test_a_step_of_the_lstm_is_the_layers_own():
    network = build_network(Subject("lstm"), SIZES, 0)
    assert isinstance(network, Network)
    (lstm,) = network.layers
    x = normal_sequences(2, SIZES, 0)
    h = C = x.new_zeros(2, 8)
    for x_t in x.unbind(1):
        h, C, gates = lstm_step(x_t, h, C, lstm.W, lstm.b)
    assert gates.shape == (2, 32)
    torch.testing.assert_close(h, network(x)[:, -1])
