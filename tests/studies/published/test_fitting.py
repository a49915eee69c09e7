"""Tables that others measured, as they are: laws that a straight line does not find."""

import pytest
from layerlaw.analysis import fit
from layerlaw.analysis.tables.readers import read

from tests.helpers.published import FOLDER, needs_published

pytestmark = needs_published


@pytest.mark.parametrize(
    ("slug", "layer", "expected"),
    [
        ("flash-attention", "attention", 2),
        ("flash-attention", "flash_attention", 2),
        ("flash-linear-attention", "flash_attention", 2),
        ("flash-linear-attention", "retention_fused_chunk", 1),
    ],
)
def test_the_exponent_of_n_is_found(fitted, slug, layer, expected):
    fits = fitted[slug].fits
    one = next(f for f in fits if (f.series.layer, f.series.mode) == (layer, "forward"))
    n = one.law.exponents[0]
    assert n.axis == "n"
    assert n.estimate == pytest.approx(expected, abs=0.1)


def test_it_is_found_without_theory_too():
    table = read(FOLDER / "flash-attention-2022.csv")
    own = table[(table["layer"] == "flash_attention") & (table["mode"] == "forward")]
    (one,) = fit(own)
    assert one.theory is None
    assert one.law.exponents[0].estimate == pytest.approx(2, abs=0.1)


def test_kernels_that_switch_do_not_match():
    table = read(FOLDER / "deepbench-v100.csv")
    own = table[(table["layer"] == "gru") & (table["mode"] == "backward_inputs")]
    fits = [one for one in fit(own, {"gru": "n*d**2"}) if one.law]
    assert fits
    assert {one.judgement.verdict.value for one in fits} == {"unresolved"}
