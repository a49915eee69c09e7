"""Tables of text, changed by chance, are read or refused in one line."""

from random import Random

import pytest
from hypothesis import given, strategies as st
from layerlaw.analysis import fit, series_of

from tests.fuzzing.fuzzing import fuzzed, refused_or_read
from tests.fuzzing.mutations import changed_bytes, numbers, texts
from tests.hostile import valid

CELLS = valid.table(Random(3))
CSV = valid.text(CELLS).encode()
COLUMNS = (*CELLS[0], *valid.FURTHER, "seconds", "row", "level", "process", "seq_len")


@pytest.fixture(scope="module", name="path")
def _path(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzzing") / "table.csv"


@st.composite
def changed_cells(draw):
    """A table of which some cells, columns and rows are others."""
    rows = [list(row) for row in CELLS]
    cell = st.one_of(texts, numbers.map(repr), st.sampled_from(["", "1,5", "64.0", "ok", '"']))
    for _ in range(draw(st.integers(1, 4))):
        column, row = draw(st.integers(0, len(CELLS[0]) - 1)), draw(st.integers(0, len(rows) - 1))
        match draw(st.sampled_from(["cell", "column", "name", "add", "drop", "row", "wider"])):
            case "cell":
                rows[row][column % len(rows[row])] = draw(cell)
            case "column":
                common = draw(cell)
                for each in rows[1:]:
                    each[column % len(each)] = common
            case "name":
                rows[0][column % len(rows[0])] = draw(st.sampled_from(COLUMNS) | texts)
            case "add":
                rows[0].append(draw(st.sampled_from(COLUMNS) | texts))
                for each in rows[1:]:
                    each.append(draw(st.sampled_from(["1", "2", "x", ""])))
            case "drop" if len(rows[0]) > 1:
                for each in rows:
                    del each[column % len(each)]
            case "row":
                rows.append(list(rows[row]))
            case "wider":
                rows[row].append(draw(cell))
    separator = draw(st.sampled_from([",", ",", ";", "\t"]))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16"]))
    return valid.text(rows, separator, end).encode(encoding, "replace")


@fuzzed(300)
@given(st.one_of(changed_cells(), changed_bytes(CSV), st.binary(max_size=200)))
def test_a_changed_table_is_read_or_refused_in_one_line(path, content):
    path.write_bytes(content)
    refused_or_read(lambda: series_of(path, ()))


@fuzzed(100)
@given(changed_cells(), st.sampled_from(["k=seq_len", "batch", "n=layer:0", "d=value", "n", "x"]))
def test_a_changed_table_with_an_axis_is_read_or_refused_in_one_line(path, content, axis):
    path.write_bytes(content)
    refused_or_read(lambda: series_of(path, (axis,)))


@fuzzed(20, shrinks=False)
@given(changed_cells(), st.sampled_from([None, {"mine": "n*d**2"}, {"mine": "n*log(n) + d"}]))
def test_laws_of_a_changed_table_are_fitted_or_refused_in_one_line(path, content, expect):
    path.write_bytes(content)
    refused_or_read(lambda: fit(path, expect), seconds=20)
