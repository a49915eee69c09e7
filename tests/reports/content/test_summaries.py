import dataclasses

import numpy as np
import pandas as pd
from layerlaw import analysis
from layerlaw.analysis import common_size
from layerlaw.analysis.breakpoints.breakpoint import Breakpoint, CapacityBreakpoint
from layerlaw.analysis.breakpoints.step_terms import StepTerm
from layerlaw.analysis.crossings.coverage import covers, span
from layerlaw.analysis.expressions.reading import leading_part, parse
from layerlaw.analysis.expressions.terms import Monomial
from layerlaw.analysis.laws.interpolation import exact_law
from layerlaw.analysis.laws.peaks import peak_law
from layerlaw.reports import sort_by_registry
from layerlaw.reports.content.formulas import law_text, order_text, term_sums, theory_text
from layerlaw.reports.content.law_names import law_variants
from layerlaw.reports.content.summaries import cost_name, summary_rows
from sympy import oo, symbols

from tests.helpers.known_laws import D, N, exact, rows


def test_a_row_says_what_a_reader_wants(fits):
    rnn, attention_row, mine = summary_rows(fits)
    assert (rnn.layer, rnn.title, rnn.theory) == ("rnn", "recurrent (Elman)", "O(n·d²)")
    assert (rnn.sequential_ops, rnn.path_length) == ("O(n)", "O(n)")
    assert attention_row.sequential_ops == "O(1)"
    assert [text.split()[0] for text in rnn.exponents] == ["n", "d"]
    assert rnn.verdict in {"matches", "differs", "unresolved"}
    assert rnn.variant == ""
    # A layer that the registry does not know has a law, and nothing of theory's.
    assert (mine.title, mine.theory, mine.verdict) == ("mine", "–", "–")
    assert (mine.sequential_ops, mine.path_length) == ("–", "–")
    assert mine.cost.endswith("s")


def test_costs_are_the_laws_prediction_at_the_common_size():
    fit = exact("attention", 2e-11, {"n": 2, "d": 1})
    assert common_size([fit]) == {"n": N[-1], "d": D[-1]}
    (row,) = summary_rows([fit])
    assert row.cost == "671 µs"  # 2e-11 · 512² · 128


def test_the_common_size_is_covered_by_every_law():
    wide = exact("rnn", 1.0, {"n": 1, "d": 2}, {"n": (16, 32, 64), "d": (64, 128, 256)})
    long = exact("attention", 1.0, {"n": 2, "d": 1}, {"n": (32, 64, 128), "d": (32, 64, 128)})
    flat = exact("attention_softmax", 1.0, {"n": 2}, {"n": (16, 64, 256)})
    assert common_size([wide, long, flat]) == {"n": 64, "d": 128}
    kernel = exact("conv", 1.0, {"n": 1, "d": 2, "k": 1}, {"n": N, "d": D, "k": (3, 5)})
    assert common_size([wide, long, flat, kernel]) == {"n": 64, "d": 128, "k": 5}
    assert common_size([]) == {}


def test_a_corner_that_was_too_expensive_to_measure_is_not_covered():
    fit = exact("attention", 1.0, {"n": 2, "d": 1})
    series = fit.series
    keep = series.sizes[:, 0] * series.sizes[:, 1] <= 512 * 8
    cut = dataclasses.replace(series, sizes=series.sizes[keep], values=series.values[keep])
    assert covers(cut, {"n": 32, "d": 128}).all()
    assert not covers(cut, {"n": 64, "d": 128}).any()
    assert not covers(cut, {"n": 8, "d": 8}).any()
    assert covers(cut, {"n": np.array([64.0, 512.0]), "d": 64.0}).tolist() == [True, False]
    assert span(cut, "n", {"d": 64}) == (16, 64)
    assert span(cut, "n", {"d": 4}) is None
    assert common_size([dataclasses.replace(fit, series=cut)]) == {"n": 64, "d": 64}


def test_laws_that_share_no_size_have_a_cost_where_most_are():
    small = exact("rnn", 1.0, {"n": 1}, {"n": (2, 4)})
    large = [exact(name, 1.0, {"n": 1}, {"n": (64, 128)}) for name in ("lstm", "gru")]
    assert common_size([small, *large]) == {"n": 128}
    assert [row.cost for row in summary_rows([small, *large])] == ["–", "128 s", "128 s"]


def test_exact_laws_are_told_at_the_size_of_the_others():
    def counts(metric, value, d):
        table = rows("mine", lambda n, d: 1.0, n=(2, 4, 8, 16), d=d)
        return table.assign(metric=metric, value=value(table["n"], table["d"]).astype(float))

    tables = [
        rows("mine", lambda n, d: 1e-6 * n * d),
        counts("flops", lambda n, d: n * d, d=(4, 8, 12)),
        counts("path_length", lambda n, d: n, d=(4,)),
    ]
    fits = analysis.fit(pd.concat(tables))
    assert common_size(fits) == {"n": N[-1], "d": D[-1]}
    timed, flops, path = summary_rows(fits)
    assert timed.cost.endswith("ms")
    assert flops.cost == "65.5 kFLOP"  # 512 · 128, far beyond its points
    assert path.cost == "–"  # counted at one width, which is another


def test_what_varies_tells_laws_of_one_layer_apart():
    table = pd.concat(
        [
            rows("rnn", lambda n, d: 1e-6 * n * d, device=device, dtype=dtype)
            for device, dtype in (("cpu", "float32"), ("cuda", "float32"), ("cuda", "float16"))
        ]
    )
    assert law_variants(analysis.fit(table)) == [
        "cpu, dtype float32",
        "cuda, dtype float32",
        "cuda, dtype float16",
    ]


def test_the_cost_is_named_after_its_metric():
    fit = exact("rnn", 1.0, {"n": 1})
    bytes_ = dataclasses.replace(fit, series=dataclasses.replace(fit.series, metric="peak_bytes"))
    assert cost_name([fit]) == "time"
    assert cost_name([bytes_]) == "peak memory"
    assert cost_name([fit, bytes_]) == "cost"
    assert summary_rows([bytes_])[0].cost == "512 B"


def test_laws_are_reported_in_the_order_of_the_registry(fits):
    assert [fit.series.layer for fit in sort_by_registry(fits)] == ["attention", "rnn", "mine"]


def test_one_point_has_neither_law_nor_cost():
    table = pd.concat([rows("rnn", lambda n, d: 1.0, n=(4,), d=(4,)), rows("lstm", lambda n, d: n)])
    row = summary_rows(analysis.fit(table))[0]
    assert (row.exponents, row.cost, row.verdict) == ((), "–", "unresolved")


def test_orders_are_written_as_in_a_textbook():
    n, d, k = symbols("n d k", positive=True)
    assert order_text(8 * d**2 * n + 4 * d * n**2) == "O(n²·d + n·d²)"
    assert order_text(n / k) == "O(n/k)"
    assert order_text(oo) == "∞"
    assert theory_text(exact("rnn", 1.0, {"n": 1, "d": 2})) == "O(n·d²)"


def test_a_law_is_written_with_units_and_its_fitted_exponents():
    fit = exact("rnn", 2e-9, {"n": 1, "d": 2}, overhead=1.5e-5)
    assert [[str(term) for term in each] for each in term_sums(fit.law, "seconds")] == [
        ["15 µs", "2 ns·n^1.00·d^2.00"]
    ]


def test_a_term_of_one_regime_says_where_it_holds():
    breakpoint = Breakpoint(Monomial((0.0, 2.0), (0, 0)), 100.0, 400.0)
    for beyond, sign in ((True, "≥"), (False, "<")):
        step = StepTerm(Monomial((1.0, 1.0), (0, 0)), breakpoint, beyond)
        law = dataclasses.replace(exact("rnn", 2e-9, {"n": 1, "d": 2}).law, terms=((1e-9, step),))
        assert str(term_sums(law, "seconds")[0][0]) == f"1 ns·n·d [d² {sign} 200]"


def test_a_term_that_comes_in_part_says_so():
    breakpoint = Breakpoint(Monomial((0.0, 1.0), (0, 0)), 25.0, 400.0, middle=100.0, part=0.3)
    law = exact("rnn", 2e-9, {"n": 1, "d": 2}).law
    for beyond, where in ((True, "d ≥ 50, 30% below 200"), (False, "d < 200, 70% from 50")):
        step = StepTerm(Monomial((1.0, 1.0), (0, 0)), breakpoint, beyond)
        stepped = dataclasses.replace(law, terms=((1e-9, step),))
        assert str(term_sums(stepped, "seconds")[0][0]) == f"1 ns·n·d [{where}]"


def test_a_term_that_comes_little_by_little_says_so():
    breakpoint = CapacityBreakpoint(Monomial((0.0, 1.0), (0, 0)), 100.0, 400.0, start=150.0)
    law = exact("rnn", 2e-9, {"n": 1, "d": 2}).law
    step = StepTerm(Monomial((1.0, 1.0), (0, 0)), breakpoint, beyond=True)
    (term, _), *_ = term_sums(dataclasses.replace(law, terms=((1e-9, step),)), "seconds")
    assert str(term) == "1 ns·n·d [d ≥ 150, the more the further beyond]"


def test_titles_come_from_the_registry():
    (row,) = summary_rows([exact("sdpa", 1.0, {"n": 2, "d": 1})])
    assert row.title == "scaled-dot-product attention"


def test_an_exact_law_is_written_with_all_its_digits():
    sizes = np.array(np.meshgrid([16, 32, 48, 64, 96], [16, 32, 48, 64, 96])).reshape(2, -1).T
    n, d = sizes.astype(float).T
    order = leading_part(parse("n*d + d**2"), ("n", "d"))
    law = exact_law(("n", "d"), sizes, 28 * n * d + 48 * d**2 - 36 * d + 12856, order)
    assert law_text(law, "peak_bytes") == ("peak memory = 12856 B - 36 B·d + 28 B·n·d + 48 B·d^2")
    peak = peak_law(("n", "d"), sizes, np.maximum(16 * d**2, 8 * n * d + 8 * d**2), order)
    assert law_text(peak, "peak_bytes") == ("peak memory = max(8 B·n·d + 8 B·d^2, 16 B·d^2)")


def test_a_size_of_one_value_stands_without_an_exponent():
    table = rows("rnn", lambda n, d: 1e-6 + 1e-9 * n * d**2)
    (row,) = summary_rows(analysis.fit(table[table["n"] == N[-1]]))
    assert row.exponents[0].startswith("d 2.0")
    assert row.exponents[1:] == (f"n – (one value, {N[-1]})",)
