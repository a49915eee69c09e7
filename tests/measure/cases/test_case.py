import json

import pandas as pd
import pytest
from layerlaw.measure import COLUMNS, Case, Measurement, tidy_table


def test_equal_cases_have_equal_keys_whatever_the_order_of_sizes():
    one = Case("conv", {"n": 64, "d": 32, "k": 3})
    other = Case("conv", {"k": 3, "d": 32, "n": 64})
    assert one == other
    assert one.key == other.key
    assert len({one, other}) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"layer": "rnn"},
        {"sizes": {"n": 64, "d": 16}},
        {"batch": 2},
        {"dtype": "float64"},
        {"device": "cuda"},
        {"threads": 2},
        {"mode": "backward"},
        {"options": ["compile"]},
    ],
)
def test_every_field_is_part_of_the_key(changed):
    fields = Case("attention", {"n": 64, "d": 32}).as_dict()
    assert Case(**{**fields, **changed}).key != Case(**fields).key


def test_a_case_survives_json():
    case = Case("attention", {"n": 64, "d": 32}, dtype="float64")
    assert Case(**json.loads(json.dumps(case.as_dict()))) == case


@pytest.mark.parametrize(
    "case",
    [
        Case("attention", {"n": 64, "d": 32}),
        Case("conv", {"n": 8, "k": 3, "d": 4}, 2, "float64", "cuda", 4, "backward"),
        Case("attention", {"n": 64, "d": 32}, device="cuda", options=("tf32", "compile")),
    ],
)
def test_a_case_survives_its_key(case):
    assert Case.parse(case.key) == case


@pytest.mark.parametrize(
    "key",
    [
        "",
        "attention",
        "attention d=4 n=8",
        "attention d=4 n=8 float32 cpu threads=1 forward",
        "attention n=8 d=4 batch=1 float32 cpu threads=1 forward",
        "attention d=4 n=eight batch=1 float32 cpu threads=1 forward",
        "attention d=4 n=8 batch=1 float32 cpu 1 forward",
        "attention d=4 n=8 batch=1 float32 cpu threads=1 forward+unheard",
        "attention d=4 n=8 batch=1 float32 cpu threads=1 forward+tf32+compile",
    ],
)
def test_what_is_no_key_is_refused(key):
    with pytest.raises(ValueError, match="not the key of a case"):
        Case.parse(key)


def test_an_option_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="no option is called 'unheard'; there are: compile"):
        Case("attention", {"n": 8, "d": 4}, options=("unheard",))


def test_tidy_has_one_row_per_repeat_and_one_per_failure():
    fine = Measurement(Case("attention", {"n": 64, "d": 32}), 0, 1, (1e-3, 2e-3))
    failed = Measurement(Case("conv", {"n": 8, "d": 4, "k": 3}), 0, 0, status="oom", note="no")
    table = tidy_table([fine, failed], "abc")
    assert tuple(table.columns) == COLUMNS
    assert table["value"].tolist()[:2] == [1e-3, 2e-3]
    assert table["repeat"].tolist() == [0, 1, 0]
    assert table["status"].tolist() == ["ok", "ok", "oom"]
    assert pd.isna(table["value"][2])
    assert table["k"].isna().tolist() == [True, True, False]
    assert set(table["machine"]) == {"abc"}


def test_a_size_without_a_column_gets_one_behind_k():
    table = tidy_table([Measurement(Case("window", {"n": 8, "d": 4, "r": 2}), 0, 0, (1.0,))], "abc")
    assert list(table.columns)[4:8] == ["n", "d", "k", "r"]
    assert table["r"][0] == 2


def test_an_empty_table_has_its_columns():
    assert tuple(tidy_table([], "abc").columns) == COLUMNS
