import numpy as np
from layerlaw.analysis.regression.residual_diagnostics import (
    ResidualDiagnostics,
    diagnose_residuals,
)

AXES = ("n", "d")
SIZES = np.array([(n, d) for n in 2.0 ** np.arange(7) for d in 2.0 ** np.arange(6)])
NOISE = np.random.default_rng(0).normal(0, 0.03, len(SIZES))


def test_noise_is_not_structure():
    flagged = 0
    for seed in range(100):
        residuals = np.random.default_rng(seed).normal(0, 0.06, len(SIZES))
        flagged += not diagnose_residuals(AXES, SIZES, residuals, residual_df=36).describes_points
    assert flagged <= 1


def test_what_follows_an_axis_is_found_and_placed():
    found = diagnose_residuals(
        AXES, SIZES, NOISE + np.where(SIZES[:, 1] == 32, 0.3, -0.06), residual_df=36
    )
    assert not found.describes_points
    assert (found.axis, found.size) == ("d", 32)
    assert abs(found.share - 0.3) < 0.05


def test_what_neighbours_share_without_following_one_axis_is_found():
    ramp = np.log2(SIZES)
    slope_break = (ramp[:, 0] - 3) * (ramp[:, 1] - 2.5)
    found = diagnose_residuals(
        AXES, SIZES, NOISE + 0.1 * slope_break / slope_break.std(), residual_df=36
    )
    assert not found.describes_points
    assert abs(found.structure_sd - 0.1) < 0.04


def test_small_structure_is_seen_but_does_not_refuse_a_law():
    found = diagnose_residuals(
        AXES, SIZES, NOISE / 10 + 0.02 * np.sign(SIZES[:, 0] - 10), residual_df=36
    )
    assert 0.01 < found.structure_sd < 0.03
    assert found.describes_points


def test_too_few_points_are_said_not_to_be_tested():
    found = diagnose_residuals(("n",), SIZES[:4, :1], NOISE[:4], residual_df=2)
    assert not found.tested
    assert found.describes_points


def test_scatter_alone_refuses_a_law():
    residuals = np.random.default_rng(1).permutation(np.repeat([-0.3, 0.3], len(SIZES) // 2))
    found = diagnose_residuals(AXES, SIZES, residuals, residual_df=36)
    assert found.structure_sd == 0
    assert not found.describes_points


def test_scatter_is_told_beside_what_rounds_differ_by():
    assert str(ResidualDiagnostics(0.053)) == "5.3%"
    assert (
        str(ResidualDiagnostics(0.053, between_round_sd=0.021))
        == "5.3% (a point's rounds differ by 2.1%)"
    )
    assert ResidualDiagnostics(0.05, tested=False, between_round_sd=0.02).testable
    assert not ResidualDiagnostics(0.05, tested=False).testable
