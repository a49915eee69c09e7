import json
import re
from math import inf, nan

import numpy as np
import pandas as pd
import pytest
from layerlaw import analysis
from layerlaw.reports import build_content, summarise, write_report
from layerlaw.reports.content.report_content import headline, labelled_values
from layerlaw.reports.writing.write import laws_json
from layerlaw.studies.claims import (
    Bearing,
    Evidence,
    JudgedStatement,
    Record,
    Statement,
    claims_section,
)

from tests.helpers.known_laws import attention, rows
from tests.helpers.strict_html import Strict

MACHINE = {"cpu": "A Processor", "caches": {"L1": 32768, "L2": 2**20}, "libraries": ["x", "y"]}
SETTINGS = {
    "profile": "quick",
    "cases": [{}, {}, {}],
    "controls": {"threads": 1, "flush_subnormals": True},
}
HOSTILE = '<img src="https://example.com/x.png" onerror=alert(1)>|$x$ **b** "q" & ſ 層'


@pytest.fixture(scope="module")
def written(tmp_path_factory, table, fits):
    folder = tmp_path_factory.mktemp("report") / "made" / "on the way"
    content = build_content(table, fits, MACHINE, SETTINGS, "layerlaw run --profile quick")
    paths = write_report(folder, content)
    return {path.name: path.read_text(encoding="utf-8") for path in paths}


def test_what_was_not_measured_is_not_told(written):
    for name in ("report.html", "report.md"):
        assert "Why slopes differ" not in written[name]
        assert "What this machine can do" not in written[name]


def test_four_files_are_written_and_nothing_is_left_beside_them(tmp_path, fits, table):
    (tmp_path / "report.md").write_text("old")
    paths = write_report(tmp_path, build_content(table, fits[:1], {}, {}, ""))
    names = ["report.html", "report.md", "table.csv", "laws.json"]
    assert [path.name for path in paths] == names
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    assert "old" not in (tmp_path / "report.md").read_text()


def test_the_same_fits_give_the_same_page(tmp_path, fits, table):
    pages = [
        write_report(tmp_path / to, build_content(table, fits[-1:], {}, {}, ""))[0]
        for to in ("a", "b")
    ]
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_the_page_is_well_formed_and_fetches_nothing(written):
    page = Strict(written["report.html"])
    assert len(page.ids) == len(set(page.ids))
    assert page.references <= set(page.ids)
    assert page.fetched == []
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "text"}
    assert not re.search(r"@import|url\((?!#)", written["report.html"])
    assert "default-src 'none'" in written["report.html"]


def test_every_figure_is_described(written):
    figures = re.findall(r"<svg [^>]+>", written["report.html"])
    # Exponents; crossovers and n*(d); times and slopes of three laws.
    assert len(figures) == 2 + 3 + 1 + 3 * 4
    assert all('role="img"' in figure for figure in figures)
    assert all(len(re.search('aria-label="([^"]+)"', figure)[1]) > 20 for figure in figures)
    assert "#fe00" not in written["report.html"]  # every stand-in colour was replaced


def test_page_and_markdown_hold_the_same_summary(written, fits):
    for row in summarise(fits).rows:
        for text in (row.layer, row.theory, row.cost, *row.exponents):
            assert text in written["report.html"]
            assert text in re.sub(r"\\(.)", r"\1", written["report.md"])
    for fact in ("A Processor", "L1 32 KiB, L2 1 MiB", "quick", "layerlaw run --profile quick"):
        assert fact in written["report.html"]
        assert fact in written["report.md"]


def test_a_hostile_name_stays_text(tmp_path):
    table = rows(HOSTILE, attention)
    content = build_content(
        table, analysis.fit(table), {"cpu": HOSTILE}, {HOSTILE: HOSTILE}, HOSTILE
    )
    paths = write_report(tmp_path, content)
    page = paths[0].read_text(encoding="utf-8")
    parsed = Strict(page)
    assert parsed.fetched == []
    assert "img" not in parsed.tags
    before_command = paths[1].read_text(encoding="utf-8").split("## How to reproduce it")[0]
    assert not re.search(r"(?<!\\)[<$*]", before_command.replace("**", ""))
    assert json.loads(paths[3].read_text(encoding="utf-8"))["fits"][0]["layer"] == HOSTILE


def record(text: str) -> Record:
    checked = [
        JudgedStatement(
            Statement(f"one-{bearing}", "A6.1", text, text, text),
            (Evidence(text, text, Bearing.FOR), Evidence(text, text, bearing, text)),
        )
        for bearing in (Bearing.AUXILIARY, Bearing.LIMITS, Bearing.AGAINST)
    ]
    return Record(tuple(checked), "2026-01-01T00:00:00+00:00", 5, {"cpu": text})


def test_what_the_course_text_says_is_a_section_where_it_was_tested(tmp_path, fits, table, written):
    section = claims_section(record("the text says"))
    content = build_content(table, fits[:1], {}, {}, "", sections=[section])
    paths = write_report(tmp_path, content)
    page, markdown, *_, kept = (path.read_text(encoding="utf-8") for path in paths)
    parsed = Strict(page)
    assert "claims" in parsed.ids
    assert parsed.references <= set(parsed.ids)
    for verdict in ("confirmed", "confirmed with a condition", "refuted"):
        assert len(re.findall(rf"</span> {verdict}</span>", page)) == 1
        assert f": {verdict}\n" in markdown
    assert "3 statements: 1 confirmed, 1 confirmed with a condition, 1 refuted." in page
    assert paths[-1].name == "claims.json"
    assert json.loads(kept)["seed"] == 5
    assert "What the course text says" not in written["report.html"] + written["report.md"]


def test_hostile_statements_stay_text(tmp_path, fits, table):
    section = claims_section(record(HOSTILE))
    content = build_content(table, fits[:1], {}, {}, "", sections=[section])
    paths = write_report(tmp_path, content)
    parsed = Strict(paths[0].read_text(encoding="utf-8"))
    assert parsed.fetched == []
    assert "img" not in parsed.tags
    said = paths[1].read_text(encoding="utf-8").split("## What the course text says")[1]
    assert not re.search(r"(?<!\\)[<$*]", said.replace("**", ""))


def test_the_table_is_written_as_it_is(written, table):
    lines = written["table.csv"].splitlines()
    assert lines[0] == ",".join(table.columns)
    assert len(lines) == 1 + len(table)


def test_laws_are_strict_json(written, fits, monkeypatch):
    def refuse(constant):
        raise AssertionError(constant)

    found = json.loads(written["laws.json"], parse_constant=refuse)
    assert [fit["layer"] for fit in found["fits"]] == ["attention", "rnn", "mine"]
    monkeypatch.setattr(analysis.Fit, "to_dict", lambda _: {"low": -inf, "high": [nan, 1.0]})
    assert json.loads(laws_json(fits[:1]), parse_constant=refuse)["fits"] == [
        {"low": None, "high": [None, 1.0]}
    ]


def test_rows_that_were_left_out_are_counted(tmp_path):
    table = rows("rnn", attention).assign(status="ok", round=0)
    table.loc[:1, ["value", "status"]] = [np.nan, "oom"]
    paths = write_report(tmp_path, build_content(table, analysis.fit(table), {}, {}, ""))
    assert "rows left out: 2 (rnn oom 2)" in paths[1].read_text(encoding="utf-8")


def test_odd_tables_have_reports(tmp_path):
    single = rows("lstm", attention, n=(4,), d=(4,))
    softmax = rows("attention_softmax", lambda n, d: 1e-9 * n**2, d=(1,)).assign(d=np.nan)
    memory = rows("attention", lambda n, d: 8.0 * n**2).assign(metric="peak_bytes")
    device = rows("attention", attention).assign(device="cuda")
    table = pd.concat([single, softmax, memory, device], ignore_index=True)
    paths = write_report(tmp_path, build_content(table, analysis.fit(table), {}, {}, ""))
    page = paths[0].read_text(encoding="utf-8")
    assert '<span class="variant">cuda</span>' in page
    assert 'id="counts"' in page, "peaks of memory stand beside the times"
    assert "one point only" in page
    Strict(page)


def test_no_laws_have_a_report_that_says_so(tmp_path, table):
    paths = write_report(tmp_path, build_content(table, [], {}, {}, ""))
    assert "No laws were fitted." in paths[0].read_text(encoding="utf-8")


def test_the_headline_counts_verdicts(fits):
    assert headline(fits).startswith("Of 3 laws, ")
    assert "1 has no theory to compare with" in headline(fits)
    assert headline(fits[-1:]) == "Of 1 law, 1 has no theory to compare with."


def test_facts_are_flattened_for_a_reader():
    assert dict(labelled_values({**MACHINE, **SETTINGS})) == {
        "processor": "A Processor",
        "data caches": "L1 32 KiB, L2 1 MiB",
        "libraries": "x; y",
        "profile": "quick",
        "cases": "3",
        "controls · threads": "1",
        "controls · subnormal numbers flushed": "yes",
    }
