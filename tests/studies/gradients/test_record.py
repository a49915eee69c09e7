"""dependencies.json: what cannot be used is one line with the place, the value and what to do."""

import copy
import json
from pathlib import Path

import pytest
from layerlaw.studies.gradients.record import RECORD_FILE, RecordError, fit_record, read_record
from layerlaw.studies.gradients.section import read_section

RECORD = Path(__file__).parents[3] / "docs" / "dependencies" / RECORD_FILE


@pytest.fixture(scope="module", name="whole")
def _whole():
    return json.loads(RECORD.read_text(encoding="utf-8"))


def changed(whole, place, value):
    made = copy.deepcopy(whole)
    parent = made
    *steps, last = place
    for step in steps:
        parent = parent[step]
    parent[last] = value
    return made


def refusal(tmp_path, content):
    (tmp_path / RECORD_FILE).write_text(json.dumps(content))
    with pytest.raises(RecordError) as error:
        read_section(tmp_path)
    message = str(error.value)
    assert message.startswith(str(tmp_path / RECORD_FILE))
    assert len(message) <= 300
    assert message.isprintable()
    return message


PROFILE = ("initial", "profiles", 0)
GATES = ("initial", "forgetting", 0)


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (("initial",), [], "initial is an array: expected object"),
        (("initial", "machine"), "x", "initial.machine is 'x': expected object"),
        (("initial", "sizes", "n"), "x", "initial.sizes.n is 'x': expected int"),
        (("initial", "seeds"), 10**300, "initial.seeds is 1000"),
        ((*PROFILE, "layer"), None, "initial.profiles[0].layer is null: expected str"),
        ((*PROFILE, "norms", 1, 2), "x", "initial.profiles[0].norms[1][2] is 'x': expected float"),
        ((*PROFILE, "norms", 1, 2), -1, "initial.profiles[0].norms[1][2] is -1: expected float"),
        ((*PROFILE, "norms", 1, 2), float("nan"), "norms[1][2] is NaN: expected float"),
        ((*PROFILE, "norms", 1), [1.0], "initial.profiles[0]: norms must have rows of one length"),
        ((*PROFILE, "norms"), [], "initial.profiles[0]: norms must have rows of one length"),
        ((*GATES, "mean_gate"), [0.5], "initial.forgetting[0]: mean_gate must have the numbers"),
        ((*GATES, "mean_gate", 0), 2, "initial.forgetting[0].mean_gate[0] is 2: expected float"),
        ((*GATES, "true"), [[0.0] * 9] * 3, "initial.forgetting[0]: a law needs 4 distances"),
        (("initial", "fields", 0, "widths", 0), None, "widths[0] is null: expected float"),
        (("trained", "profiles", 0, "far"), [], "trained.profiles[0]: far must have the numbers"),
        (("unfinished",), {"x": {"seconds": -1}}, "unfinished.x.seconds is -1: expected float"),
    ],
)
def test_values_of_wrong_types_lengths_and_ranges(tmp_path, whole, place, value, says):
    message = refusal(tmp_path, changed(whole, place, value))
    assert says in message
    remedy = "not a record of `layerlaw dependencies`: delete it, or name another folder"
    assert message.endswith(remedy)


def test_what_is_missing_is_named(tmp_path, whole):
    made = copy.deepcopy(whole)
    del made["initial"]["profiles"][1]["norms"]
    assert "initial.profiles[1] has no norms" in refusal(tmp_path, made)


def test_nothing_known_at_distance_1_is_shown_without_a_warning(tmp_path, whole):
    norms = whole["initial"]["profiles"][0]["norms"]
    unknown = [[row[0], None, *row[2:]] for row in norms]
    made = changed(whole, (*PROFILE, "norms"), unknown)
    made = changed(made, (*GATES, "true"), [[row[0], 0.0, *row[2:]] for row in norms])
    (tmp_path / RECORD_FILE).write_text(json.dumps(made))
    assert read_section(tmp_path) is not None


def test_norms_that_scatter_beyond_all_measure_have_no_law(whole):
    rows = [[1.0, *(5e-324 if at % 2 else 1e308 for at in range(20))] for _ in range(3)]
    found = fit_record(changed(whole, (*PROFILE, "norms"), rows))
    assert found.initial[0].law is None
    assert "scatter" in found.initial[0].why


def test_a_folder_in_place_of_the_file(tmp_path):
    (tmp_path / RECORD_FILE).mkdir()
    with pytest.raises(RecordError, match="it is a folder, not a file"):
        read_section(tmp_path)
    assert read_section(tmp_path / "elsewhere") is None


def test_a_record_is_read_as_it_was_written(whole):
    assert read_record(RECORD) == whole
