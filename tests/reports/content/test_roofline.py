"""The share of what this machine can do, as a reader sees it; nothing where that is not known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from layerlaw import analysis
from layerlaw.analysis.tables import check_table, split_series
from layerlaw.reports import build_content, write_report
from layerlaw.reports.content.roofline import roofline_table
from layerlaw.reports.figures.machine_speeds import speeds_info
from layerlaw.reports.figures.roofline import LAYERS_PER_PANEL, roofline_figure, roofs_info

from tests.helpers.known_laws import attention, rnn, rows

PEAK, CACHE, MEMORY = 1e11, 4e10, 1e10


def machine(**conditions):
    rates = [
        {"metric": "product_rate", "mode": "bmm", "n": 256, "value": PEAK},
        {"metric": "bandwidth", "mode": "dot", "n": 2**14, "value": CACHE},
        {"metric": "bandwidth", "mode": "dot", "n": 2**28, "value": MEMORY},
    ]
    return pd.DataFrame(rates).assign(layer="machine", device="cpu", repeat=0, **conditions)


TABLE = pd.concat([rows("attention", attention), rows("rnn", rnn), machine()], ignore_index=True)


@pytest.fixture(scope="module")
def fits():
    return analysis.fit(TABLE)


def test_points_lie_below_the_roof_that_the_machine_has(fits):
    (info,) = roofs_info(fits)
    assert (info.title, info.peak, info.engine) == ("", PEAK, "bmm")
    assert dict(info.points["label"].value_counts()) == {"attention": 30, "rnn": 30}
    for roof, bandwidth in {"cache": CACHE, "memory": MEMORY}.items():
        line = info.roofs[info.roofs["roof"] == roof]
        expected = np.minimum(line["intensity"] * bandwidth, PEAK)
        assert line["rate"].to_numpy() == pytest.approx(expected.to_numpy())
        assert line["intensity"].is_monotonic_increasing
        assert PEAK / bandwidth in list(line["intensity"]), "where the roof bends"
    assert info.roofs["intensity"].min() < info.points["intensity"].min()
    assert info.roofs["intensity"].max() > info.points["intensity"].max()


def test_what_the_machine_reaches_is_told_by_size(fits):
    products, streams = speeds_info(fits)
    assert (products.metric, streams.metric) == ("product_rate", "bandwidth")
    assert products.rows.to_numpy().tolist() == [[256, PEAK]]
    assert streams.rows.to_numpy().tolist() == [[2**14, CACHE], [2**28, MEMORY]]


def test_a_row_tells_of_the_largest_point(fits):
    written = roofline_table(fits)
    first, second = (dict(zip(written.head, row, strict=True)) for row in written.rows)
    assert (first["layer"], second["layer"]) == ("attention", "rnn")
    assert first["largest point"] == "n = 512, d = 128"
    reached = 4 * 512**2 * 128 / attention(512, 128) / 1e9  # and a little for the softmax
    assert float(first["reached"].split()[0]) == pytest.approx(reached, rel=0.05)
    assert (first["limited by"], first["attainable"]) == ("arithmetic", "100 GFLOP/s")
    assert float(first["share of what this machine can do"][:-1]) == pytest.approx(reached, abs=3)
    assert second["limited by"] == "memory"


def test_layers_are_parted_into_panels_and_told_by_their_conditions():
    known = ["attention", "rnn", "dense", "sdpa", "lstm", "gru", "torch_rnn"]
    assert len(known) == LAYERS_PER_PANEL + 1
    tables = [rows(name, rnn, dtype=t) for name in known for t in ("float32", "bfloat16")]
    both = [machine(dtype=t) for t in ("float32", "bfloat16")]
    series = check_table(pd.concat([*tables, *both], ignore_index=True), "table")
    fits = [analysis.Fit(one, None, None, None, {}) for one in split_series(series, "table")]
    infos = roofs_info(fits)
    assert [info.points["label"].nunique() for info in infos] == [
        LAYERS_PER_PANEL,
        1,
        LAYERS_PER_PANEL,
        1,
    ]
    assert [info.title for info in infos] == ["cpu, float32"] * 2 + ["cpu, bfloat16"] * 2
    assert len(roofline_figure(fits).panels) == 4


def test_page_and_markdown_tell_of_it_and_the_table_keeps_it(tmp_path, fits):
    page, text, table, _ = write_report(tmp_path, build_content(TABLE, fits, {}, {}, ""))
    for share in (row[-1] for row in roofline_table(fits).rows):
        assert share in page.read_text()
        assert share in text.read_text()
    assert "The peak is 100 GFLOP/s (bmm)" in page.read_text()
    assert "Roofline with the peak 100 GFLOP/s" in page.read_text()
    assert "bandwidth for sizes of 16 KiB to 256 MiB: 40 GB/s at most" in page.read_text()
    assert roofline_table(analysis.fit(table)) == roofline_table(fits)
