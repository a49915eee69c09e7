import itertools
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sympy
from layerlaw import layers
from layerlaw.analysis import TableError, Verdict, fit, to_json
from layerlaw.analysis.expressions.reading import leading_part
from layerlaw.analysis.verdicts.theory import theory_of
from layerlaw.measure.timing.modes import MODES


def test_the_json_keeps_its_contract(rows):
    document = json.loads(json.dumps(to_json(fit(rows, {"mine": "n*d**2"})), allow_nan=False))
    assert document["schema"] == 1
    (one,) = document["fits"]
    expected = {
        "layer": "mine",
        "device": "cpu",
        "mode": "forward",
        "metric": "seconds",
        "points": 30,
    }
    assert expected.items() <= one.items()
    assert set(one["exponents"]) == {"n", "d"}
    assert set(one["exponents"]["n"]) == {"estimate", "low", "high", "expected", "verdict"}
    assert one["exponents"]["d"]["expected"] == 2
    assert one["verdict"] == "matches"
    assert isinstance(one["reason"], str)
    at = {"n": 512, "d": 128}
    law = sympy.sympify(one["law"]).subs(at)
    parts = [part["coefficient"] * sympy.sympify(part["term"]).subs(at) for part in one["terms"]]
    assert float(sum(parts)) == pytest.approx(float(law), rel=1e-6)
    assert [part["leading"] for part in one["terms"]][-1]
    assert float(law) == pytest.approx(1e-5 + 1e-9 * 512 * 128 + 1e-10 * 512 * 128**2, rel=0.03)


def test_without_theory_the_verdict_is_null(rows):
    (one,) = fit(rows)
    entry = one.to_dict()
    assert entry["verdict"] is None
    assert {e["verdict"] for e in entry["exponents"].values()} == {None}
    assert {e["expected"] for e in entry["exponents"].values()} == {None}
    assert entry["exponents"]["d"]["estimate"] == pytest.approx(2, abs=0.1)
    assert "no theory" in entry["reason"]


def test_layers_of_the_registry_need_no_expression(rows):
    (one,) = fit(rows.assign(layer="dense"))
    assert one.to_dict()["verdict"] == "matches"
    (other,) = fit(rows.assign(layer="dense"), {"dense": "n**2*d"})  # what is given goes before
    assert other.to_dict()["verdict"] == "differs"


def test_a_size_that_a_layers_theory_lacks_is_expected_to_change_nothing(tmp_path):
    """Its cost is n·d whatever V is; another layer of the table has no V, nor have its rows."""
    sizes = itertools.product((256, 512, 1024, 2048), (64, 128, 256, 512), (1000, 4000, 16000))
    rows = [
        {"layer": "embedding", "n": n, "d": d, "V": V, "value": 1e-9 * n * d} for n, d, V in sizes
    ]
    rows += [
        {"layer": "dense", "n": n, "d": d, "value": 1e-9 * n * d**2}
        for n in (64, 256)
        for d in (64, 128)
    ]
    path = tmp_path / "table.csv"
    pd.DataFrame(rows).assign(device="cpu", mode="forward", metric="seconds").to_csv(
        path, index=False
    )
    embedding, dense = fit(path)
    assert embedding.judgement.verdict is Verdict.MATCHES
    assert embedding.theory.degree("V") == 0
    assert embedding.exponents["V"].verdict is Verdict.MATCHES
    assert dense.series.axes == ("n", "d")


def test_theory_is_that_of_the_metric():
    n = np.array([128, 256, 512, 1024, 2048, 4096])
    frame = pd.DataFrame(
        {
            "layer": "attention",
            "device": "x",
            "mode": "training",
            "metric": "peak_bytes",
            "n": n,
            "d": 64,
        }
    ).assign(value=4.0 * n**2 + 1000 * n)
    (one,) = fit(frame)
    entry = one.to_dict()
    assert entry["exponents"]["n"]["expected"] == 2
    assert entry["verdict"] == "matches"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("forward", {"n": 1, "d": 1}),  # the states
        ("backward", {"n": 1, "d": 2}),  # gradients of states and weights
        ("training", {"n": 1, "d": 2}),
        ("dreaming", None),
    ],
)
def test_theory_of_the_memory_is_that_of_the_pass(mode, expected):
    theory = theory_of("rnn", "peak_bytes", mode)
    if expected is None:
        assert theory is None
    else:
        lead = leading_part(theory, ("n", "d"))
        assert {axis: lead.degree(axis) for axis in lead.axes} == expected
    assert theory_of("rnn", "seconds", mode) == theory_of("rnn", "seconds")


def test_every_layer_has_a_theory_of_its_memory_for_every_pass():
    for name in layers.names():
        for mode in MODES:
            axes = layers.get(name).axes
            lead = leading_part(theory_of(name, "peak_bytes", mode), axes)
            assert lead.degree("n" if "n" in axes else "d") >= 1


def test_one_point_among_others_is_unresolved_and_says_so(rows):
    lone = rows.iloc[:5].assign(layer="lone")
    entries = [
        one.to_dict() for one in fit(pd.concat([rows, lone]), {"lone": "n", "mine": "n*d**2"})
    ]
    assert entries[1]["exponents"] == {}
    assert entries[1]["law"] is None
    assert entries[1]["verdict"] == "unresolved"
    assert "one point only" in entries[1]["reason"]


def test_an_expected_layer_that_no_table_has_is_an_error(rows):
    with pytest.raises(TableError, match="'typo'"):
        fit(rows, {"typo": "n"})


def test_several_tables_keep_laws_of_their_own(rows, tmp_path):
    path = tmp_path / "a.csv"
    rows.to_csv(path, index=False)
    fits = fit([path, rows.assign(layer="other")], {"other": "n*d**2"})
    assert [one.series.layer for one in fits] == ["mine", "other"]


def test_fitting_does_not_load_torch(rows, tmp_path):
    path = tmp_path / "t.csv"
    rows.assign(layer="attention").to_csv(path, index=False)
    code = f"""
import sys, layerlaw
layerlaw.fit({str(path)!r})
assert "torch" not in sys.modules, "torch was loaded"
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("layer", "metric", "expected"),
    [
        ("rnn", "sequential_ops", "3*n"),  # the exact depth, not Table 1's n
        ("attention", "sequential_ops", "7"),
        ("gru", "path_length", "2*n + 3"),
        ("conv", "path_length", "n/k"),  # exactly it is no polynomial: ⌈2(n−1)/(k−1)⌉
        ("dense", "path_length", "None"),  # infinite
    ],
)
def test_counts_are_held_against_what_theory_says_exactly(layer, metric, expected):
    assert str(theory_of(layer, metric)) == expected


@pytest.mark.parametrize(
    ("expect", "held"),
    [({"mine": "n*d**2"}, {"n": 64}), ({"mine": "d**2"}, {}), (None, {"n": 64})],
)
def test_a_size_of_one_value_is_said_to_tell_nothing_of_its_exponent(rows, expect, held):
    (one,) = fit(rows[rows["n"] == 64], expect)
    assert one.fixed_sizes == held
    said = "; n takes one value (64), which says nothing of its exponent"
    assert one.reason.endswith(said) == bool(held)
    assert [exponent.axis for exponent in one.law.exponents] == ["d"]
