"""Saved results: what cannot be used is one line with the member, the place and the value."""

import copy
import json
import time
from zipfile import ZIP_DEFLATED, ZipFile

import layerlaw
import pandas as pd
import pytest
from layerlaw.layers import get
from layerlaw.session import ArchiveError, Measurements, Result

TABLE = pd.DataFrame(
    [
        ("dense", "cpu", "forward", "seconds", n, d, 1e-6 + 1e-9 * n * d)
        for n in (16, 32, 64)
        for d in (8, 16, 32)
    ],
    columns=["layer", "device", "mode", "metric", "n", "d", "value"],
)


@pytest.fixture(scope="module", name="members")
def _members(tmp_path_factory):
    """Give the table and the parsed JSON of a result that was saved."""
    path = tmp_path_factory.mktemp("saved") / "result.zip"
    measured = Measurements(table=TABLE, layers={"dense": get("dense")})
    Result.from_measurements(measured).save(path)
    with ZipFile(path) as saved:
        return saved.read("table.csv").decode(), json.loads(saved.read("result.json"))


def refusal(tmp_path, table, result):
    path = tmp_path / "result.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as saved:
        saved.writestr("table.csv", table)
        saved.writestr("result.json", result if isinstance(result, str) else json.dumps(result))
    with pytest.raises(layerlaw.LayerlawError) as error:
        Result.load(path)
    message = str(error.value)
    assert len(message) <= 300
    assert message.isprintable()
    return message


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("schema", 2, "its format is version 2"),
        ("command", None, "result.json: command is null: expected str"),
        ("machine", [], "result.json: machine is an array: expected object"),
        ("machine", {"caches": {"L1": "x"}}, "machine: caches.L1 is 'x': expected float"),
        ("settings", {"cases": [1]}, "settings: cases[0] is 1: expected object"),
        ("expect", {"dense": 1}, "result.json: expect.dense is 1: expected str"),
        ("axes", "n", "result.json: axes is 'n': expected array"),
        ("margin", float("nan"), "result.json: margin is NaN: expected float"),
        ("margin", -1, "result.json: margin is -1: expected float >= 0"),
        ("claims", {"schema": 1}, "result.json: claims: it has no date"),
        ("columns", {"n": 1}, "result.json: columns.n is 1: expected str"),
        ("columns", {"n": "int64", "nowhere": "str"}, "table.csv: "),
        ("columns", {"layer": "int64"}, "table.csv: "),
        ("layers", [], "result.json: layers is an array"),
        ("layers", {"dense": {}}, "result.json: layers.dense has no name"),
    ],
)
def test_values_of_wrong_types(tmp_path, members, key, value, says):
    table, result = members
    assert says in refusal(tmp_path, table, {**result, key: value})


def tower(height):
    made = 10
    for _ in range(height):
        made = ["Pow", made, 10]
    return made


def wide(levels):
    return ["Add", "n", *([wide(levels - 1)] * 12)] if levels else ["log", "n"]


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        (tower(6), "theory.flops: a saved formula has a power above"),
        (wide(5), "theory.flops: a saved formula has more than 5,000 parts"),
        (["os.system", "touch made"], "theory.flops: a saved formula has"),
        ("__import__('os')", "theory.flops: a saved formula has"),
        ("log", "theory.flops: a saved formula has"),
        ({"Pow": 1}, "theory.flops: a saved formula has"),
        (None, "theory.flops: a saved formula has None"),
    ],
)
def test_formulas_without_an_end(tmp_path, members, formula, says):
    table, result = members
    made = copy.deepcopy(result)
    made["layers"]["dense"]["theory"]["flops"] = formula
    begin = time.process_time()
    assert f"layers.dense.{says}" in refusal(tmp_path, table, made)
    assert time.process_time() - begin < 5


def test_a_table_of_another_shape(tmp_path, members):
    table, result = members
    for made in (
        "",
        "n\n",
        "x,y\n1,2\n",
        table.replace(",16,", ",x,"),
        table[:40],
        table + "1,2,3\n",
    ):
        assert refusal(tmp_path, made, result)


def test_what_unpacks_to_more_than_the_limit(tmp_path, members):
    _, result = members
    path = tmp_path / "result.zip"
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=1) as saved:
        saved.writestr("result.json", json.dumps(result))
        with saved.open("table.csv", "w") as member:
            for _ in range(26):
                member.write(bytes(10 * 2**20))
    with pytest.raises(ArchiveError, match="unpacked it has 260 MiB, the limit is 256 MiB"):
        Result.load(path)
    with pytest.raises(ArchiveError, match="the limit is 1e-05 MiB"):
        Result.load(path, file_limit=1e-5)


def test_what_a_result_does_not_have_is_passed_over(tmp_path, members):
    table, result = members
    path = tmp_path / "result.zip"
    with ZipFile(path, "w") as saved:
        saved.writestr("table.csv", table)
        saved.writestr("result.json", json.dumps({**result, "more": {"x": 1}}))
        saved.writestr("../made", "x")
    pd.testing.assert_frame_equal(Result.load(path).table, TABLE)
    assert [each.name for each in tmp_path.iterdir()] == ["result.zip"]
