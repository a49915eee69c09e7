import pytest
from layerlaw.analysis.formatting.numbers import number
from layerlaw.analysis.formatting.units import join_words, metric_title, quantity, sizes_text


@pytest.mark.parametrize(
    ("value", "metric", "text"),
    [
        (1.234e-12, "seconds", "1.23 ps"),
        (5e-9, "seconds", "5 ns"),
        (999.96e-6, "seconds", "1 ms"),
        (0.0123456, "seconds", "12.3 ms"),
        (75.0, "seconds", "75 s"),
        (7200.0, "seconds", "7.2 ks"),
        (512.0, "peak_bytes", "512 B"),
        (3 * 2**30, "peak_bytes", "3 GiB"),
        (2.5e9, "flops", "2.5 GFLOP"),
        (12.0, "sequential_ops", "12"),
        (0.5, "unheard_of", "0.5"),
        (0.0, "seconds", "0 s"),
        (float("nan"), "seconds", "–"),
        (float("inf"), "flops", "–"),
    ],
)
def test_quantities_have_few_digits_and_the_unit_of_their_metric(value, metric, text):
    assert quantity(value, metric) == text


def test_sizes_are_written_as_whole_numbers():
    assert sizes_text({"n": 16384.0, "d": 64.0}) == "n = 16384, d = 64"
    assert number(1e9) == "1e+09"


def test_metrics_have_names_for_readers():
    assert metric_title("seconds") == "time"
    assert metric_title("joules_per_token") == "joules per token"


@pytest.mark.parametrize(
    ("words", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (list("abc"), "a, b and c")],
)
def test_lists_read_as_sentences_do(words, text):
    assert join_words(words) == text
