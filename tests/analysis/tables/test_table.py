import numpy as np
import pandas as pd
import pytest
from layerlaw.analysis import TableError, fit
from layerlaw.analysis.tables import check_table, collapse, read_csv, split_series


def cut(frame, axes=()):
    return list(split_series(check_table(frame, "t.csv", axes), "t.csv", axes))


def written(frame, tmp_path):
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    return path


def test_a_point_is_the_mean_of_its_lowest_three_of_five(rows):
    rows = rows[(rows.n == 32) | (rows.n == 64)]
    (series,) = cut(rows)
    point = rows.groupby(["n", "d"], sort=False)["value"]
    lowest = point.apply(lambda values: values.nsmallest(3).mean())
    level = np.log(point.median() / lowest).mean()
    assert level > 0.005
    assert series.values == pytest.approx(lowest.to_numpy() * np.exp(level))
    assert series.axes == ("n", "d")
    assert series.sizes.shape == (10, 2)


@pytest.mark.parametrize(("repeats", "lowest"), [(1, 1), (2, 2), (3, 2), (5, 3), (10, 6)])
def test_the_share_of_the_lowest_repeats(rows, repeats, lowest):
    points = pd.concat(
        [rows.iloc[[0]].assign(n=n, value=1 + 0.01 * v) for n in (1, 2) for v in range(repeats)]
    )
    (series,) = cut(points)
    (found,) = collapse(points[points["n"] == 1].reset_index(), ["n"])["value"]
    assert found == pytest.approx(1 + 0.01 * np.mean(range(lowest)))
    assert series.values[0] == pytest.approx(1 + 0.01 * np.median(range(repeats)))


def test_repeats_at_half_the_speed_are_not_mixed_in(rows):
    speeds = (1.0, 1.02, 1.8, 1.82, 1.85)
    points = pd.concat([rows.iloc[[0]].assign(n=n, value=v) for n in (1, 2) for v in speeds])
    (series,) = cut(points)
    assert series.values[0] == pytest.approx(1.01)


def test_a_rare_fast_moment_does_not_count(rows):
    speeds = (1.0, 1.8, 1.82, 1.84, 1.85)
    points = pd.concat([rows.iloc[[0]].assign(n=n, value=v) for n in (1, 2) for v in speeds])
    (found, _) = collapse(points.reset_index(), ["n"])["value"]
    assert found == pytest.approx(1.82)


def test_what_rounds_of_a_point_differ_by(rows):
    apart = (0.98, 1.0, 1.02)
    points = pd.concat(
        [
            rows.iloc[[0]].assign(n=n, round=round, repeat=repeat, value=n * share)
            for n in (1, 2, 4)
            for round, share in enumerate(apart)
            for repeat in range(2)
        ],
        ignore_index=True,
    )
    (series,) = cut(points)
    assert series.between_round_sd == pytest.approx(np.std(np.log(apart), ddof=1))
    assert series.values == pytest.approx(np.array([1, 2, 4]) * np.median(apart))
    (alone,) = cut(points.drop(columns="round"))
    assert alone.between_round_sd is None, "repeats of one round share what it had"
    (single,) = cut(points[points["round"] == 1])
    assert single.between_round_sd is None


def test_sizes_that_are_empty_or_constant_take_no_part(rows):
    (series,) = cut(rows[rows.d == 64])
    assert series.axes == ("n",)
    assert series.constants == {"d": 64}
    assert "k" not in series.constants


def test_every_other_column_that_varies_separates_laws(rows):
    both = pd.concat([rows.assign(batch=1, dtype="float32"), rows.assign(batch=8, dtype="float32")])
    assert [s.by for s in cut(both)] == [{"batch": 1}, {"batch": 8}]


def test_process_round_and_repeat_do_not_separate_laws(rows):
    rows = rows.assign(process=rows["repeat"] % 2, round=rows["repeat"], status="ok")
    assert len(cut(rows)) == 1


def test_a_column_may_be_made_a_size(rows):
    both = pd.concat([rows.assign(batch=b, value=rows.value * b) for b in (1, 2, 4, 8)])
    (series,) = cut(both, ["batch"])
    assert series.axes == ("n", "d", "batch")
    (one,) = fit(both, {"mine": "n*d**2"}, axes=["batch"])
    batch = one.to_dict()["exponents"]["batch"]
    assert batch["estimate"] == pytest.approx(1, abs=0.05)
    assert batch["expected"] is None
    (told,) = fit(both, {"mine": "batch*n*d**2"}, axes=["batch"])
    assert told.to_dict()["exponents"]["batch"]["verdict"] == "matches"


def test_rows_that_failed_are_left_out(rows):
    failed = rows.iloc[[0]].assign(value=np.nan, status="oom")
    (series,) = cut(pd.concat([rows.assign(status="ok"), failed], ignore_index=True))
    assert len(series.values) == 30
    assert series.left_out == 1


def spoil(column, value, row=5):
    def change(frame):
        frame = frame.astype({column: object})
        frame.loc[row - 2, column] = value
        return frame

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.drop(columns="value"), "row 1: there is no column 'value'"),
        (lambda f: f.drop(columns=["n", "d", "k"]), "row 1: there is no column of sizes"),
        (spoil("value", "fast"), "row 5, column value: fast is not a number"),
        (spoil("n", "many"), "row 5, column n: many is not a number"),
        (spoil("value", ""), "row 5, column value: nan is empty or NaN"),
        (spoil("value", "NaN"), "row 5, column value: NaN is not a number"),
        (spoil("value", "inf"), "row 5, column value: inf is not finite"),
        (spoil("value", 0), "row 5, column value: 0 is not positive"),
        (spoil("value", -1e-6), "row 5, column value: -1e-06 is not positive"),
        (spoil("d", 0), "row 5, column d: 0 is not positive"),
        (spoil("d", ""), "row 5, column d: empty here, not elsewhere"),
        (spoil("layer", ""), "row 5, column layer: it is empty"),
        (lambda f: f.iloc[:5], "row 2, column value: one point only"),
        (lambda f: f.iloc[:0], "there are no rows to fit"),
    ],
)
def test_bad_input_is_named_by_file_row_and_column(rows, tmp_path, change, says):
    path = written(change(rows), tmp_path)
    with pytest.raises(TableError) as error:
        fit(path)
    assert says in str(error.value)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "t.csv: it is empty"),
        (b"\xff\xfe\x00", "neither UTF-8 nor UTF-16"),
        (b'a,b\n"1,2\n', "cannot be read as CSV"),
        (b"a;b\n1;2\n", "there is no column 'value'"),
    ],
)
def test_what_is_no_table_is_said_to_be_none(tmp_path, content, says):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(TableError, match=says):
        fit(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TableError, match="there is no such file"):
        fit(tmp_path / "none.csv")


def test_columns_that_leave_one_point_each_are_named(rows):
    with pytest.raises(TableError, match="these columns separate its rows: stamp"):
        fit(rows.assign(stamp=range(len(rows))))


def test_blank_lines_and_a_byte_order_mark_are_passed_over(rows, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbf" + rows.to_csv(index=False).encode() + b"\n\n")
    assert len(fit(path)) == 1


@pytest.mark.parametrize(("column", "value"), [("value", 1e-200), ("value", 1e200), ("n", 1e100)])
def test_numbers_whose_powers_would_overflow_are_named(rows, column, value):
    rows = rows.astype({column: float})
    rows.loc[rows.index[3], column] = value
    with pytest.raises(TableError, match=f"row 3, column {column}: .* is too "):
        cut(rows.reset_index(drop=True))


def test_a_value_is_no_size(rows):
    with pytest.raises(TableError, match="the column 'value' cannot be a size"):
        cut(rows, ["value"])


def test_a_header_shows_its_blanks(rows):
    with pytest.raises(TableError, match="it has ' layer'"):
        cut(rows.rename(columns={"layer": " layer"})[[" layer"]])


def test_two_columns_of_one_name_are_named(rows, tmp_path):
    path = written(rows, tmp_path)
    path.write_text(path.read_text().replace("device", "n", 1))
    with pytest.raises(TableError, match="row 1: there are several columns 'n'"):
        read_csv(path)
