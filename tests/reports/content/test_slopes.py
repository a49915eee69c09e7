"""Why slopes differ, as a reader sees it; and nothing where the parts are not known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from layerlaw import analysis
from layerlaw.analysis.explain.slope_decomposition import CAUSES
from layerlaw.reports import build_content, write_report
from layerlaw.reports.content.slopes import slopes_table
from layerlaw.reports.figures.slope_gaps import gaps_info

N, D = (x.ravel() for x in np.meshgrid(2.0 ** np.arange(5, 10), [16.0, 32, 64, 128]))
FLOPS = 4 * N**2 * D


def table(parts=True):
    metrics = {"seconds": FLOPS / 1e11 + 1e-4}
    if parts:
        metrics |= {
            "product_flops": FLOPS,
            "product_seconds": FLOPS / 1e11,
            "call_seconds": np.full(len(N), 1e-4),
        }
    rows = [
        pd.DataFrame({"n": N, "d": D, "value": values, "metric": metric})
        for metric, values in metrics.items()
    ]
    return pd.concat(rows, ignore_index=True).assign(
        layer="attention", device="cpu", mode="forward"
    )


@pytest.fixture(scope="module")
def fits():
    return analysis.fit(table())


def test_causes_of_each_axis_add_up_to_the_gap(fits):
    infos = gaps_info(fits)
    assert [info.axis for info in infos] == ["n", "d"]
    for info in infos:
        (row,) = info.rows.to_dict("records")
        assert sum(row[cause] for cause in CAUSES) == pytest.approx(row["slope"] - row["theory"])
        assert row["overhead"] < -0.2


def test_a_row_has_its_signs_and_says_nothing_of_what_is_nothing(fits):
    written = slopes_table(fits)
    n, d = (dict(zip(written.head, row, strict=True)) for row in written.rows)
    assert (n["layer"], n["size"], n["theory"], n["products alone"]) == (
        "attention",
        "n",
        "2",
        "2.00",
    )
    assert n["overhead"].startswith("−")
    assert {n[cause] for cause in ("lower-order work", "rate", "unexplained")} == {"0"}
    assert float(d["slope"]) < 1


def test_without_parts_nothing_is_said():
    assert gaps_info(analysis.fit(table(parts=False))) == []


def test_page_and_markdown_say_why(tmp_path, fits):
    known = write_report(tmp_path, build_content(table(), fits, {}, {}, ""))
    for path in known[:2]:
        assert "Why slopes differ" in path.read_text()
    assert "most of it overhead" in known[0].read_text()
    assert f"slope in n</dt><dd>{fits[0].slope_gaps[0]}" in known[0].read_text()
