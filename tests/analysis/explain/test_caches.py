"""The cache that a breakpoint belongs to is named where one is, and none elsewhere."""

import dataclasses

from layerlaw.analysis.breakpoints.breakpoint import Breakpoint
from layerlaw.analysis.breakpoints.step_terms import StepTerm
from layerlaw.analysis.explain import caches
from layerlaw.analysis.explain.caches import caches_of
from layerlaw.analysis.expressions.terms import Monomial

from tests.helpers.known_laws import exact

D = (128, 256, 512, 1024, 2048)
CACHES = {"L1": 32 * 2**10, "L2": 2 * 2**20, "L3": 480 * 2**20}


def outgrown(fit, sizes):
    return caches.outgrown_cache(fit.series, fit.law, sizes)


def outgrown_at(fit, at, sizes):
    return caches.outgrown_cache_at(fit.series, fit.law, at, sizes)


def stepped(layer, axis, low, high):
    """A law with a breakpoint between two values of a size."""
    fit = exact(layer, 1e-9, {"n": 1, "d": 2}, {"n": (16, 32, 64), "d": D})
    along = Monomial((0.0, 1.0) if axis == "d" else (1.0, 0.0), (0, 0))
    step = StepTerm(Monomial((1.0, 2.0), (0, 0)), Breakpoint(along, low, high), beyond=True)
    law = dataclasses.replace(fit.law, terms=((1e-10, step),))
    return dataclasses.replace(fit, law=law)


def test_weights_that_outgrow_a_cache_name_it():
    # A recurrent layer's two matrices: 2·d² elements of four bytes, 2 MiB at d = 512.
    text = outgrown(stepped("rnn", "d", 512, 1024), CACHES)
    assert text == "the weights outgrow the level-2 cache of 2 MiB"


def test_a_border_that_no_cache_lies_near_has_no_name():
    assert outgrown(stepped("rnn", "d", 512, 1024), {"L3": 480 * 2**20}) == ""
    assert outgrown(stepped("rnn", "d", 512, 1024), {}) == ""


def test_a_layer_of_ones_own_has_no_weights_that_are_known():
    fit = stepped("rnn", "d", 512, 1024)
    own = dataclasses.replace(fit, series=dataclasses.replace(fit.series, layer="mine"))
    assert outgrown(own, CACHES) == ""


def test_a_law_without_a_border_outgrows_nothing():
    assert outgrown(exact("rnn", 1e-9, {"n": 1, "d": 2}), CACHES) == ""


def test_weights_do_not_outgrow_a_cache_along_a_size_they_do_not_depend_on():
    text = outgrown(stepped("rnn", "n", 16, 32), {"L2": 2 * 2**20})
    assert "weights" not in text


def test_a_prediction_beyond_a_cache_that_all_points_fit_says_so():
    fit = exact("attention", 1e-11, {"n": 2, "d": 1}, {"n": (64, 128, 256), "d": (16, 64)})
    # Two n × n temporaries, three inputs and an output of n × d, four bytes each.
    assert outgrown_at(fit, {"n": 256, "d": 64}, CACHES) == ""
    assert outgrown_at(fit, {"n": 512, "d": 64}, CACHES) == (
        "what a pass holds outgrows the level-2 cache of 2 MiB, which no point's did"
    )
    assert "last-level cache of 480 MiB" in outgrown_at(fit, {"n": 2**15, "d": 64}, CACHES)
    assert outgrown_at(fit, {"n": 2**15, "d": 64}, {}) == ""
    is_external = dataclasses.replace(fit, series=dataclasses.replace(fit.series, device="cuda"))
    assert outgrown_at(is_external, {"n": 2**15, "d": 64}, CACHES) == ""


def test_caches_are_known_where_bytes_are_counted_as_they_were_measured():
    case = {"dtype": "float32", "batch": 1}
    assert caches_of({"caches": CACHES}, {"cases": [case]}) == CACHES
    assert caches_of({"caches": CACHES}, {"cases": [{**case, "dtype": "float64"}]}) == {}
    assert caches_of({"caches": CACHES}, {"cases": [{**case, "batch": 8}]}) == {}
    assert caches_of({}, {}) == {}
