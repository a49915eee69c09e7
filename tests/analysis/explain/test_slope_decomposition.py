"""Each cause of a gap provoked alone: it is named, the others are not; together they add up."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from layerlaw.analysis import TableError, fit
from layerlaw.analysis.explain.slope_decomposition import slope_gaps
from layerlaw.analysis.expressions.reading import leading_part, parse
from layerlaw.analysis.tables.series import Parts, Series

SIZES = np.array(list(product((32.0, 64, 128, 256, 512), (16.0, 32, 64, 128))))
N, D = SIZES.T
FLOPS = 4 * N**2 * D
NONE = np.full(len(N), 1e-15)
CAUSES = ("overhead", "lower_order", "rate", "unexplained")


def explained(flops=FLOPS, products=FLOPS / 1e11, others=NONE, calls=NONE, times=None):
    parts = Parts(np.ones(len(N), dtype=bool), flops, products, others, calls)
    times = products + others + calls if times is None else times
    series = Series("x", "cpu", "forward", "seconds", {}, ("n", "d"), {}, SIZES, times, parts=parts)
    return slope_gaps(series, leading_part(parse("n**2*d"), ("n", "d")))


def causes(gap):
    return {cause: getattr(gap, cause) for cause in CAUSES}


def test_without_a_cause_there_is_no_gap():
    for gap, degree in zip(explained(), (2, 1), strict=True):
        assert gap.slope == pytest.approx(degree)
        assert gap.theory == pytest.approx(degree)
        assert list(causes(gap).values()) == pytest.approx([0] * 4, abs=1e-6)


@pytest.mark.parametrize(
    ("cause", "given", "axes"),
    [
        ("overhead", {"calls": np.full(len(N), 1e-4)}, "nd"),
        ("lower_order", {"others": 1e-9 * N**2}, "d"),
        ("lower_order", {"flops": FLOPS + 8 * N * D**2, "products": (FLOPS + 8 * N * D**2) / 1e11},
         "nd"),
        ("rate", {"products": FLOPS / 1e11 * (1 + 100 / N)}, "n"),
        ("rate", {"products": FLOPS / 1e11 * (1 + D / 100)}, "d"),
        ("unexplained", {"times": FLOPS / 1e11 * N**0.3}, "n"),
    ],
)  # fmt: skip
def test_a_cause_alone_is_named_and_no_other(cause, given, axes):
    for gap in explained(**given):
        found = causes(gap)
        own = found.pop(cause)
        assert own == pytest.approx(gap.slope - gap.theory, abs=1e-6)
        assert (abs(own) > 0.05) == (gap.axis in axes)
        assert list(found.values()) == pytest.approx([0] * 3, abs=1e-6)


shares = st.lists(st.floats(1e-9, 1e-2), min_size=len(N), max_size=len(N)).map(np.array)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(products=shares, others=shares, calls=shares, times=shares)
def test_causes_add_up_whatever_the_parts_are(products, others, calls, times):
    for gap in explained(FLOPS, products, others, calls, times):
        assert sum(causes(gap).values()) == pytest.approx(gap.slope - gap.theory, abs=1e-9)


def test_a_table_that_has_parts_explains_its_slopes(table_of):
    times = FLOPS / 1e11 + 1e-4
    rows = [table_of("attention", SIZES, times)]
    for metric, values in {
        "product_flops": FLOPS,
        "product_seconds": FLOPS / 1e11,
        "call_seconds": np.full(len(N), 1e-4),
    }.items():
        rows.append(table_of("attention", SIZES[:-1], values[:-1]).assign(metric=metric))
    (one,) = fit(pd.concat(rows, ignore_index=True))
    assert one.series.parts.available.sum() == len(N) - 1, "the last point's parts are not known"
    for gap in one.slope_gaps:
        assert gap.overhead == pytest.approx(gap.slope - gap.theory, abs=1e-6)
    assert {each["axis"] for each in one.to_dict()["gaps"]} == {"n", "d"}


def test_a_point_without_all_its_parts_is_not_known(table_of):
    rows = [table_of("attention", SIZES, FLOPS / 1e11 + 1e-4)]
    for metric, values, kept in (
        ("product_flops", FLOPS, len(N)),
        ("product_seconds", FLOPS / 1e11, len(N) - 3),
        ("call_seconds", np.full(len(N), 1e-4), len(N)),
    ):
        rows.append(table_of("attention", SIZES[:kept], values[:kept]).assign(metric=metric))
    (one,) = fit(pd.concat(rows, ignore_index=True))
    assert one.series.parts.available.sum() == len(N) - 3
    for gap in one.slope_gaps:
        assert gap.overhead == pytest.approx(gap.slope - gap.theory, abs=1e-6)


def test_parts_move_no_law(rows):
    passes = rows.assign(round=rows["repeat"] % 3, process=0)
    beside = [
        passes.assign(metric=metric, process=1, value=1.0, round=7)
        for metric in ("product_flops", "product_seconds", "call_seconds", "check_seconds")
    ]
    ((alone,), (with_parts,)) = (
        fit(table, {"mine": "n*d**2"})
        for table in (passes, pd.concat([passes, *beside], ignore_index=True))
    )
    assert str(alone.law) == str(with_parts.law)
    assert alone.series.between_round_sd == with_parts.series.between_round_sd
    assert with_parts.series.parts.available.all()


def test_parts_alone_are_no_law(rows):
    with pytest.raises(TableError, match="only parts and checks of passes"):
        fit(rows.assign(metric="product_seconds"))


def test_a_table_without_parts_explains_nothing(rows):
    (one,) = fit(rows, {"mine": "n*d**2"})
    assert one.slope_gaps == []
    assert one.to_dict()["gaps"] == []


def test_the_reason_of_an_exponent_that_differs_says_what_makes_up_its_slope(table_of):
    rows = [table_of("attention", SIZES, FLOPS / 1e11 * N**0.5)]
    parts = (FLOPS, FLOPS / 1e11, NONE)
    for metric, values in zip(
        ("product_flops", "product_seconds", "call_seconds"), parts, strict=True
    ):
        rows.append(table_of("attention", SIZES, values).assign(metric=metric))
    (one,) = fit(pd.concat(rows, ignore_index=True))
    assert one.judgement.verdict.value == "differs"
    said = (
        "the slope in n is 2.50 at the mean, of which theory 2, overhead 0, lower-order work 0, "
        "rate 0, unexplained +0.50"
    )
    assert one.reason.endswith(said)
