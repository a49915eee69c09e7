"""Kinds of benchmark files that people publish: classes, NumPy's sizes, shapes, stray files."""

import json

import layerlaw
import pytest
from hypothesis import given, strategies as st
from layerlaw.analysis import TableError, TableWarning, fit
from layerlaw.analysis.tables import read
from layerlaw.analysis.tables.parameters import literal, number_of, parameter, shape_of
from layerlaw.analysis.tables.pytest_results import short_names

SIZES = (128, 256, 512, 1024, 2048, 4096)


def pytest_file(folder, benchmarks):
    """A file of pytest-benchmark, of (fullname, parameters, seconds)."""
    content = {
        "machine_info": {"node": "box"},
        "benchmarks": [
            {
                "name": fullname.rpartition("::")[2],
                "fullname": fullname,
                "params": parameters,
                "extra_info": {},
                "stats": {"median": seconds, "data": [seconds, seconds * 1.001, seconds * 1.002]},
            }
            for fullname, parameters, seconds in benchmarks
        ],
    }
    path = folder / "out.json"
    path.write_text(json.dumps(content))
    return path


def asv_folder(folder, results, described):
    """A folder of asv's results: {name: (values, parameters)}, of which some are described."""
    machine = folder / "results" / "m"
    machine.mkdir(parents=True)
    about = {name: {"type": "time", "param_names": names} for name, names in described.items()}
    (machine.parent / "benchmarks.json").write_text(json.dumps({"version": 2, **about}))
    content = {
        "commit_hash": "c0ffee",
        "env_name": "e",
        "date": 1,
        "params": {"machine": "m"},
        "result_columns": ["result", "params"],
        "results": results,
    }
    (machine / "ok.json").write_text(json.dumps(content))
    return machine.parent


def test_names_that_are_unique_only_with_class_or_file(tmp_path):
    laws = {
        "b/t.py::TestRNN::test_forward": lambda n: 2e-5 + 1e-6 * n,
        "b/t.py::TestAttention::test_forward": lambda n: 2e-5 + 4e-9 * n**2,
    }
    path = pytest_file(
        tmp_path, [(f"{name}[{n}]", {"n": n}, law(n)) for name, law in laws.items() for n in SIZES]
    )
    fits = layerlaw.fit(path)
    assert [each.series.layer for each in fits] == [
        "TestRNN::test_forward",
        "TestAttention::test_forward",
    ]
    assert [each.law.exponents[0].estimate for each in fits] == pytest.approx([1, 2], abs=0.02)


def test_names_are_as_short_as_they_tell_benchmarks_apart():
    assert short_names([("a.py", "test"), ("a.py", "test")]) == ["test", "test"]
    assert short_names([("a.py", "A", "t"), ("b.py", "A", "t")]) == ["a.py::A::t", "b.py::A::t"]
    assert short_names([("a.py", "t"), ("a.py", "A", "t")]) == ["a.py::t", "A::t"]


def test_benchmarks_of_one_layer_are_laws_of_their_own(tmp_path):
    path = pytest_file(
        tmp_path,
        [
            (f"t.py::{name}[{n}]", {"layer": "rnn", "n": n}, scale * n)
            for name, scale in (("test_forward", 1e-6), ("test_backward", 3e-6))
            for n in SIZES
        ],
    )
    fits = layerlaw.fit(path)
    assert [each.series.by for each in fits] == [
        {"benchmark": "test_forward"},
        {"benchmark": "test_backward"},
    ]


@pytest.mark.parametrize(
    "form", ["UNSERIALIZABLE[np.int64({})]", "UNSERIALIZABLE[{}]", "np.float64({}.0)", "{}"]
)
def test_sizes_from_numpy(tmp_path, form):
    path = pytest_file(
        tmp_path, [(f"t.py::test_rnn[{n}]", {"n": form.format(n)}, 1e-6 * n) for n in SIZES]
    )
    assert read(path)["n"].unique().tolist() == list(SIZES)
    (found,) = layerlaw.fit(path)
    assert found.law.exponents[0].estimate == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("form", ["np.int64({})", "numpy.uint32({})", "np.float64({}.0)", "{}"])
def test_asv_s_sizes_from_numpy(tmp_path, form):
    results = {"t.time_f": [[1e-6 * n for n in SIZES], [[form.format(n) for n in SIZES]]]}
    table = read(asv_folder(tmp_path, results, {"t.time_f": ["n"]}))
    assert table["n"].tolist() == list(SIZES)


def shapes(tmp_path, write=list):
    """A file of benchmarks by shape: two dtypes, 5 sizes."""
    return pytest_file(
        tmp_path,
        [
            (f"t.py::test_rms[{n}]", {"input_shape": write((16, n, 512)), "dtype": dtype}, x * n)
            for dtype, x in (("float32", 2e-6), ("float16", 1e-6))
            for n in SIZES
        ],
    )


@pytest.mark.parametrize("write", [list, str, lambda shape: f"UNSERIALIZABLE[torch.Size({shape})]"])
def test_an_element_of_a_shape_is_a_size(tmp_path, write):
    fits = layerlaw.fit(shapes(tmp_path, write), axes=["n=input_shape:1"])
    assert [each.series.by for each in fits] == [{"dtype": "float32"}, {"dtype": "float16"}]
    for each in fits:
        assert each.series.axes == ("n",)
        assert each.law.exponents[0].estimate == pytest.approx(1, abs=0.02)


def test_several_elements_of_a_shape_are_sizes(tmp_path):
    path = pytest_file(
        tmp_path,
        [
            (f"t.py::test_f[{n}-{d}]", {"shape": [n, d]}, 1e-9 * n * d**2)
            for n in SIZES
            for d in (16, 32, 64, 128)
        ],
    )
    (found,) = layerlaw.fit(path, {"test_f": "n*d**2"}, axes=["n=shape:0", "d=shape:-1"])
    assert found.judgement.verdict.value == "matches"


def test_a_file_without_sizes_lists_the_parameters_that_there_are(tmp_path):
    with pytest.raises(TableError) as error:
        layerlaw.fit(shapes(tmp_path))
    assert "--axis n=input_shape:1 would name one of input_shape ([16, 128, 512])" in str(
        error.value
    )
    assert "dtype (float32)" in str(error.value)


@pytest.mark.parametrize("name", ["tasks", "N", "size"])
def test_sizes_of_other_names(tmp_path, name):
    path = pytest_file(tmp_path, [(f"t.py::test_f[{n}]", {name: n}, 1e-6 * n) for n in SIZES])
    for axis, called in ((name, name), (f"n={name}", "n")):
        (found,) = layerlaw.fit(path, axes=[axis])
        assert found.series.axes == (called,)
    with pytest.raises(TableError, match=f"--axis n={name} would name"):
        layerlaw.fit(path)


@pytest.mark.parametrize(
    ("axis", "says"),
    [
        ("n=nope", "there is no column 'nope'"),
        ("n=input_shape:7", "has no element 7"),
        ("n=dtype:0", "is no shape"),
        ("log=dtype", "is no function"),
        ("n+1=dtype", "letters, digits and _"),
        ("=dtype", "SIZE=COLUMN"),
        ("n=", "SIZE=COLUMN"),
        ("n=layer", "cannot be a size"),
    ],
)
def test_axes_that_cannot_be_used_are_refused(tmp_path, axis, says):
    with pytest.raises(TableError, match=says):
        layerlaw.fit(shapes(tmp_path), axes=[axis])


def test_an_axis_twice_is_refused(tmp_path):
    with pytest.raises(TableError, match="n is given twice"):
        layerlaw.fit(shapes(tmp_path), axes=["n=input_shape:1", "n=input_shape:2"])


RESULT = [[1e-6 * n for n in SIZES], [[str(n) for n in SIZES]]]


def test_stray_and_old_files_among_asv_s_are_passed_over_by_name(tmp_path):
    folder = asv_folder(tmp_path, {"t.time_f": RESULT}, {"t.time_f": ["n"]})
    whole = read(folder)
    (folder / "m" / "stray.json").write_text('{"explanation": "no results", "version": 1}')
    (folder / "m" / "broken.json").write_text("{")
    (folder / "m" / "old.json").write_text('{"results": {}, "params": {}, "version": 1}')
    (folder / "m" / "other.json").write_text('{"result_columns": [], "results": {}}')
    with pytest.warns(TableWarning) as warned:
        assert read(folder).equals(whole)
    (message,) = (str(each.message) for each in warned)
    assert "passed over 4 files" in message
    for name in ("broken", "old", "other", "stray"):
        assert f"m/{name}.json" in message
    assert len(message) <= 300


def test_results_without_a_description_are_named_or_read_by_their_parameters(tmp_path):
    results = {"t.time_f": RESULT, "t.time_gone": RESULT}
    folder = asv_folder(tmp_path, results, {"t.time_f": ["n"]})
    with pytest.warns(TableWarning, match=r"left out as they have no size: t\.time_gone; .*param1"):
        (one,) = layerlaw.fit(folder)
    assert one.series.layer == "t.time_f"
    (gone,) = layerlaw.fit(
        asv_folder(tmp_path / "b", {"t.time_gone": RESULT}, {}), axes=["n=param1"]
    )
    assert gone.series.layer == "t.time_gone"
    assert gone.law.exponents[0].estimate == pytest.approx(1, abs=0.02)


def test_more_combinations_than_results_are_refused_before_they_are_listed(tmp_path):
    results = {"t.time_f": [[1.0], [["1", "2"]] * 80]}
    with pytest.raises(TableError, match="1 results for 1208925819614629174706176 combinations"):
        read(asv_folder(tmp_path, results, {}))


@pytest.mark.parametrize("value", [0.0, -1.0, float("inf")])
def test_values_that_are_no_costs_are_refused_by_name(tmp_path, value):
    path = pytest_file(tmp_path, [("t.py::test_f[1]", {"n": 1}, value)])
    with pytest.raises(TableError, match=r"test_f: the value .* is not positive and finite"):
        read(path)


def test_a_file_of_json_is_held_against_its_tool_s_format(tmp_path):
    path = tmp_path / "t.json"
    stats = '{"name": "f", "params": {"n": 1}, "stats": {"median": "fast"}}'
    path.write_text(f'{{"machine_info": {{}}, "benchmarks": [{stats}]}}')
    with pytest.raises(TableError, match=r"benchmarks\[0\]\.stats\.median is 'fast': expected"):
        read(path)
    path.write_text('{"a": 1, "a": 2}')
    with pytest.raises(TableError, match="the key 'a' occurs twice"):
        read(path)
    path.write_text("[" * 100_000)
    with pytest.raises(TableError, match="nested in more than 100 levels"):
        read(path)


@pytest.mark.parametrize("node", [[1], {"a": 1}, None, 5])
def test_a_machine_s_name_of_another_type_is_taken_as_text(tmp_path, node):
    benchmarks = [
        {"name": f"f[{n}]", "params": {"n": n}, "stats": {"median": n * 1e-6}} for n in (8, 16, 32)
    ]
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"machine_info": {"node": node}, "benchmarks": benchmarks}))
    (law,) = fit(path)
    assert len(law.series.values) == 3


def test_parameters_stand_for_what_their_text_says():
    assert parameter("UNSERIALIZABLE[torch.float32]") == "torch.float32"
    assert parameter("UNSERIALIZABLE['a']") == "a"
    assert literal("np.str_('a')") == "a"
    assert shape_of("16x128") == ["16", "128"]
    assert shape_of("(3,)") == ["3"]
    assert shape_of("float32") is shape_of("") is shape_of("a b") is None
    assert number_of("0x10") is number_of("1_000") is number_of(None) is None


@given(st.text() | st.integers() | st.floats() | st.none() | st.lists(st.integers(), max_size=3))
def test_whatever_a_parameter_is_it_is_read_without_an_error(value):
    parameter(value)
    number_of(value)
    shape_of(value)
    if isinstance(value, str):
        literal(value)
