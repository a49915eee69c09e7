"""Each reason is provoked, and shown to be absent where its cause is."""

from dataclasses import replace

import numpy as np
import pytest
from layerlaw.analysis import Verdict, fit_law, judge_law
from layerlaw.analysis.expressions.reading import leading_part, parse

RNG_SEED = 11


def judged(order, axes, sizes, values, margin=0.2, **options):
    lead = leading_part(parse(order), axes)
    law = fit_law(sizes, values, lead, lead.divisors())
    return judge_law(law, {a: lead.degree(a) for a in axes}, margin, **options)


def grid(**axes):
    mesh = np.meshgrid(*(np.asarray(v, float) for v in axes.values()), indexing="ij")
    return tuple(axes), np.array(mesh).reshape(len(axes), -1).T


def noise(values, share=0.02):
    return values * np.exp(np.random.default_rng(RNG_SEED).normal(0, share, len(values)))


AXES, SIZES = grid(n=2.0 ** np.arange(5, 12), d=2.0 ** np.arange(4, 10))
N, D = SIZES.T
CLEAN = noise(1e-6 + 1e-9 * N * D + 1e-10 * N * D**2)


def test_a_law_that_follows_theory_matches():
    law, single = judged("n*d**2", AXES, SIZES, CLEAN)
    assert law.verdict is Verdict.MATCHES
    assert {j.verdict for j in single.values()} == {Verdict.MATCHES}
    assert "within ±0.2" in law.reason


@pytest.mark.parametrize(("power", "way"), [(1.6, "faster"), (0.5, "slower")])
def test_an_exponent_wholly_outside_the_margin_differs(power, way):
    law, single = judged("n*d**2", AXES, SIZES, noise(1e-6 + 1e-9 * N**power * D**2))
    assert law.verdict is Verdict.DIFFERS
    assert single["n"].verdict is Verdict.DIFFERS
    assert single["d"].verdict is Verdict.MATCHES
    assert way in law.reason
    assert "(theory 1)" in law.reason
    assert "d " not in law.reason  # the reason speaks of what differs alone


def test_no_worse_than_theory_is_a_question_of_its_own():
    slower, faster = (noise(1e-6 + 1e-9 * N**power * D**2) for power in (0.5, 1.6))
    law, single = judged("n*d**2", AXES, SIZES, slower, at_most=True)
    assert law.verdict is Verdict.MATCHES
    assert "at most 0.2 above" in single["n"].reason
    assert judged("n*d**2", AXES, SIZES, slower)[0].verdict is Verdict.DIFFERS
    assert judged("n*d**2", AXES, SIZES, faster, at_most=True)[0].verdict is Verdict.DIFFERS
    across = noise(1e-6 + 1e-9 * N**1.2 * D**2)
    assert judged("n*d**2", AXES, SIZES, across, at_most=True)[0].verdict is Verdict.UNRESOLVED


def test_an_interval_across_the_edge_is_unresolved_and_a_wider_margin_settles_it():
    values = noise(1e-6 + 1e-9 * N**1.2 * D**2)
    law, _ = judged("n*d**2", AXES, SIZES, values)
    assert law.verdict is Verdict.UNRESOLVED
    assert "across the edge of ±0.2" in law.reason
    assert judged("n*d**2", AXES, SIZES, values, margin=0.5)[0].verdict is Verdict.MATCHES
    assert judged("n*d**2", AXES, SIZES, values, margin=0.05)[0].verdict is Verdict.DIFFERS


def test_overhead_is_named_with_its_share_and_place():
    overhead = np.median(1e-10 * N**2 * D) * 300
    law, single = judged("n**2*d", AXES, SIZES, noise(overhead + 1e-10 * N**2 * D, 0.05))
    assert law.verdict is Verdict.UNRESOLVED
    assert any(
        "the overhead takes" in j.reason and "measure larger" in j.reason for j in single.values()
    )
    assert "the overhead takes" not in judged("n**2*d", AXES, SIZES, CLEAN)[0].reason


def test_larger_sizes_are_asked_for_along_the_axis_where_the_overhead_falls():
    per_step = 1e-10 * np.median(D) ** 2 * 40  # as much of a longer sequence as of a short one
    _, single = judged("n*d**2", AXES, SIZES, noise(N * (per_step + 1e-10 * D**2), 0.05))
    reasons = [j.reason for j in single.values() if "the overhead takes" in j.reason]
    assert reasons
    assert all(reason.endswith("measure larger d") for reason in reasons)


def test_a_law_that_differs_says_how_far_the_points_scatter():
    def reason(share):
        values = noise(1e-6 + 1e-9 * N**1.6 * D**2, share)
        return judged("n*d**2", AXES, SIZES, values)[0].reason

    assert "scatter by" in reason(0.08)
    assert "scatter" not in reason(0.01)


def test_a_leading_term_that_is_never_seen_is_said_to_be_hidden():
    law, _ = judged("n**2*d", AXES, SIZES, noise(1e-3 + 1e-7 * N))
    assert law.verdict is Verdict.UNRESOLVED
    assert "the leading term takes at most" in law.reason
    assert "measure larger n and d" in law.reason


def test_an_exponent_that_rests_on_two_sizes_is_not_judged():
    axes, sizes = grid(n=2.0 ** np.arange(5, 10), d=2.0 ** np.arange(4, 10))
    n, d = sizes.T

    def of(power, overhead):  # the leading term is most of the time from d = 256 on, or from 64
        return judged("n*d**2", axes, sizes, noise(n * (overhead + d**power), 0.005))

    hidden, single = of(2.5, 0.6 * 256**2.5)
    assert single["d"].verdict is hidden.verdict is Verdict.UNRESOLVED
    assert "of the time up to d = 128: measure larger d" in hidden.reason
    assert single["n"].verdict is Verdict.MATCHES
    assert of(2.5, 0.6 * 64**2.5)[1]["d"].verdict is Verdict.DIFFERS


def test_two_values_of_an_axis_are_too_few():
    axes, sizes = grid(n=2.0 ** np.arange(5, 12), d=[64.0, 128.0])
    law, single = judged("n*d**2", axes, sizes, noise(1e-10 * sizes[:, 0] * sizes[:, 1] ** 2))
    assert single["d"].verdict is Verdict.UNRESOLVED
    assert "d takes 2 values (64 and 128)" in law.reason
    assert "takes 2 values" not in single["n"].reason


def test_fewer_points_than_free_numbers_are_said_to_be_so():
    sizes = np.array([[32.0], [64], [128]])
    law, _ = judged("n**2", ("n",), sizes, 1e-6 + 1e-8 * sizes[:, 0] + 1e-9 * sizes[:, 0] ** 2.1)
    assert law.verdict is Verdict.UNRESOLVED
    assert "3 points for a law of" in law.reason


def test_scatter_is_named_where_noise_makes_the_interval_wide():
    axes, sizes = grid(n=np.geomspace(64, 512, 8))
    law, _ = judged("n**2", axes, sizes, noise(1e-9 * sizes[:, 0] ** 2, 0.12))
    assert law.verdict is Verdict.UNRESOLVED
    assert "scatter by" in law.reason


def test_a_narrow_range_is_named_where_noise_is_low():
    axes, sizes = grid(n=np.linspace(1000, 1400, 12))
    law, _ = judged("n**2", axes, sizes, noise(1e-9 * sizes[:, 0] ** 2, 0.005))
    assert law.verdict is Verdict.UNRESOLVED
    assert "n = 1000 to 1400" in law.reason
    assert "wider range of n" in law.reason


def test_a_step_is_left_over_and_named_with_its_place():
    values = CLEAN * np.where(D >= 512, 2.0, 1.0)
    law, single = judged("n*d**2", AXES, SIZES, values)
    assert law.verdict is Verdict.UNRESOLVED
    assert {j.verdict for j in single.values()} == {Verdict.UNRESOLVED}
    assert "the law leaves" in law.reason
    assert " at d = " in law.reason
    assert "the law leaves" not in judged("n*d**2", AXES, SIZES, CLEAN)[0].reason


def test_a_missing_term_is_left_over():
    values = noise(4e-10 * N**2 * D + 8e-10 * N * D**2 * 4)
    assert judged("n**2*d", AXES, SIZES, values)[0].verdict is not Verdict.MATCHES
    assert judged("4*n**2*d + 32*n*d**2", AXES, SIZES, values)[0].verdict is Verdict.MATCHES


def test_kernels_that_switch_at_random_do_not_match():
    switched = CLEAN * np.random.default_rng(1).choice([1.0, 1.8], len(CLEAN))
    law, _ = judged("n*d**2", AXES, SIZES, switched)
    assert law.verdict is Verdict.UNRESOLVED
    assert "scatter by" in law.reason
    assert "kernels may switch" in law.reason


def test_every_verdict_carries_its_advice():
    assert len({v.advice for v in Verdict}) == 3


def test_an_interval_cut_off_by_the_search_neither_matches_nor_differs():
    law, single = judged("n*d", AXES, SIZES, noise(1e-9 * N * D**2.49))
    assert single["d"].verdict is Verdict.UNRESOLVED
    assert "end of the searched range" in law.reason
    assert single["n"].verdict is Verdict.MATCHES
    assert "end of the searched range" not in judged("n*d**2", AXES, SIZES, CLEAN)[0].reason


def test_a_law_that_cannot_be_held_against_anything_says_so():
    axes, sizes = grid(n=(32, 64, 128, 256, 512, 1024))
    values = noise(1e-6 + 1e-9 * sizes[:, 0] ** 2, 0.001)
    law, _ = judged("n**2", axes, sizes, values)
    assert "could not be tested: there is one value per point" in law.reason
    assert "could not be tested" not in judged("n*d**2", AXES, SIZES, CLEAN)[0].reason


def test_scatter_that_rounds_do_not_show_is_told_from_noise():
    lead = leading_part(parse("n*d**2"), AXES)
    law = fit_law(SIZES, noise(CLEAN, 0.07), lead, lead.divisors())
    for between, said in ((0.01, True), (0.06, False), (None, False)):
        left = replace(law.diagnostics, between_round_sd=between)
        whole, _ = judge_law(replace(law, diagnostics=left), {"n": 1, "d": 2})
        assert ("differ by only 1.0%" in whole.reason) == said
