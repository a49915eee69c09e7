"""A wrong formula in the place of a right one is refuted, and a right one confirmed."""

from __future__ import annotations

import pytest
import torch
from layerlaw.layers.core.theory import d, k, n
from layerlaw.studies import claims
from layerlaw.studies.claims import (
    Bearing,
    JudgedStatement,
    StatementVerdict,
    costs,
)
from layerlaw.studies.claims.evidence import (
    cells,
    channels,
    lstm_gradient,
    lstm_step,
    maximum,
)

C, L, R = StatementVerdict.CONFIRMED, StatementVerdict.CONDITIONAL, StatementVerdict.REFUTED


def again(name: str) -> JudgedStatement:
    return claims.judge_statements(claims.statements([name]))[0]


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
    monkeypatch.setattr(lstm_step, "factor_without_direct_term", lstm_step.four_term_factor)
    monkeypatch.setattr(lstm_gradient, "text_gradient", lstm_gradient.summed_gradient)
    assert again("three-paths").verdict is C
    assert again("parameter-gradient").verdict is C


def test_a_gradient_of_max_that_is_1_everywhere_is_refuted(monkeypatch):
    monkeypatch.setattr(maximum, "text_max_gradient", torch.ones_like)
    assert again("max-gradient").verdict is R


def test_a_gradient_of_max_that_chooses_one_of_several_needs_no_condition(monkeypatch):
    monkeypatch.setattr(maximum, "text_max_gradient", maximum.text_argmax_gradient)
    assert again("max-gradient").verdict is C


def test_a_zero_gradient_agrees_with_argmax_but_for_ties_and_the_limit(monkeypatch):
    monkeypatch.setattr(maximum, "text_argmax_gradient", torch.zeros_like)
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
    assert costs.has_order(order, exact) is so


def test_a_layer_with_other_flops_is_no_longer_of_the_order():
    line = costs.order_evidence(n * d, costs.layer_formulas("rnn")["flops"].expression, "rnn")
    assert line.bearing is Bearing.AGAINST
