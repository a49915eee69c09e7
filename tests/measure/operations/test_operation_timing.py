"""What passes consist of: listed exactly, timed alone, and never at the cost of a crash."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from layerlaw import layers
from layerlaw.analysis import fit
from layerlaw.measure import (
    Case,
    Measurement,
    Store,
    execute,
    measure_parts,
    open_run,
    plan,
    tidy_table,
)
from layerlaw.measure.cases.metric import PARTS
from layerlaw.measure.counting.aten_operations import operation_name
from layerlaw.measure.counting.flops import FlopCounter
from layerlaw.measure.operations.operation import (
    AlternatingProducts,
    EmptyModule,
    MatrixProduct,
    is_view,
)
from layerlaw.measure.operations.operation_recorder import OperationRecorder, record_pass
from layerlaw.measure.operations.operation_timing import time_operations
from layerlaw.measure.timing.clocks import HostClock

from tests.helpers.sizes import complete

F32 = torch.float32


def each_takes(seconds):
    """Make a clock by which every call takes so long."""
    now = [0]

    def look():
        now[0] += round(seconds * 1e9)
        return now[0]

    clock = HostClock(look)
    return lambda call, loops: clock(call, 1) * loops


def test_attention_is_two_products_and_a_softmax():
    found, _ = record_pass(Case("attention", {"n": 48, "d": 16}))
    scores = MatrixProduct(1, 48, 16, 48, F32, transposed=(False, True))  # K as it lies, seen as Kᵀ
    assert found.products == {scores: 1, MatrixProduct(1, 48, 48, 16, F32): 1}
    assert [(str(each.function), each.elements) for each in found.others] == [
        ("aten._softmax.default", 48 * 48)
    ]
    assert found.flops == 4 * 48**2 * 16


@pytest.mark.parametrize("name", layers.names())
def test_products_have_the_flops_that_the_counter_counts(name):
    sizes = {size: complete({"n": 6, "d": 8, "k": 3})[size] for size in layers.get(name).axes}
    layer = layers.get(name)
    with torch.device("meta"):
        module = layer.build(sizes)
    with torch.no_grad(), FlopCounter() as counter:
        module(*layer.make_inputs(sizes, device="meta"))
    found, _ = record_pass(Case(name, sizes))
    assert found.flops == counter.products.total()


SLICE = "aten.slice.Tensor"


def seen_in(forward):
    """Operations of a function of one input of (1, 6, 8)."""
    listing = OperationRecorder()
    x = torch.randn(1, 6, 8)
    with listing, torch.no_grad():
        forward(x)
    return listing.operations


STEP = MatrixProduct(1, 1, 8, 8, F32, transposed=(False, True))


@pytest.mark.parametrize(("name", "times"), [("rnn", 5), ("2*rnn", 10)])
def test_matrices_that_take_turns_at_each_step_are_timed_in_turn(name, times):
    found, _ = record_pass(Case(name, {"n": 5, "d": 8}))
    assert found.products == {AlternatingProducts((STEP, STEP)): times}, (
        "a step has U and W, layer after layer"
    )


def test_one_matrix_at_each_step_is_a_product_alone():
    found, _ = record_pass(Case("rnn_states", {"n": 5, "d": 8}))
    assert found.products == {STEP: 5}


def test_products_in_turn_take_what_they_take_less_a_call_each():
    case = Case("rnn", {"n": 5, "d": 8})
    clock = each_takes(1e-3)
    (rows,) = time_operations([case], rounds=1, clock=clock)
    taken = {one.metric: one.values[0] for one in rows}
    assert taken["product_flops"] == 5 * 2 * 2 * 64
    # The clock has each callable take 1 ms, one of two products too: as fast as any can be.
    assert taken["product_seconds"] == pytest.approx(5e-3)


@pytest.mark.parametrize("turned", [(False, False), (False, True), (True, False), (True, True)])
@pytest.mark.parametrize("batch", [1, 3])
def test_matrices_lie_as_those_of_the_pass(batch, turned):
    product = MatrixProduct(batch, 4, 5, 6, F32, turned)
    seen = OperationRecorder()
    with seen:
        out = product.prepare("cpu")()
    assert out.shape[-2:] == (4, 6)
    (again,) = (one.product for one in seen.operations if one.product)
    assert again == product


@pytest.mark.parametrize("name", layers.names())
def test_operations_alone_do_what_they_do_in_the_pass(name):
    layer = layers.get(name)
    full = complete({"n": 6, "d": 8, "k": 3}, layer)
    _, seen = record_pass(Case(name, {axis: full[axis] for axis in layer.axes}))
    for each in seen.values():
        call, again = each.prepare("cpu"), OperationRecorder()
        with again, torch.inference_mode():
            call()
        # By name: that of a number instead of a tensor of one is another function of the same.
        assert [operation_name(one.function) for one in again.operations] == [
            operation_name(each.function)
        ]


def test_calls_are_those_that_a_layer_makes():
    found, _ = record_pass(Case("dense", {"n": 6, "d": 8}))
    modules = found.calls.pop(EmptyModule())
    calls = {str(each.function): times for each, times in found.calls.items()}
    assert modules == 1
    assert calls == {
        "aten.mT.default": 1,
        "aten.matmul.default": 1,
        "aten.add.Tensor": 1,
    }, "a product is one call, whatever it is composed of"


@pytest.mark.parametrize(("name", "modules"), [("rnn", 1), ("3*rnn", 4), ("torch_rnn", 2)])
def test_each_module_that_is_called_costs_a_call(name, modules):
    found, _ = record_pass(Case(name, {"n": 6, "d": 8}))
    assert found.calls[EmptyModule()] == modules


def test_a_product_of_matrices_is_another_call_than_one_of_batches():
    kinds = {}
    for name in ("rnn", "attention"):
        found, seen = record_pass(Case(name, {"n": 6, "d": 8}))
        for each in found.calls:
            if "matmul" in str(each):
                kinds[each.ranks] = seen[each].on_single_elements.leaves
    assert {ranks: len(leaves) for ranks, leaves in kinds.items()} == {(2, 2): 2, (3, 3): 2}


def test_no_module_is_called_for_a_gradient_alone():
    found, _ = record_pass(Case("dense", {"n": 6, "d": 8}, mode="backward"))
    assert found.calls[EmptyModule()] == 0


def test_an_empty_module_gives_back_what_it_is_given():
    (out,) = EmptyModule().prepare("cpu")()
    assert out.shape == ()


def test_a_function_that_torch_has_under_no_such_name_is_called_as_it_is():
    (one,) = [each for each in seen_in(lambda x: x[:, 1:]) if str(each.function) == SLICE]
    assert one.prepare("cpu")().shape == (1, 5, 8)


def test_a_grouped_convolution_is_a_product_for_each_group(toy):
    weight = torch.randn(8, 2, 3)

    def forward(x):
        return torch.nn.functional.conv1d(x.mT, weight.to(x.device), padding=1, groups=4).mT

    toy("grouped", forward)
    found, _ = record_pass(Case("grouped", {"n": 10, "d": 8}))
    assert found.products == {MatrixProduct(4, 10, 6, 2, F32): 1}


def test_a_fused_kernel_falls_apart_into_what_it_stands_for():
    found, _ = record_pass(Case("torch_lstm", {"n": 5, "d": 8}))
    assert sum(found.products.values()) >= 5
    assert found.calls.total() < 30, "on the device it is one call and some around it"
    ((*_, calls),) = time_operations([Case("torch_lstm", {"n": 5, "d": 8})], rounds=1)
    assert calls.metric == "call_seconds"


def test_parts_add_up_what_each_takes_alone():
    case = Case("attention", {"n": 48, "d": 16})
    found, _ = record_pass(case)
    (rows,) = time_operations([case], rounds=2, clock=each_takes(1e-3))
    assert [(one.metric, one.round) for one in rows] == [
        (metric, round)
        for round in (0, 1)
        for metric in ("product_flops", "product_seconds", "call_seconds")
    ], "the softmax takes as long as on a single element: nothing of its own"
    flops, products, calls = (one.values[0] for one in rows[:3])
    assert flops == found.flops
    assert products == pytest.approx(2e-3), "no faster than the fastest, which takes 1 ms"
    assert calls == pytest.approx(found.calls.total() * 1e-3)


def test_a_layer_that_meta_tensors_cannot_show_is_said_to_be_unknown(toy):
    toy("reads", lambda x: torch.digamma(x) * float(x.sum()))
    ((row,),) = time_operations([Case("reads", {"n": 4, "d": 4})])
    assert (row.status, row.values) == ("error", ())
    assert row.note.startswith("its operations cannot be recorded: ")


def few_cases():
    """Plan a run of few small cases."""
    todo = plan("attention", profile="asv", rounds=1, repeats=1)
    return replace(todo, cases=tuple(sorted(todo.cases, key=lambda case: case.sizes["n"])[:8]))


def test_a_run_measures_its_parts_once(tmp_path):
    todo = few_cases()
    seen = []
    with Store(tmp_path / "runs.sqlite") as store:
        run = open_run(todo, store)
        list(execute(run))
        measure_parts(run, lambda *step: seen.append(step))
        table = run.table()
        measure_parts(run)
        assert len(run.table()) == len(table), "nothing is measured twice"
        assert not list(execute(run)), "nor are passes"
    found = table[table["metric"].isin(PARTS)]
    assert (found.groupby(["n", "d"])["metric"].nunique() >= 3).all()
    assert len(found.groupby(["n", "d"])) == len(todo.cases)
    assert {what for _, _, what in seen} == {"passes recorded", "parts timed"}
    assert all(0 < done <= total for done, total, _ in seen)


def test_without_products_the_other_operations_stand_for_them():
    case = Case("attention_softmax", {"n": 48})
    ((flops, *_, calls),) = time_operations([case], rounds=1)
    assert (flops.metric, flops.values) == ("product_flops", (48.0**2,))
    assert calls.metric == "call_seconds"


CALL, RATE, ELEMENT = 1e-6, 1e11, 1e-9  # seconds a call, FLOPs a second, seconds an element


def seconds(thing, *_):
    """Model a machine: what it takes for a product or another operation, the call included."""
    if isinstance(thing, EmptyModule):
        return CALL
    if isinstance(thing, MatrixProduct):
        slower = 1 + 16 / min(thing.rows, thing.inner, thing.columns)  # thin ones
        return CALL + thing.flops / RATE * (slower if thing.flops > 2 else 1)
    moves = thing.elements > 1 and not is_view(thing.function)
    return CALL + thing.elements * ELEMENT * moves


def gaps_of(forward, toy, hidden=0.0):
    """Gap over the width of a layer on the modelled machine, which hides some seconds a pass."""
    name = f"{forward.__name__}_{hidden}"
    toy(name, forward)
    cases = [Case(name, {"n": 192, "d": d}) for d in (16, 32, 64, 128, 256)]
    passes = []
    for case in cases:
        one, _ = record_pass(case)
        taken = hidden + CALL * one.calls.total()
        for thing, times in {**one.products, **one.others}.items():
            taken += times * (seconds(thing) - CALL)
        passes.append(Measurement(case, 0, 0, (taken,)))
    apart = [one for each in time_operations(cases, rounds=1, time=seconds) for one in each]
    (found,) = fit(tidy_table([*passes, *apart], "here"), {name: "n**2*d"})
    (gap,) = found.slope_gaps
    return gap


def plain(x):
    return x @ x.mT @ x


def test_what_a_machine_takes_for_the_parts_of_a_layer_is_explained_whole(toy):
    gap = gaps_of(plain, toy)
    assert gap.unexplained == pytest.approx(0, abs=0.01)
    assert gap.lower_order == pytest.approx(0, abs=0.01)
    assert -0.2 < gap.overhead < 0, "a dozen calls"
    assert -0.4 < gap.rate < -0.1, "products of d = 16 are thin"


def test_many_calls_are_overhead(toy):
    def chatty(x):
        one = x[0, 0, 0]
        for _ in range(300):
            one = one + 1
        return plain(x)

    without, gap = gaps_of(plain, toy), gaps_of(chatty, toy)
    assert gap.overhead < without.overhead - 0.3
    assert gap.lower_order == pytest.approx(0, abs=0.01)
    assert gap.unexplained == pytest.approx(0, abs=0.01)


def test_work_beside_the_leading_term_is_of_lower_order(toy):
    def busy(x):
        return torch.softmax(torch.softmax(x @ x.mT, dim=-1), dim=-1) @ x

    gap = gaps_of(busy, toy)
    assert gap.lower_order < -0.1
    assert gap.unexplained == pytest.approx(0, abs=0.01)


def test_what_no_operation_does_is_unexplained(toy):
    without, gap = gaps_of(plain, toy), gaps_of(plain, toy, hidden=1e-3)
    assert gap.unexplained < -0.3
    assert (gap.overhead, gap.rate) == pytest.approx((without.overhead, without.rate))


def test_a_stop_while_parts_are_kept_leaves_whole_cases_and_the_rest_is_made_up(
    tmp_path, monkeypatch
):
    todo = few_cases()
    with Store(tmp_path / "runs.sqlite") as store:
        run = open_run(todo, store)
        list(execute(run))
        keep, kept = store.add, []

        def stopped(run, *made):
            if len(kept) == 5:
                raise KeyboardInterrupt
            kept.append(made)
            keep(run, *made)

        monkeypatch.setattr(store, "add", stopped)
        with pytest.raises(KeyboardInterrupt):
            measure_parts(run)
        monkeypatch.setattr(store, "add", keep)
        measure_parts(run)
        table = run.table()
    found = table[table["metric"] == "call_seconds"]
    assert len(found.groupby(["n", "d"])) == len(todo.cases)
    assert (found.groupby(["n", "d"])["round"].nunique() == 3).all()
