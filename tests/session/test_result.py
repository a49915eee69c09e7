"""A result tells what came out, and a file gives it back."""

import json
from dataclasses import replace
from zipfile import ZipFile

import layerlaw
import pandas as pd
import pytest
from layerlaw.layers import d, get, is_known, isolated_registry, n, override_layers
from layerlaw.measure import as_record
from layerlaw.session import ArchiveError
from layerlaw.session.layer_records import LayerRecord, layer_from_record, layer_to_record
from sympy import Max, ceiling, log, oo

from .conftest import TINY

GATED = """
import layerlaw
from torch import nn

@layerlaw.layer("Gated", expect="n*d**2")
class Gated(nn.Module):
    def __init__(self, d_model):
        super().__init__()
        self.gate = nn.Linear(d_model, d_model)

    def forward(self, x):
        return self.gate(x).sigmoid() * x
"""


def through_json(layer):
    written = json.loads(json.dumps(layer_to_record(layer)))
    return layer_from_record(as_record(written, LayerRecord, "it"), "it")


def test_its_repr_answers_the_question(ran):
    _, result = ran
    (law,) = [fit for fit in result.fits if fit.series.timed]
    of_n, of_d = law.law.exponents
    assert repr(result) == f"dense: {of_n}, {of_d}: {law.judgement.verdict.value}"
    page = result._repr_html_()
    assert f"<td>dense</td><td>{of_n}, {of_d}</td>" in page


def test_a_file_gives_back_the_same_result(ran, tmp_path):
    folder, result = ran
    path = result.save(tmp_path / "dense.zip")
    found = layerlaw.Result.load(path)
    assert found.to_dict() == result.to_dict()
    pd.testing.assert_frame_equal(found.table, result.table)
    assert repr(found) == repr(result)
    page, *_ = found.report(tmp_path / "again")
    assert page.name == "report.html"
    for name in ("report.md", "table.csv", "laws.json"):
        assert (tmp_path / "again" / name).read_text() == (folder / name).read_text()
    assert len(layerlaw.fit(tmp_path / "again" / "table.csv")) == len(result.fits)


@pytest.mark.slow
def test_a_layer_of_ones_own_is_known_where_its_file_is_not(tmp_path):
    (tmp_path / "mine.py").write_text(GATED)
    name = f"{tmp_path}/mine.py:Gated"
    with isolated_registry():
        result = layerlaw.run(name, **TINY, peaks=False)
        assert not is_known(get(name).theory.flops), "no layer is changed by a run"
    (law,) = [fit for fit in result.fits if fit.series.timed]
    assert law.theory.text() == "n·d²"
    path = result.save(tmp_path / "mine.zip")
    (tmp_path / "mine.py").unlink()
    found = layerlaw.Result.load(path)
    assert found.to_dict() == result.to_dict()
    assert found.report(tmp_path / "one")[1].read_text() == (
        result.report(tmp_path / "other")[1].read_text()
    )


@pytest.mark.parametrize("name", ["attention", "conv", "ssm_scan", "local_attention", "lstm"])
def test_a_layer_is_recorded_with_its_theory(name):
    layer = get(name)
    found = through_json(layer)
    assert found.theory == layer.theory
    for field in ("name", "axes", "inputs", "output", "ties", "native", "causal"):
        assert getattr(found, field) == getattr(layer, field)
    with pytest.raises(layerlaw.LayerlawError, match=f"'{name}' was read from a saved result"):
        found.build({"n": 8, "d": 8})


def test_formulas_of_a_theory_are_recorded_whatever_they_are_made_of():
    layer = get("dense")
    odd = Max(n, d) * ceiling(log(n, 2)) + d / 3
    changed = layer.with_theory(replace(layer.theory, flops=odd, path_length=oo))
    assert through_json(changed).theory == changed.theory


def test_another_layer_stands_for_one_within_a_block_alone():
    layer = get("dense")
    other = layer.with_theory(layer.theory.at({"n": 1}))
    with override_layers({"dense": other}):
        assert get("dense") is other
    assert get("dense") is layer
    assert layer.theory != other.theory


@pytest.mark.parametrize("made", ["missing", "text", "other", "later"])
def test_what_is_no_result_is_refused_by_name(tmp_path, made):
    path = tmp_path / "x.zip"
    if made == "text":
        path.write_text("no archive")
    elif made != "missing":
        with ZipFile(path, "w") as archive:
            archive.writestr("table.csv", "layer\n")
            if made == "later":
                archive.writestr("result.json", '{"schema": 99}')
    with pytest.raises(ArchiveError, match=r"x\.zip"):
        layerlaw.Result.load(path)
