"""Tables that others measured, as they are: laws that a straight line does not find."""

import pytest
from layerlaw.analysis import fit

from tests.helpers.published import FOLDER, needs_published

pytestmark = needs_published


def exponent(file, layer, expect):
    assert FOLDER is not None
    told = {layer: expect} if expect else None
    fits = fit(FOLDER / file, told)
    one = next(f for f in fits if f.series.layer == layer and f.series.mode == "forward")
    assert one.law is not None
    return one.law.exponents[0]


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize(
    ("file", "layer", "order"),
    [
        ("flash-attention-2022.csv", "attention", "n**2*d"),
        ("flash-attention-2022.csv", "flash_attention", "n**2*d"),
        ("flash-linear-attention-2024.csv", "flash_attention", "n**2*d"),
        ("flash-linear-attention-2024.csv", "retention_fused_chunk", "n*d**2"),
    ],
)
def test_the_exponent_of_n_is_found_with_and_without_theory(file, layer, order, told):
    n = exponent(file, layer, order if told else None)
    assert n.axis == "n"
    assert n.estimate == pytest.approx(2 if order == "n**2*d" else 1, abs=0.1)


def test_kernels_that_switch_do_not_match():
    assert FOLDER is not None
    for one in fit(FOLDER / "deepbench-v100.csv", {"gru": "n*d**2"}):
        if (one.series.layer, one.series.mode) == ("gru", "backward_inputs") and one.law:
            assert one.judgement is not None
            assert one.judgement.verdict.value == "unresolved"
