"""Counts as rows of the table."""

from __future__ import annotations

import torch
from layerlaw import layers
from layerlaw.measure.cases.case import Case
from layerlaw.measure.cases.table import COLUMNS, tidy_table
from layerlaw.measure.counting.counts import COUNTED, GRIDS, count, count_parameters, counting_grid
from layerlaw.measure.counting.critical_path import longest_chain
from layerlaw.measure.counting.flops import count_flops
from layerlaw.measure.counting.reachability import shortest_path


def of(name, **settings):
    return Case(name, {"n": 4096, "d": 256}, **settings)


def test_each_layer_is_counted_once_whatever_sizes_are_measured():
    cases = [of("rnn"), Case("rnn", {"n": 8, "d": 8}), of("dense"), of("rnn", device="cuda")]
    counts = list(count(cases, process=3))
    assert [(one[0].case.layer, one[0].case.device) for one in counts] == [
        ("rnn", "cpu"),
        ("dense", "cpu"),
        ("rnn", "cuda"),
    ]
    rows = [row for one in counts for row in one]
    assert {(row.process, row.round, row.status, len(row.values)) for row in rows} == {
        (3, 0, "ok", 1)
    }


def test_the_values_are_the_counts():
    (rows,) = count([of("conv")])
    layer = layers.get("conv")
    counters = {
        "flops": count_flops,
        "parameters": count_parameters,
        "sequential_ops": longest_chain,
        "path_length": lambda layer, sizes: shortest_path(layer, sizes).steps,
    }
    assert {row.metric for row in rows} == set(COUNTED) == set(counters)
    for row in rows:
        assert row.values == (counters[row.metric](layer, row.case.sizes),)
    for metric in COUNTED:
        there = [dict(row.case.sizes) for row in rows if row.metric == metric]
        assert there == counting_grid(layer, GRIDS[metric])


def test_what_is_nothing_or_infinite_has_no_rows():
    (attention,) = count([of("attention")])
    assert {row.metric for row in attention} == set(COUNTED) - {"parameters"}
    (dense,) = count([of("dense")])
    assert {row.metric for row in dense} == set(COUNTED) - {"path_length"}


def test_flops_are_those_of_the_batch():
    (one,), (eight,) = count([of("rnn")]), count([of("rnn", batch=8)])
    pairs = [(a, b) for a, b in zip(one, eight, strict=True) if a.metric == "flops"]
    assert pairs
    assert all(b.values[0] == 8 * a.values[0] for a, b in pairs)


def test_other_modes_and_options_are_not_counted():
    assert not list(count([of("rnn", mode="backward"), of("rnn", options=("compile",))]))


def test_what_cannot_be_counted_is_said_once_a_metric(toy):
    toy("strange", lambda x: torch.digamma(x))
    (rows,) = count([of("strange")])
    assert [(row.metric, row.status, row.values) for row in rows] == [
        ("flops", "error", ()),
        ("sequential_ops", "error", ()),
        ("path_length", "error", ()),
    ]
    assert all("aten.digamma" in row.note for row in rows)


def test_the_grid_keeps_to_sizes_that_go_together():
    kernels = counting_grid(layers.get("conv"), {"k": (2, 3, 4, 5)})
    assert {sizes["k"] for sizes in kernels} == {3, 5}
    widths = counting_grid(layers.get("multihead"), {"d": (2, 4, 6, 8)})
    assert {sizes["d"] for sizes in widths} == {4, 8}
    assert set(counting_grid(layers.get("attention_softmax"))[0]) == {"n"}


def test_the_rows_go_into_the_tidy_table():
    table = tidy_table([row for one in count([of("attention")]) for row in one], "machine")
    assert list(table.columns) == list(COLUMNS)
    assert (table["status"] == "ok").all()
    assert table.loc[table["metric"] == "sequential_ops", "value"].unique().tolist() == [7]
