from dataclasses import replace
from itertools import pairwise

import pytest
from layerlaw.layers import CORE, names
from layerlaw.measure import DeviceUnavailable, plan
from layerlaw.measure.planning import run_plan


def test_the_order_is_the_same_for_a_seed_and_another_in_each_round():
    one, same, other = (plan("attention", profile="asv", seed=seed) for seed in (1, 1, 2))
    assert one.order(0) == same.order(0)
    assert one.order(0) != one.order(1)
    assert one.order(0) != other.order(0)
    assert set(one.order(0)) == set(one.cases)


def test_rounds_interleave_the_layers():
    order = plan(["attention", "rnn"], profile="quick").order(0)
    changes = [at for at, (a, b) in enumerate(pairwise(order), 1) if a.layer != b.layer]
    assert all(b - a <= 3 * run_plan.CASES_IN_A_ROW for a, b in pairwise([0, *changes, len(order)]))


def test_every_case_is_measured_once_in_each_round():
    todo = plan("attention", profile="asv", rounds=3)
    made = list(todo.measurements())
    assert len(made) == len(set(made)) == todo.total == 3 * len(todo.cases)


def test_the_core_by_default_all_if_asked_and_none_twice():
    assert plan(profile="asv").layers == list(CORE)
    assert plan("all", profile="asv").layers == names()
    assert plan(["rnn", "rnn"], profile="asv") == plan("rnn", profile="asv")


def test_each_mode_is_measured_over_the_same_points():
    forward = plan("rnn", profile="asv")
    both = plan("rnn", profile="asv", mode=["forward", "training"], options=["compile"])
    assert {case.mode for case in both.cases} == {"forward", "training"}
    assert both.total == 2 * forward.total
    assert {case.options for case in both.cases} == {("compile",)}


@pytest.mark.parametrize("wrong", [{"mode": "sideways"}, {"options": ["sideways"]}])
def test_a_mode_or_an_option_that_is_not_known_is_refused(wrong):
    with pytest.raises(ValueError, match="is called 'sideways'; there are: "):
        plan("rnn", profile="asv", **wrong)


def test_what_means_nothing_on_a_device_is_refused_or_left_out(monkeypatch):
    with pytest.raises(ValueError, match="'graph' is for CUDA only, and the device is cpu"):
        plan("rnn", profile="asv", options=["compile", "graph"])
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    both = plan("rnn", profile="asv", device="all", options=["compile", "graph"])
    assert {(case.device, case.options) for case in both.cases} == {
        ("cpu", ("compile",)),
        ("cuda", ("compile", "graph")),
    }


def test_settings_tell_plans_apart():
    settings = [
        plan("rnn", profile="asv", **changed).settings()
        for changed in ({}, {"seed": 1}, {"raw": True}, {"mode": "training"}, {"repeats": 9})
    ]
    assert all(settings.count(one) == 1 for one in settings)


def test_with_other_rounds_it_is_the_same_run():
    few, many = (plan("rnn", profile="asv", rounds=rounds) for rounds in (1, 9))
    assert few.settings() == many.settings()


@pytest.mark.parametrize(
    ("device", "there", "found"),
    [
        ("cpu", False, ["cpu"]),
        ("all", False, ["cpu"]),
        ("all", True, ["cpu", "cuda"]),
        ("cuda", True, ["cuda"]),
    ],
)
def test_devices(monkeypatch, device, there, found):
    monkeypatch.setattr(run_plan.torch.cuda, "is_available", lambda: there)
    todo = plan("rnn", profile="asv", device=device)
    assert list(dict.fromkeys(case.device for case in todo.cases)) == found


def test_cuda_where_there_is_none_is_one_line(monkeypatch):
    monkeypatch.setattr(run_plan.torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceUnavailable) as raised:
        plan("rnn", device="cuda")
    assert "\n" not in str(raised.value)
    assert "CUDA is not available" in str(raised.value)


def test_unknown_names_are_refused():
    with pytest.raises(KeyError, match="no layer is called 'abacus'"):
        plan("abacus")
    with pytest.raises(ValueError, match="no device is called 'tpu'"):
        plan("rnn", device="tpu")


@pytest.mark.parametrize("count", ["batch", "threads", "rounds", "repeats"])
def test_counts_begin_at_one(count):
    with pytest.raises(ValueError, match=f"{count} must be at least 1, not 0"):
        plan("attention", **{count: 0})


def test_the_command_offers_the_dtypes_that_are_measured():
    from layerlaw.cli.options import DType

    assert [each.value for each in DType] == list(run_plan.DTYPES)
    with pytest.raises(ValueError, match="'int8'; there are: float32"):
        plan("attention", dtype="int8")


def test_processes_share_the_rounds_and_the_last_takes_what_goes_beyond_them():
    todo = plan("attention", profile="asv", rounds=4)
    assert [todo.generation(round) for round in range(6)] == [0, 0, 1, 2, 2, 2]
    alone = replace(todo, processes=1)
    assert {alone.generation(round) for round in range(9)} == {0}
