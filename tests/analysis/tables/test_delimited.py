"""Tables of text: delimiters, decimal commas, and rows that do not have the header's columns."""

import math
import os
import re

import pandas as pd
import pytest
from hypothesis import given, strategies as st
from layerlaw.analysis import TableError, TableWarning, fit
from layerlaw.analysis.tables import read, read_csv
from layerlaw.measure import FILE_LIMIT, SIZES

SHIFTED = [
    # A decimal comma in the last column: every cell of the row would move by one.
    "repeat,layer,device,mode,metric,n,d,value\n0,mine,cpu,forward,flops,64,16,1024,5\n",
    "layer,device,mode,metric,n,d,value\nmine,cpu,forward,flops,64,16,65984,5\n",
    "n,seconds\n64,0,5\n128,1,0\n",
    "n;seconds\n64;0.5;1\n",
]
SHORT = ["n,d,seconds\n64,0.5\n", "n\tseconds\n64\n"]


def written(tmp_path, content, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path, **options):
    with pytest.raises(TableError) as error:
        fit(path, **options)
    message = str(error.value)
    assert len(message) <= 300
    assert message.isprintable()
    return message


@pytest.mark.parametrize("content", SHIFTED + SHORT)
def test_a_row_with_another_number_of_cells_than_the_header_is_refused(tmp_path, content):
    path = written(tmp_path, content)
    assert re.search(r"t\.csv: row 2: \d+ cells?, but the header has \d+ columns", refusal(path))


def test_the_refusal_of_a_decimal_comma_shows_it(tmp_path):
    assert "'65984,5'. A decimal comma ends a cell" in refusal(written(tmp_path, SHIFTED[1]))


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("comma", [False, True])
def test_delimiters_and_decimal_commas_are_recognised(tmp_path, mark, comma):
    rows = [(n, 1e-3 + 1.5e-6 * n) for n in (64, 128, 256, 512)]
    frame = pd.DataFrame(rows, columns=["n", "seconds"])
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False, sep=mark, decimal="," if comma else ".")
    assert read_csv(path)["seconds"].tolist() == frame["seconds"].tolist()


def test_a_comma_that_may_separate_thousands_is_refused(tmp_path):
    path = written(tmp_path, "n;seconds\n1,024;1\n2,048;2\n")
    assert "row 2, column n: 1,024 may have a decimal comma" in refusal(path)
    path = written(tmp_path, "n;seconds\n1,024;0,5\n2,048;0,7\n")
    assert "row 2, column n: 1,024 may have a decimal comma" in refusal(path)


def test_points_and_commas_in_one_table_are_refused(tmp_path):
    path = written(tmp_path, "n;seconds\n64;0,5\n128;0.7\n")
    assert "row 3, column seconds: 0.7 has a decimal point, but row 2" in refusal(path)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("n,seconds,n", "row 1: there are several columns 'n'"),
        (",n,seconds", "row 1, column 1: it has no name"),
        ("n,seconds,row", "row 1: the name 'row' is reserved"),
        ("n,seconds,level", "row 1: the name 'level' is reserved"),
        ("seconds", "row 1: a header of several columns is needed"),
        ("n,duration", "there is no column 'value', nor one named after a metric"),
        ("m,seconds", "there is no column of sizes"),
        ("n,sec\x1b[31monds", "has a control character"),
    ],
)
def test_headers_that_cannot_be_used_are_refused(tmp_path, header, says):
    cells = header.count(",") + 1
    content = f"{header}\n" + "".join(",".join([str(n)] * cells) + "\n" for n in (1, 2, 4, 8))
    assert says in refusal(written(tmp_path, content))


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x9b", "\u202e", "\u2028"])
def test_control_characters_are_refused_and_escaped(tmp_path, character):
    path = written(tmp_path, f"layer,n,seconds\na,1,1\nb{character}c,2,2\n")
    message = refusal(path)
    assert "row 3, column layer" in message
    assert character not in message


def test_a_quoted_line_end_in_a_name_is_refused(tmp_path):
    assert "row 2, column layer" in refusal(written(tmp_path, 'layer,n,seconds\n"a\nb",1,1\n'))


@pytest.mark.parametrize("number", ["true", "1_000", "0x10", "1 000", "１２", "1e999", "-1", "nan"])
def test_what_is_no_positive_finite_number_is_refused(tmp_path, number):
    path = written(tmp_path, f"n,seconds\n64,1\n{number},2\n")
    assert re.search(r"row 3, column n: .* is not ", refusal(path)) or number == "１２"


def test_a_minimal_table_has_sizes_and_seconds(tmp_path):
    rows = "".join(f"{n},{1e-6 + 3e-7 * n}\n" for n in (16, 32, 64, 128, 256, 512))
    path = written(tmp_path, "n,seconds\n" + rows, "mine.csv")
    (found,) = fit(path, {"mine": "n"})
    assert found.judgement.verdict.value == "matches"
    assert (found.series.metric, found.series.device) == ("seconds", "unknown")
    (frame_fit,) = fit(pd.read_csv(path))
    assert frame_fit.series.layer == "table"
    assert frame_fit.law.exponents[0].estimate == pytest.approx(1, abs=0.01)


def test_a_column_for_each_metric_is_a_law_for_each(tmp_path):
    rows = "".join(f"{n},{1e-6 * n},{16 * n * n}\n" for n in (64, 128, 256, 512, 1024))
    fits = fit(written(tmp_path, "n,seconds,flops\n" + rows))
    assert [each.series.metric for each in fits] == ["seconds", "flops"]
    assert fits[1].law.expression == "16*n**2"


def test_sizes_of_other_names_need_no_columns_n_and_d(tmp_path):
    rows = "".join(f"{n},{1e-3 * n}\n" for n in (64, 128, 256, 512, 1024))
    path = written(tmp_path, "seq_len,seconds\n" + rows)
    (renamed,) = fit(path, {"t": "n"}, axes=["n=seq_len"])
    assert renamed.series.axes == ("n",)
    (own,) = fit(path, {"t": "seq_len"}, axes=["seq_len"])
    assert own.series.axes == ("seq_len",)
    assert renamed.judgement.verdict == own.judgement.verdict
    assert "--axis n=seq_len would make one" in refusal(path)


def test_files_that_are_not_regular_are_refused_at_once(tmp_path):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    for path, kind in ((pipe, "a pipe"), ("/dev/zero", "a device")):
        assert refusal(path) == f"{path}: it is {kind}, not a file"
    (tmp_path / "pipe.json").symlink_to(pipe)
    assert "it is a pipe" in refusal(tmp_path / "pipe.json")
    assert "it is a pipe" in refusal(tmp_path)  # a folder is one of asv
    (tmp_path / "pipe.json").unlink()
    assert "no results of asv" in refusal(tmp_path)


def test_a_file_above_the_limit_names_the_option_that_raises_it(tmp_path):
    path = written(tmp_path, "n,seconds\n" + "".join(f"{n},{n}\n" for n in range(1, 1000)))
    assert "the limit is 0.001 MiB (--file-limit or file_limit)" in refusal(path, file_limit=0.001)
    assert len(read(path, limit=1)) == 999


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x1f\x8b\x08\x00", "cannot be unpacked by gzip"),
        (b"PK\x03\x04", "ZIP or Excel"),
        (b"n,seconds\n\xb5,1\n", "byte 10 is neither UTF-8"),
    ],
)
def test_files_that_are_no_text_are_refused(tmp_path, content, says):
    assert says in refusal(written(tmp_path, content))


def test_the_text_that_a_spreadsheet_exports_is_read(tmp_path):
    path = written(tmp_path, "n\tseconds\r\n64\t0,5\r\n128\t1,0\r\n".encode("utf-16"))
    assert read_csv(path)["seconds"].tolist() == [0.5, 1.0]


def test_of_a_wide_table_the_columns_of_one_value_are_left_out(tmp_path):
    names = ",".join(f"c{i}" for i in range(20000))
    rows = "".join(f"{n},{n},{'0,' * 19999}0\n" for n in (1, 2, 4, 8))
    path = written(tmp_path, f"n,seconds,{names}\n{rows}")
    with pytest.warns(TableWarning, match="left out 20000 columns of one value each, of 20002: c0"):
        assert read_csv(path).columns.tolist() == ["n", "seconds"]
    rows = "".join(f"{n},{n},{f'{n},' * 19999}0\n" for n in (1, 2, 4, 8))
    assert "20001 of 20002 columns vary" in refusal(written(tmp_path, f"n,seconds,{names}\n{rows}"))


CELLS = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    ["1", "2.5", "1,5", '"', ";", "\t", "\n", "", "nan", "1e400", "-3", "n", "seconds", "value"]
)


@given(st.lists(st.lists(CELLS, min_size=1, max_size=5).map(",".join), max_size=6))
def test_whatever_the_text_a_table_or_one_line_comes_out(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_text("\n".join(["n,seconds", *lines]), encoding="utf-8", newline="")
    try:
        said, frame = "", read(path)
    except TableError as error:
        said, frame = str(error), None
    assert len(said) <= 300
    assert said.isprintable()
    assert frame is None or {"n", "value"} <= set(frame.columns)


def test_names_that_look_like_numbers_stay_as_they_are(tmp_path):
    rows = "".join(f"007,1e3,{n},{n}\n" for n in (64, 128, 256))
    path = written(tmp_path, f"layer,mode,n,seconds\n{rows}")
    (law,) = fit(path)
    assert (law.series.layer, law.series.mode) == ("007", "1e3")


def test_a_name_that_no_table_could_show(tmp_path):
    path = written(tmp_path, f"layer,n,seconds\nmine,64,1\n{'x' * 10**6},128,2\n")
    assert "row 3, column layer: 'xxx" in (said := refusal(path))
    assert "has 1000000 characters, the limit is 1000" in said


def test_columns_that_separate_all_rows_are_named(tmp_path):
    rows = "".join(f"l{at},64,1\n" for at in range(9))
    path = written(tmp_path, f"layer,n,seconds\n{rows}")
    assert "one point only; these columns separate its rows: layer" in refusal(path)


def test_sizes_whose_powers_no_number_holds(tmp_path):
    path = written(tmp_path, "n,seconds\n64,1\n1e16,2\n")
    assert "row 3, column n: 1e+16 is too large" in refusal(path)


def test_the_limit_of_a_file_is_the_option_s_default():
    from layerlaw.cli import options

    assert options.FILE_LIMIT == FILE_LIMIT
    assert math.isfinite(FILE_LIMIT)
    assert "n" in SIZES
