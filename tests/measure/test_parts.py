"""What passes consist of: listed exactly, timed alone, and never at the cost of a crash."""

from __future__ import annotations

import pytest
import torch
from layerlaw import layers
from layerlaw.measure import Case, Store, begin, carry_out, measure_parts, plan
from layerlaw.measure.flops import FlopCounter
from layerlaw.measure.parts import Product, contents, take_apart
from layerlaw.measure.table import PARTS
from layerlaw.measure.timing import HostClock

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
    found, _ = contents(Case("attention", {"n": 48, "d": 16}))
    assert found.products == {Product(1, 48, 16, 48, F32): 1, Product(1, 48, 48, 16, F32): 1}
    assert [(str(each.function), each.out) for each in found.others] == [
        ("aten._softmax.default", 48 * 48)
    ]
    assert found.flops == 4 * 48**2 * 16


@pytest.mark.parametrize("name", layers.names())
def test_products_have_the_flops_that_the_counter_counts(name):
    sizes = {size: {"n": 6, "d": 8, "k": 3}.get(size, 4) for size in layers.get(name).axes}
    layer = layers.get(name)
    with torch.device("meta"):
        module = layer.build(sizes)
    with torch.no_grad(), FlopCounter() as counter:
        module(*layer.make_inputs(sizes, device="meta"))
    found, _ = contents(Case(name, sizes))
    assert found.flops == counter.products.total()


def test_a_grouped_convolution_is_a_product_for_each_group(toy):
    weight = torch.randn(8, 2, 3)

    def forward(x):
        return torch.nn.functional.conv1d(x.mT, weight.to(x.device), padding=1, groups=4).mT

    toy("grouped", forward)
    found, _ = contents(Case("grouped", {"n": 10, "d": 8}))
    assert found.products == {Product(4, 10, 6, 2, F32): 1}


def test_a_fused_kernel_falls_apart_into_what_it_stands_for():
    found, _ = contents(Case("torch_lstm", {"n": 5, "d": 8}))
    assert sum(found.products.values()) >= 5
    assert found.calls.total() < 30, "on the device it is one call and some around it"
    (*_, calls) = take_apart([Case("torch_lstm", {"n": 5, "d": 8})], rounds=1)
    assert calls.metric == "call_seconds"


def test_parts_add_up_what_each_takes_alone():
    case = Case("attention", {"n": 48, "d": 16})
    found, _ = contents(case)
    rows = list(take_apart([case], rounds=2, clock=each_takes(1e-3)))
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
    toy("reads", lambda x: x * float(x.sum()))
    (row,) = take_apart([Case("reads", {"n": 4, "d": 4})])
    assert (row.status, row.values) == ("error", ())
    assert row.note.startswith("it cannot be listed: ")


def test_a_run_measures_its_parts_once(tmp_path):
    todo = plan("attention", profile="asv", rounds=1, repeats=1)
    seen = []
    with Store(tmp_path / "runs.sqlite") as store:
        run = begin(todo, store)
        list(carry_out(todo, store, run))
        measure_parts(todo, store, run, lambda *step: seen.append(step))
        table = store.table(run)
        measure_parts(todo, store, run)
        assert len(store.table(run)) == len(table), "nothing is measured twice"
        assert not list(carry_out(todo, store, run)), "nor are passes"
    found = table[table["metric"].isin(PARTS)]
    assert (found.groupby(["n", "d"])["metric"].nunique() >= 3).all()
    assert len(found.groupby(["n", "d"])) == len(todo.cases)
    assert {what for _, _, what in seen} == {"passes listed", "parts timed"}
    assert all(0 < done <= total for done, total, _ in seen)


def test_without_products_the_other_operations_stand_for_them():
    case = Case("attention_softmax", {"n": 48})
    flops, *_, calls = take_apart([case], rounds=1)
    assert (flops.metric, flops.values) == ("product_flops", (48.0**2,))
    assert calls.metric == "call_seconds"
