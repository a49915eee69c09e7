import numpy as np
import pandas as pd
import pytest
from layerlaw.analysis import fit
from layerlaw.layers import get, names
from layerlaw.measure import Case, tidy_table
from layerlaw.measure.counting.counts import count
from layerlaw.reports.content.counts import count_reasons, counts_info, counts_table, split_counts


def rows(layer, metric, value, n=(16, 32, 64, 128), d=(16, 32, 64)):
    return pd.DataFrame(
        [
            {
                "layer": layer,
                "device": "cpu",
                "mode": "forward",
                "metric": metric,
                "n": float(x),
                "d": float(y),
                "value": float(value(x, y)),
            }
            for x in n
            for y in d
        ]
    )


@pytest.mark.parametrize("name", [name for name in names() if name != "ssm_scan"])
def test_what_is_counted_of_a_layer_is_theory_s_to_the_last_digit(name):
    layer = get(name)
    case = Case(name, dict.fromkeys(layer.axes, 16))
    table = tidy_table([one for made in count([case]) for one in made], "")
    (info,) = counts_info(fit(table))
    assert {cell.sign for cell in info.cells.values()} == {"✓"}
    assert "sequential_ops" in info.cells
    assert list(count_reasons([info])) == []


def test_a_count_of_theory_s_order_alone_is_not_theory_s():
    table = rows("attention", "flops", lambda n, d: 4 * n**2 * d + 6 * n**2)
    (info,) = counts_info(fit(table))
    assert str(info.cells["flops"]) == "≠ 6 FLOP·n^2 + 4 FLOP·n^2·d"
    assert list(count_reasons([info])) == [("attention, FLOPs", "theory says 4·d·n² + 5·n²")]


def test_peak_memory_is_held_against_its_order():
    right = rows("attention", "peak_bytes", lambda n, d: 8 * n**2 + 4 * n * d)
    wrong = rows("rnn", "peak_bytes", lambda n, d: 8 * n**2)
    one, other = counts_info(fit(pd.concat([right, wrong], ignore_index=True)))
    assert counts_table([one]).rows[0] == ("attention", "–", "–", "–", "–", "✓ 8 B·n^2 + 4 B·n·d")
    assert other.cells["peak_bytes"].sign == "≠"
    assert other.cells["peak_bytes"].text == "n 2, d 0"
    ((what, why),) = count_reasons([other])
    assert what == "rnn, peak memory"
    assert "theory 1" in why


def test_a_layer_that_nobody_knows_has_its_formula_without_a_sign():
    (info,) = counts_info(fit(rows("mine", "flops", lambda n, d: 2 * n * d + 3)))
    assert str(info.cells["flops"]) == "3 FLOP + 2 FLOP·n·d"


def test_counts_go_beside_times_and_stand_alone_without_them():
    times = rows("attention", "seconds", lambda n, d: 1e-6 + 1e-9 * n**2 * d)
    flops = rows("attention", "flops", lambda n, d: 4 * n**2 * d)
    energy = rows("attention", "joules", lambda n, d: 1e-9 * n**2 * d)
    both = fit(pd.concat([times, flops], ignore_index=True))
    main, beside = split_counts(both)
    assert [one.series.metric for one in main + beside] == ["seconds", "flops"]
    assert len(main) == 1
    assert split_counts(beside) == (beside, [])
    other = fit(pd.concat([times, energy], ignore_index=True))
    assert split_counts(other) == (other, []), "what is no count is what a report is about"


def test_rows_are_as_wide_as_their_head():
    (info,) = counts_info(fit(rows("attention", "flops", lambda n, d: 4 * n**2 * d)))
    table = counts_table([info])
    assert len(table.rows[0]) == len(table.head)
    assert np.unique(table.head).size == len(table.head)
