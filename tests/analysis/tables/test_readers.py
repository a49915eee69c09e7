"""Files of other tools: recorded by the real ones, and taken apart from there."""

import json
import shutil
from itertools import combinations
from pathlib import Path

import layerlaw
import pytest
from layerlaw.analysis import TableError
from layerlaw.analysis.tables import readers

DATA = Path(__file__).parents[2] / "data"
ASV = DATA / "asv"
PYTEST = DATA / "pytest_benchmark.json"
SWEEP = DATA / "sweep.csv"
LAYERS = ("attention", "conv", "sdpa")


@pytest.fixture
def asv(tmp_path):
    """A copy of the recorded result folder; its one file of results is `one`."""
    folder = Path(shutil.copytree(ASV, tmp_path / "results"))
    (one,) = (path for path in folder.glob("*/*.json") if path.name != "machine.json")
    return folder, one


def edit(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def points(table):
    return {tuple(row) for row in table[["layer", "n", "d", "k"]].fillna(0).to_numpy()}


def exponents(path):
    """Fit what a tool measured of attention and sdpa; by layer and axis."""
    table = readers.read(path)
    return {
        (fit.series.layer, exponent.axis): exponent
        for fit in layerlaw.fit(table[table["layer"] != "conv"])
        for exponent in fit.law.exponents
    }


def test_all_three_ways_agree_on_the_exponents():
    fits = {path.stem: exponents(path) for path in (ASV, PYTEST, SWEEP)}
    narrow = []
    for one, other in combinations(fits.values(), 2):
        assert one.keys() == other.keys()
        assert {layer for layer, _ in one} == {"attention", "sdpa"}
        for key in one:
            a, b = one[key], other[key]
            if max(a.high - a.low, b.high - b.low) <= 0.2:
                assert max(a.low, b.low) <= min(a.high, b.high), (key, a, b)
                narrow.append(key)
    assert len(narrow) >= 4, narrow


def test_the_same_points_come_out_of_all_three():
    tables = [readers.read(path) for path in (ASV, PYTEST, SWEEP)]
    assert points(tables[0]) == points(tables[1]) == points(tables[2])
    for table in tables:
        assert set(table["metric"]) == {"seconds"}
        assert set(table["device"]) == {"cpu"}
        assert set(table["mode"]) == {"forward"}
        assert set(table["dtype"]) == {"float32"}
        assert set(table["batch"]) == {1}


def test_asv_can_be_read_by_folder_machine_or_file(asv):
    folder, one = asv
    whole = readers.read(folder)
    assert set(whole["machine"]) == {"testing"}
    assert whole["commit"].nunique() == whole["env"].nunique() == 1
    assert readers.read(one.parent).equals(whole)
    assert readers.read(one).equals(whole)
    (folder / "benchmarks.json").unlink()  # a case is known by its key
    assert readers.read(one).equals(whole)


def test_without_samples_the_result_counts(asv):
    folder, one = asv
    sampled = readers.read(folder)

    def drop(content):
        place = content["result_columns"].index("samples")
        for name, row in content["results"].items():
            content["results"][name] = row[:place]

    edit(one, drop)
    table = readers.read(folder)
    assert set(table["repeat"]) == {0}
    assert points(table) == points(sampled)
    medians = sampled.groupby(["layer", "n", "d", "k"], dropna=False)["value"].median()
    results = table.groupby(["layer", "n", "d", "k"], dropna=False)["value"].first()
    assert (results / medians).between(0.99, 1.01).all()


def test_what_failed_or_was_skipped_is_left_out(asv):
    folder, one = asv
    before = readers.read(folder)

    def fail(content):
        (row,) = content["results"].values()
        samples = content["result_columns"].index("samples")
        alive = [i for i, value in enumerate(row[0]) if value is not None and value == value]
        for i, value in zip(alive, (None, float("nan")), strict=False):
            row[0][i], row[samples][i] = value, None

    edit(one, fail)
    assert len(points(readers.read(folder))) == len(points(before)) - 2


def test_commits_come_in_the_order_of_time(asv):
    folder, one = asv

    def earlier(content):
        content["commit_hash"], content["date"] = "0" * 40, content["date"] - 1

    other = one.with_name("zzzz-env.json")
    shutil.copy(one, other)
    edit(other, earlier)
    table = readers.read(folder)
    assert table["commit"].unique().tolist()[0] == "0" * 40
    own = table[table["layer"] == "attention"]
    assert len(layerlaw.fit(own)) == 2


def suite_of_theirs(tmp_path, name="time_mine", params=(["16", "32"], ["'a'"]), **about):
    """A folder of results of someone's suite, as asv lays it out."""
    machine = tmp_path / "results" / "box"
    machine.mkdir(parents=True)
    about = {"param_names": ["n", "flavour"], **about}
    (machine.parent / "benchmarks.json").write_text(json.dumps({"version": 2, name: about}))
    content = {
        "commit_hash": "c0ffee",
        "env_name": "virtualenv",
        "date": 1,
        "params": {"machine": "box"},
        "result_columns": ["result", "params", "samples"],
        "results": {name: [[1.0, 2.0], params], "track_size": [[3.0]], "time_import": [[4.0], []]},
    }
    (machine / "c0ffee-virtualenv.json").write_text(json.dumps(content))
    return machine.parent


def test_suites_of_others_name_sizes_by_parameters(tmp_path):
    table = readers.read(suite_of_theirs(tmp_path))
    assert table["layer"].tolist() == ["time_mine"] * 2  # track_ and what has no size are not in
    assert table["n"].tolist() == [16, 32]
    assert table["flavour"].tolist() == ["a", "a"]
    assert table["value"].tolist() == [1.0, 2.0]
    assert set(table["mode"]) == {"unknown"}


def test_a_parameter_layer_names_the_layer(tmp_path):
    folder = suite_of_theirs(
        tmp_path, "peakmem_any", (["16", "32"], ["'mine'"]), param_names=["n", "layer"]
    )
    table = readers.read(folder)
    assert set(table["layer"]) == {"mine"}
    assert set(table["metric"]) == {"peak_bytes"}


def test_a_parameter_of_theirs_does_not_hide_a_column(tmp_path):
    folder = suite_of_theirs(tmp_path, param_names=["n", "repeat"])
    table = readers.read(folder)
    assert table["repeat_"].tolist() == ["a", "a"]
    assert table["repeat"].tolist() == [0, 0]


def test_a_size_that_is_no_number_is_refused(tmp_path):
    folder = suite_of_theirs(tmp_path, params=(["'small'", "'large'"], ["'a'"]))
    with pytest.raises(TableError, match="time_mine: parameter n is 'small', not a number"):
        readers.read(folder)


def test_pytest_benchmark_gives_raw_data_or_the_median(tmp_path):
    whole = readers.read(PYTEST)
    assert whole["repeat"].max() > 2
    path = tmp_path / "out.json"
    shutil.copy(PYTEST, path)
    edit(path, lambda content: [one["stats"].pop("data") for one in content["benchmarks"]])
    table = readers.read(path)
    assert set(table["repeat"]) == {0}
    assert points(table) == points(whole)
    stats = json.loads(PYTEST.read_text())["benchmarks"]
    assert table["value"].tolist() == [one["stats"]["median"] for one in stats]


def test_pytest_benchmark_of_others(tmp_path):
    one = {"name": "test_mine[16]", "params": {"n": 16}, "extra_info": {"d": 8}}
    content = {
        "machine_info": {"node": "box"},
        "benchmarks": [{**one, "stats": {"median": 0.5}}, {**one, "stats": None}],
    }
    path = tmp_path / "out.json"
    path.write_text(json.dumps(content))
    (row,) = readers.read(path).to_dict("records")
    assert (row["layer"], row["n"], row["d"], row["value"]) == ("test_mine", 16, 8, 0.5)
    assert row["machine"] == "box"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "its JSON is not an object"),
        ("{}", "no results of asv"),
        ('{"result_columns": [], "results": {}}', "it has no commit_hash"),
        (
            '{"machine_info": {}, "benchmarks": []}',
            "no benchmark in it has both results and a size",
        ),
        ('{"machine_info": {}, "benchmarks": [1]}', "benchmarks[0] is 1: expected object"),
    ],
)
def test_bad_files_end_in_one_line_that_names_them(tmp_path, content, message):
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(TableError) as caught:
        readers.read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_files_and_empty_folders_are_named(tmp_path):
    with pytest.raises(TableError, match=r"none\.json: there is no such file"):
        readers.read(tmp_path / "none.json")
    with pytest.raises(TableError, match="holds no results of asv"):
        readers.read(tmp_path)


def test_old_results_of_asv_are_refused_with_the_remedy(asv):
    folder, one = asv
    edit(one, lambda content: content.pop("result_columns"))
    with pytest.raises(TableError, match="`asv update` converts"):
        readers.read(folder)


def test_a_table_that_was_read_is_named_in_what_is_wrong_with_it(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("layer,device,mode,metric,n,d,value\nx,cpu,forward,seconds,1,2,abc\n")
    with pytest.raises(TableError, match=r"bad\.csv: row 2, column value: abc is not a number"):
        layerlaw.fit(readers.read(path))
