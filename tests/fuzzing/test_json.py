"""JSON of each reader, changed by chance, is read or refused in one line."""

import json
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import pytest
from hypothesis import given, strategies as st
from layerlaw.analysis import series_of
from layerlaw.layers import get
from layerlaw.session import Measurements, Result
from layerlaw.session.archive import read_archive
from layerlaw.studies.claims import CLAIMS_FILE, Record, claims_section
from layerlaw.studies.claims.statement import Bearing, Evidence, JudgedStatement, Statement
from layerlaw.studies.gradients import (
    RECORD_FILE,
    dependencies_tables,
    fit_record,
    read_record,
    read_section,
)

from tests.fuzzing.fuzzing import fuzzed, refused_or_read
from tests.fuzzing.mutations import changed_bytes, changed_json
from tests.hostile import valid

DOCS = Path(__file__).parents[2] / "docs"
MACHINE = {"cpu": "a processor", "torch": "2.13", "caches": {"L1": 32768, "L2": 2**20}}


def claims():
    statement = Statement("a", "A6.1", "it is so", "", "by counting", ("attention",))
    evidence = (Evidence("FLOPs", "3", Bearing.FOR), Evidence("time", "4"))
    judged = JudgedStatement(statement, evidence)
    return json.loads(Record([judged], "2026-11-28", 3, MACHINE).to_json())


def dependencies():
    """A record of few subjects, seeds and distances."""
    whole = json.loads((DOCS / "dependencies" / RECORD_FILE).read_text(encoding="utf-8"))

    def part(value, most):
        if isinstance(value, list) and value and isinstance(value[0], list):
            return [row[:10] for row in value[:2]]
        if isinstance(value, list):
            return [part(one, 1) for one in value[:most]]
        return {k: part(v, 2) for k, v in value.items()} if isinstance(value, dict) else value

    return part(whole, 1)


def saved():
    """The members of a result that was saved."""
    layers = {"dense": get("dense")}
    settings = {"cases": [{"layer": "dense", "sizes": {"n": 8, "d": 8}}], "seed": 0}
    measured = Measurements(table=valid.frame(), machine=MACHINE, settings=settings, layers=layers)
    with TemporaryDirectory() as folder:
        path = Result(**vars(measured), fits=()).save(Path(folder, "valid.zip"))
        with ZipFile(path) as archive:
            return archive.read("table.csv"), json.loads(archive.read("result.json"))


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzzing")


PYTEST = valid.pytest_benchmark(Random(1))
ASV = valid.asv(Random(1))


@fuzzed(150)
@given(st.one_of(changed_json(PYTEST), changed_json(ASV)))
def test_results_of_other_tools(folder, content):
    path = folder / "results.json"
    path.write_bytes(content)
    refused_or_read(lambda: series_of(path, ()))


@fuzzed(80)
@given(changed_json(ASV), changed_json(valid.asv_benchmarks()))
def test_a_folder_of_asv(folder, content, benchmarks):
    machine = folder / "results" / "testing"
    machine.mkdir(parents=True, exist_ok=True)
    (machine.parent / "benchmarks.json").write_bytes(benchmarks)
    (machine / "a.json").write_bytes(content)
    (machine / "b.json").write_bytes(json.dumps(ASV).encode())
    refused_or_read(lambda: series_of(machine.parent, ()))


@fuzzed(200)
@given(changed_json(claims()))
def test_claims(folder, content):
    (folder / CLAIMS_FILE).write_bytes(content)

    def read():
        record = Record.read(folder)
        claims_section(record)
        record.to_json().encode()

    refused_or_read(read)


@fuzzed(200)
@given(changed_json(dependencies()))
def test_dependencies(folder, content):
    path = folder / RECORD_FILE
    path.write_bytes(content)
    refused_or_read(lambda: dependencies_tables(fit_record(read_record(path))))


@fuzzed(5, shrinks=False)
@given(changed_json(dependencies()))
def test_the_section_of_dependencies(folder, content):
    (folder / RECORD_FILE).write_bytes(content)
    refused_or_read(lambda: read_section(folder), seconds=30)


TABLE, RESULT = saved()


@fuzzed(150)
@given(changed_json(RESULT), changed_bytes(TABLE) | st.just(TABLE))
def test_saved_results(folder, content, table):
    path = folder / "result.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("table.csv", table)
        archive.writestr("result.json", content)
    refused_or_read(lambda: read_archive(path, 1))


@fuzzed(100)
@given(st.data())
def test_archives(folder, data):
    path = folder / "whole.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("table.csv", TABLE)
        archive.writestr("result.json", json.dumps(RESULT))
    (folder / "changed.zip").write_bytes(data.draw(changed_bytes(path.read_bytes())))
    refused_or_read(lambda: read_archive(folder / "changed.zip", 1))
