"""The recall task and its training, and the record of it all."""

import json

import numpy as np
import pytest
import torch
from layerlaw.studies.gradients import experiment, recall
from layerlaw.studies.gradients.jacobians import Subject

SIZES = {"n": 12, "d": 8}


def quiet(done, total, what):
    pass


def test_sequences_hold_one_symbol_and_end_with_the_question():
    where = torch.arange(11).repeat(20)
    tokens, symbols = recall.draw_sequences(where, 12, torch.Generator().manual_seed(0))
    assert (tokens[torch.arange(220), where] == symbols).all()
    assert ((tokens < recall.SYMBOLS).sum(dim=1) == 1).all()
    assert (tokens[:, -1] == 2 * recall.SYMBOLS).all()
    assert set(symbols.tolist()) == set(range(recall.SYMBOLS))


def test_a_network_learns_to_recall_what_its_layer_carries():
    model = recall.build_recaller(Subject("linear_attention_recurrent"), SIZES, 0)
    before = recall.evaluate_recall(model, 12, 0)
    assert list(recall.train(model, 12, 120, 0)) == [50, 100, 120]
    after = recall.evaluate_recall(model, 12, 0)
    assert before.accuracy < 0.3
    assert min(after.accuracy, after.far) > 0.9
    assert after.norms.shape == (12,)
    assert np.isnan(after.norms[0])
    assert (after.norms[1:] > before.norms[1:]).all()


def test_what_lies_beyond_the_reach_is_guessed():
    model = recall.build_recaller(Subject("conv"), SIZES, 0)
    for _ in recall.train(model, 12, 200, 0):
        pass
    found = recall.evaluate_recall(model, 12, 0)
    assert found.accuracy > 0.2  # 2 of 11 places, and one in eight of the others
    assert found.far < 0.25
    assert (found.norms[3:] == 0).all()


def test_examining_leaves_the_model_as_it_was():
    model = recall.build_recaller(Subject("gru"), SIZES, 0)
    first = recall.evaluate_recall(model, 12, 0)
    assert model.readout.weight.dtype == torch.float32
    np.testing.assert_array_equal(recall.evaluate_recall(model, 12, 0).norms, first.norms)


@pytest.fixture(scope="module")
def record():
    some = [Subject("lstm", 0.0), Subject("conv", depth=2)]
    return {
        "initial": experiment.measure_at_initialisation(some, SIZES, 2, quiet),
        "trained": experiment.measure_training(some, SIZES, 2, 3, quiet),
    }


def test_a_record_is_json_and_says_where_it_comes_from(record):
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    for part in record.values():
        assert part["sizes"] == SIZES
        assert part["seeds"] == 2
        assert part["machine"]["torch"] == torch.__version__
        assert [each["layer"] for each in part["profiles"]] == ["lstm", "conv"]
        assert [each["variant"] for each in part["forgetting"]] == ["forget bias 0"]
    assert np.shape(record["initial"]["profiles"][0]["norms"]) == (2, 12)
    assert [each["depth"] for each in record["initial"]["fields"]] == [2, 4, 8, 16]
    after = record["trained"]["profiles"][1]["after"]
    assert np.shape(after) == (2, 12)
    assert after[0][0] is None


def test_a_record_is_made_again_from_the_same_seeds(record):
    again = experiment.measure_at_initialisation([Subject("lstm", 0.0)], SIZES, 2, quiet)
    assert again["profiles"][0] == record["initial"]["profiles"][0]
    trained = experiment.measure_training([Subject("lstm", 0.0)], SIZES, 2, 3, quiet)
    assert trained["profiles"][0] == record["trained"]["profiles"][0]


def test_threads_are_given_back(record):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        experiment.measure_at_initialisation([Subject("rnn")], SIZES, 2, quiet)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_progress_goes_up_to_the_whole():
    told = []
    experiment.measure_training(
        [Subject("rnn")], SIZES, 2, 60, lambda done, total, what: told.append((done, total, what))
    )
    assert [done for done, _, _ in told] == [50, 60, 110, 120]
    assert {total for _, total, _ in told} == {121}
    assert told[0][2] == "training rnn"
