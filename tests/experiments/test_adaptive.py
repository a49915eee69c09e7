from collections import Counter
from math import inf

import numpy as np
import pytest
from layerlaw.analysis import fit
from layerlaw.analysis.expressions.reading import leading_part, parse
from layerlaw.analysis.fitting.law_fitting import fit_law
from layerlaw.experiments.adaptive import (
    MOST_REPEATS,
    AdaptivePlanner,
    choose_points,
    coarse_grid,
    derivatives,
)
from layerlaw.measure import Case, Measurement, plan, tidy_table

CASES = plan("attention", profile="choice").cases
RNN = plan("rnn", profile="choice").cases


class Machine:
    """Takes n²·d + n² + a constant, with noise, on a clock of its own.

    A repeat errs by `noise`; with `own` a case errs by as much each time, and a measurement by
    twice that.
    """

    def __init__(self, seed=0, noise=0.02, own=0.0, failing=lambda case: False):
        self.now, self._noise, self._own, self._failing = 0.0, noise, own, failing
        self._random = np.random.default_rng(seed)
        self._errs = {}

    def seconds(self, case):
        n, d = case.sizes["n"], case.sizes["d"]
        growth = n * d**2 if case.layer == "rnn" else n**2 * d + 8 * n**2
        return 5e-6 + 1e-10 * growth

    def measure(self, case, round):
        seconds = self.seconds(case)
        self.now += 0.012 + 5 * seconds
        if self._failing(case):
            return Measurement(case, 0, round, (), "error", "no")
        if case not in self._errs:
            self._errs[case] = self._own * self._random.standard_normal()
        shared = self._errs[case] + 2 * self._own * self._random.standard_normal()
        off = np.exp(shared + self._noise * self._random.standard_normal(5))
        return Measurement(case, 0, round, tuple(seconds * off))


def carried_out(planner, machine, most=400):
    made = []
    while (case := planner.next(made)) is not None and len(made) < most:
        made.append(machine.measure(case, sum(one.case == case for one in made)))
    return made


def test_it_measures_until_every_exponent_is_known_and_says_so():
    machine = Machine()
    planner = AdaptivePlanner(CASES, 0.08, now=lambda: machine.now)
    made = carried_out(planner, machine)
    (width,) = planner.widths
    assert set(width.half_widths) == {"n", "d"}
    assert width.widest <= 0.08
    assert width.stop_reason == "every exponent is known within ±0.08"
    assert 10 < len(made) < 200
    assert planner.next(made) is None, "it stays settled"


def test_it_stops_when_the_budget_is_spent_and_says_so():
    machine = Machine()
    planner = AdaptivePlanner(CASES, 0.001, seconds=2.0, now=lambda: machine.now)
    made = carried_out(planner, machine)
    longest = 0.012 + 5 * max(map(machine.seconds, CASES))
    assert 2.0 <= machine.now < 2.0 + longest  # none is begun afterwards
    (width,) = planner.widths
    (all_of_it,) = fit(tidy_table(made, ""))
    assert width.half_widths == {e.axis: (e.high - e.low) / 2 for e in all_of_it.law.exponents}
    assert width.stop_reason == "the budget is spent"
    assert 0.001 < width.widest < inf


def test_it_ends_where_every_point_was_measured_often():
    few = CASES[::7]
    machine = Machine()
    planner = AdaptivePlanner(few, 1e-6, now=lambda: machine.now)
    made = carried_out(planner, machine, most=10**4)
    assert planner.widths[0].stop_reason == f"every point was measured {MOST_REPEATS} times"
    assert len(made) == MOST_REPEATS * len(few)


def test_it_goes_on_from_what_is_there_and_asks_for_nothing_twice():
    whole = carried_out(AdaptivePlanner(CASES, 0.1), Machine())
    assert AdaptivePlanner(CASES, 0.1).next(whole) is None, "it is known as far already"
    planner, some = AdaptivePlanner(CASES, 0.1), whole[:5]
    assert planner.next(some) == whole[5].case, "the first grid goes on"


def test_without_two_points_there_is_no_law():
    machine = Machine(failing=lambda case: True)
    planner = AdaptivePlanner(CASES, 0.1, now=lambda: machine.now)
    carried_out(planner, machine)
    assert planner.widths[0].stop_reason == "fewer than two points could be measured"


def test_what_a_small_budget_measured_is_fitted():
    machine = Machine()
    planner = AdaptivePlanner(CASES, 0.1, seconds=0.2, now=lambda: machine.now)
    made = carried_out(planner, machine)
    assert 2 <= len(made) < 16, "the first grid is not whole"
    assert planner.widths[0].stop_reason == "the budget is spent"


def test_the_budget_begins_with_the_first_measurement():
    machine = Machine()
    planner = AdaptivePlanner(CASES, 0.1, seconds=5.0, now=lambda: machine.now)
    planner.next([])
    machine.now = 100.0  # until processes have begun
    made = [machine.measure(CASES[0], 0)]
    assert planner.next(made) is not None
    machine.now = 106.0
    assert planner.next(made) is None


def test_what_fails_is_not_tried_again():
    machine = Machine(failing=lambda case: case.sizes["n"] == 96)
    made = carried_out(AdaptivePlanner(CASES, 0.1, now=lambda: machine.now), machine)
    failed = [one.case for one in made if one.status == "error"]
    assert failed
    assert len(failed) == len(set(failed))


def test_layers_take_turns_and_each_is_told_of():
    machine = Machine()
    planner = AdaptivePlanner((*CASES, *RNN), 0.1, now=lambda: machine.now)
    made = carried_out(planner, machine, most=1000)
    assert {w.layer for w in planner.widths} == {"attention", "rnn"}
    assert all(w.widest <= 0.1 for w in planner.widths)
    first = [one.case.layer for one in made[:20]]
    assert first == ["attention", "rnn"] * 10


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan")])
def test_a_precision_is_above_zero(wrong):
    with pytest.raises(ValueError, match="precision must be above 0"):
        AdaptivePlanner(CASES, wrong)


@pytest.mark.parametrize(
    "seed", [11, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in (12, 13))]
)
def test_it_takes_clearly_fewer_seconds_than_the_whole_grid_and_is_right(seed):
    machine = Machine(seed, own=0.03)
    planner = AdaptivePlanner(CASES, 0.05, now=lambda: machine.now)
    made = carried_out(planner, machine)
    chosen = machine.now
    assert planner.widths[0].widest <= 0.05
    (found,) = fit(tidy_table(made, ""))
    for exponent in found.law.exponents:
        assert abs(exponent.estimate - {"n": 2, "d": 1}[exponent.axis]) < 0.08
    machine = Machine(seed, own=0.03)
    made = []
    for round in range(12):
        made += [machine.measure(case, round) for case in CASES]
        (found,) = fit(tidy_table(made, ""))
        if max((e.high - e.low) / 2 for e in found.law.exponents) <= 0.05:
            break
    assert chosen < 0.7 * machine.now


def test_no_point_is_measured_a_third_time_while_another_was_not_at_all():
    machine = Machine(own=0.03)
    made = carried_out(AdaptivePlanner(CASES, 0.02, now=lambda: machine.now), machine, most=60)
    assert len(made) == 60
    often = Counter(one.case for one in made)
    assert len(often) < len(CASES)
    assert max(often.values()) <= 2


def test_the_first_points_lie_near_the_corners_and_between_them():
    sizes = np.array([[n, d] for n in 2.0 ** np.arange(4, 11) for d in 2.0 ** np.arange(4, 11)])
    chosen = sizes[coarse_grid(sizes)]
    assert len(chosen) == 16
    for corner in ([16, 16], [16, 1024], [1024, 16], [1024, 1024]):
        assert corner in chosen.tolist()


def law_of(sizes):
    lead = leading_part(parse("n**2*d", ()), ("n", "d"), {})
    n, d = sizes.T
    return fit_law(sizes, 1e-9 * n**2 * d + 2e-8 * n**2 + 1e-6, lead, lead.divisors())


def test_derivatives_are_those_of_the_law():
    sizes = np.array([[n, d] for n in (32.0, 64, 128, 256) for d in (16.0, 32, 64, 128)])
    law = law_of(sizes)
    rows = derivatives(law, sizes)
    # Of an exponent: the law with n^(2 + ε).
    parts = law.parts(sizes)
    moved = parts.copy()
    moved[:, -1] *= sizes[:, 0] ** 1e-6
    numeric = (np.log(moved.sum(axis=1)) - np.log(parts.sum(axis=1))) / 1e-6
    np.testing.assert_allclose(rows[:, 0], numeric, rtol=1e-3)
    assert rows[:, 2] == pytest.approx(parts[:, -1] / parts.sum(axis=1))


def test_a_point_is_worth_more_the_less_it_costs_and_the_less_is_known_there():
    sizes = np.array([[n, d] for n in (32.0, 64, 128, 256) for d in (16.0, 32, 64, 128)])
    law, once = law_of(sizes), np.ones(16)
    (first,) = choose_points(law, sizes, once, {"n": 0.2, "d": 0.1}, 0.01, 1)
    often = once.copy()
    often[first] = MOST_REPEATS
    assert first not in choose_points(law, sizes, often, {"n": 0.2, "d": 0.1}, 0.01, 5)
    assert choose_points(law, sizes, np.full(16, MOST_REPEATS), {"n": 0.2, "d": 0.1}, 0.01, 5) == []
    (n_first,) = choose_points(law, sizes, np.zeros(16), {"n": 0.2, "d": 0.1}, 0.01, 1)
    (d_first,) = choose_points(law, sizes, np.zeros(16), {"n": 0.1, "d": 0.2}, 0.01, 1)
    n_wide, d_wide = sizes[n_first], sizes[d_first]
    assert n_wide[0] in (32.0, 256.0) or d_wide[1] in (16.0, 128.0), "at an end of the axis"


def test_no_more_points_are_chosen_than_should_be_enough():
    sizes = np.array([[n, d] for n in (32.0, 64, 128, 256) for d in (16.0, 32, 64, 128)])
    law, once = law_of(sizes), np.ones(16)
    some, many = (
        len(choose_points(law, sizes, once, {"n": 0.2, "d": 0.1}, precision, 100))
        for precision in (0.19, 0.16)
    )
    assert 0 < some < many < 100


def test_cases_of_one_law_are_found_by_layer_device_and_mode():
    both = [Case("rnn", c.sizes, mode=mode) for mode in ("forward", "training") for c in RNN]
    planner = AdaptivePlanner(both, 0.1)
    assert [(w.layer, w.mode) for w in planner.widths] == [("rnn", "forward"), ("rnn", "training")]
