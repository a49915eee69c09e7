import importlib
import os
import sys
from contextlib import closing
from dataclasses import replace
from math import inf
from pathlib import Path

import layerlaw
import pytest
from layerlaw.measure import Case, Controls, Plan, ResourceLimits, Store, execute, open_run
from layerlaw.measure.workers import executor
from layerlaw.measure.workers.forkserver import can_fork

needs_fork = pytest.mark.skipif(not can_fork(), reason="this system cannot fork safely")


@pytest.fixture
def unruly(isolated_registry, monkeypatch):
    """Register the layers of `unruly`, a module that other processes can import too."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.delitem(sys.modules, "unruly", raising=False)
    yield importlib.import_module("unruly")
    sys.modules.pop("unruly", None)


def measured(plan):
    with Store() as store:
        run = open_run(plan, store)
        with closing(execute(run)) as steps:
            made = [step.measurement for step in steps]
        return made, store.controls(run.stored_run)


def cases(*layers, sizes=(32, 64, 128)):
    return tuple(Case(layer, {"n": n, "d": 4}) for layer in layers for n in sizes)


QUIET = Controls(noise_gate=False)


@needs_fork
@pytest.mark.parametrize(
    ("layer", "status", "note"),
    [
        ("crashing", "error", "its process ended by signal SIGSEGV"),
        ("killed", "oom", "its process ended by signal SIGKILL"),
        ("leaving", "error", "its process ended with status 7"),
        ("hanging", "timeout", "it took longer than its limit of 2 s"),
        ("greedy", "oom", "RuntimeError: "),
    ],
)
def test_whatever_a_case_does_is_one_row_and_the_sweep_goes_on(unruly, layer, status, note):
    plan = Plan(
        cases(layer, "fine"),
        rounds=2,
        repeats=1,
        processes=1,
        controls=QUIET,
        limits=ResourceLimits(2.0),
    )
    made, record = measured(plan)
    bad = [one for one in made if one.status != "ok"]
    assert [(one.case.layer, one.case.sizes["n"], one.status) for one in bad] == [
        (layer, 64, status)
    ]
    assert bad[0].note.startswith(note)
    assert bad[0].values == ()
    assert len(made) == plan.total - 1, "it is not tried again"
    assert all(one.values for one in made if one.status == "ok")
    assert record["process"] == "one for each layer and device"


@needs_fork
def test_what_allocates_more_than_the_limit_of_memory_is_a_row_that_names_it(unruly):
    plan = Plan(
        cases("hoarding", "fine"),
        rounds=1,
        repeats=1,
        controls=QUIET,
        limits=ResourceLimits(memory=2.0**28),
    )
    made, _ = measured(plan)
    (bad,) = (one for one in made if one.status != "ok")
    assert (bad.case.layer, bad.case.sizes["n"], bad.status) == ("hoarding", 64, "oom")
    assert "allocate memory" in bad.note
    assert bad.note.endswith("; the limit is 0.25 GiB (--memory)")


@needs_fork
@pytest.mark.parametrize(("times", "status"), [(1, "ok"), (2, "oom")])
def test_a_case_whose_fork_server_was_killed_is_asked_once_more(
    unruly, tmp_path, monkeypatch, times, status
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lives.txt").write_text("again\n" * times)
    plan = Plan(cases("orphaned", "fine"), rounds=1, repeats=1, controls=QUIET)
    made, _ = measured(plan)
    found = {(one.case.layer, one.case.sizes["n"]): one for one in made}
    assert len(found) == plan.total
    assert found.pop(("orphaned", 64)).status == status
    assert {one.status for one in found.values()} == {"ok"}


@needs_fork
def test_of_cases_measured_together_the_one_that_crashes_is_found_out(unruly):
    plan = Plan(cases("crashing"), rounds=1, repeats=1, processes=1, controls=QUIET)
    with (
        Store() as store,
        executor.open_executor(plan, open_run(plan, store).add_process) as measuring,
    ):
        made = measuring.measure_all(0, plan.cases)
    assert [one.case for one in made] == list(plan.cases)
    assert [one.status for one in made] == ["ok", "error", "ok"]


@needs_fork
def test_each_layer_has_processes_of_its_own_that_share_the_rounds(unruly):
    plan = Plan(cases("fine", "attention"), rounds=5, repeats=1, controls=QUIET)
    made, _ = measured(plan)
    rounds = {}
    for one in made:
        rounds.setdefault((one.case.layer, one.process), set()).add(one.round)
    for layer in ("fine", "attention"):
        own = [rounds[key] for key in sorted(rounds) if key[0] == layer]
        assert own == [{0, 1}, {2, 3}, {4}]
    assert len({process for _, process in rounds}) == 6, "no process measures two layers"


def test_a_layer_that_no_module_has_is_measured_in_the_calling_process(toy):
    toy("local", lambda x: x.clone())
    made, record = measured(Plan(cases("local"), rounds=1, repeats=1, controls=QUIET))
    assert {one.status for one in made} == {"ok"}
    assert record["process"] == (
        "the calling process: the layer 'local' is in no module that another process can import"
    )


@pytest.mark.parametrize(
    ("off", "said"), [("isolation", "isolation is off"), ("fork", "this system cannot fork safely")]
)
def test_without_processes_of_their_own_it_says_so(monkeypatch, off, said):
    monkeypatch.setattr(executor, "can_fork", lambda: off != "fork")
    controls = replace(QUIET, isolation=off != "isolation")
    made, record = measured(Plan(cases("attention"), rounds=1, repeats=1, controls=controls))
    assert record["process"].startswith("the calling process: ")
    assert said in record["process"]
    assert {one.process for one in made} == {0}


@pytest.mark.parametrize("isolation", [True, False])
def test_what_would_not_fit_is_skipped_and_said_to_be(isolation):
    sizes = (64, 16384)
    plan = Plan(
        cases("attention", sizes=sizes),
        rounds=2,
        repeats=1,
        controls=replace(QUIET, isolation=isolation),
        limits=ResourceLimits(memory=2**30),
    )
    made, _ = measured(plan)
    skipped = [one for one in made if one.status == "skipped"]
    assert [one.case.sizes["n"] for one in skipped] == [16384]
    assert skipped[0].note == "it needs 2 GiB of memory, the limit is 1 GiB (--memory)"
    assert len(made) == 3


@needs_fork
def test_values_and_threads_are_the_same_in_processes_of_their_own():
    plan = Plan(
        cases("attention"), rounds=1, repeats=2, controls=replace(QUIET, threads=2), processes=1
    )
    made, record = measured(plan)
    assert record["threads"] == "2"
    assert record["subnormals"] == "flushed in all threads", "none had begun before the switch"
    assert all(one.values for one in made)


@needs_fork
def test_with_interleaving_off_all_rounds_of_a_point_follow_one_another():
    plan = Plan(
        cases("attention", "rnn"),
        rounds=3,
        repeats=1,
        controls=replace(QUIET, interleaving=False),
    )
    made, record = measured(plan)
    assert [(one.case, one.round) for one in made] == [
        (case, round) for case in plan.cases for round in range(3)
    ]
    assert len({one.process for one in made}) == 2
    assert record["order"] == "point by point"


def test_zeros_are_a_choice_of_inputs(toy):
    seen = []
    toy("seeing", lambda x: seen.append(float(x.abs().max())) or x.clone())
    for inputs in (True, False):
        seen.clear()
        plan = Plan(cases("seeing", sizes=(8,)), 1, 1, controls=replace(QUIET, inputs=inputs))
        record = measured(plan)[1]
        assert (max(seen) > 0) == inputs
        assert record["inputs"] == ("unit normal" if inputs else "zeros")


@needs_fork
def test_the_calling_process_is_left_as_it_was():
    importlib.import_module("threadpoolctl")  # which sets a variable for those that come after it
    before = os.getpid(), dict(os.environ), list(sys.path)
    layerlaw.sweep("attention", profile="asv", rounds=1, repeats=1, controls=QUIET)
    assert (os.getpid(), dict(os.environ), list(sys.path)) == before


def test_on_a_gpu_each_process_has_its_share_and_a_quarter_is_tried_in_any_case(monkeypatch):
    here = Plan(cases("attention", "rnn"))
    there = Plan(tuple(replace(case, device="cuda") for case in here.cases))
    monkeypatch.setattr(executor, "free_gpu_memory", lambda: 8 * 2.0**30)
    assert executor._gpu_memory(here) == inf
    assert executor._gpu_memory(there) == 8 * 2.0**30 - 2 * executor._GPU_CONTEXT
    monkeypatch.setattr(executor, "free_gpu_memory", lambda: 2.0**30)
    assert executor._gpu_memory(there) == 2.0**28


@needs_fork
def test_a_fork_server_to_come_that_died_is_begun_anew_when_its_turn_comes():
    plan = Plan(cases("attention"), rounds=3, repeats=1, controls=QUIET)
    with (
        Store() as store,
        executor.open_executor(plan, open_run(plan, store).add_process) as measuring,
    ):
        assert measuring.measure(0, plan.cases[0]).status == "ok"
        measuring._forkservers[1]._process.kill()
        measuring._forkservers[1]._process.wait()
        made = [measuring.measure(round, plan.cases[0]) for round in (1, 2)]
    assert [one.status for one in made] == ["ok", "ok"]
