"""Formulas that are derived from counts alone: they are theory's, at any size, or are refused."""

from functools import cache

import pytest
import torch
from layerlaw import layers
from layerlaw.analysis import ExactLaw, Verdict, fit
from layerlaw.experiments import exact_formulas, peak_formulas
from layerlaw.experiments.exact_formulas import LONG_SIZES, NotExact, count_formulas, formula
from layerlaw.layers import Textbook
from layerlaw.layers.core.theory import SYMBOLS, d, n, subs
from layerlaw.measure.cases.case import Case
from layerlaw.measure.cases.metric import metric_of
from layerlaw.measure.cases.table import tidy_table
from layerlaw.measure.counting.counts import COUNTED, count
from layerlaw.measure.counting.critical_path import trace
from layerlaw.measure.counting.flops import count_flops
from sympy import Integer, ceiling, expand, log, oo, sympify
from torch.nn import functional

from tests.helpers.sizes import complete

formulas = cache(count_formulas)

#: Layers of which something follows no formula: ⌈log₃ n⌉, and the binary ones of n − 1.
WITHOUT = {"dilated_stack", "ssm_scan"}
FORMULAS = [name for name in layers.names() if name not in WITHOUT]


@pytest.fixture(scope="module", name="name", params=FORMULAS)
def _name(request):
    """Name of a layer; its tests follow one another, so that one process derives its formulas."""
    return request.param


@pytest.mark.parametrize("metric", COUNTED)
def test_every_formula_is_theorys(name, metric):
    found = formulas(name)[metric]
    theory = getattr(layers.get(name).tied_theory(), metric_of(metric).exact)
    if theory.is_finite and theory.is_polynomial():
        assert expand(found.expression - theory) == 0
    for sizes in [*found.solved_at, *found.verified_at, LONG_SIZES]:
        assert subs(found.expression, sizes) == subs(theory, sizes)


def test_flops_hold_at_a_million_positions(name):
    """Where the layer loops, the formula says what nobody could trace."""
    found = formulas(name)["flops"]
    sizes = found.solved_at[0]
    layer = layers.get(name)
    long = trace(layer, {**sizes, "n": 32})
    loops = trace(layer, sizes).operations != long.operations
    far = [sizes for sizes in found.verified_at if sizes.items() <= LONG_SIZES.items()]
    assert len(far) == (not loops)
    if not loops:
        assert found.at(LONG_SIZES) == count_flops(layers.get(name), LONG_SIZES)
    assert found.at(LONG_SIZES) == subs(layers.get(name).tied_theory().flops, LONG_SIZES)


def test_no_size_is_both_solved_from_and_verified_at(name):
    for found in formulas(name).values():
        assert found.solved_at
        assert found.verified_at
        assert not any(sizes in found.solved_at for sizes in found.verified_at)


class Toy(Textbook):
    """A layer of no theory: a test gives what it computes."""

    name, title, formula = "toy", "toy", "?"

    def __init__(self, compute, **attributes):
        self.compute = compute
        self.__dict__.update(attributes)

    def forward(self, x, **weights):
        return self.compute(x, **weights)


def test_a_layer_without_theory_is_explained():
    layer = Toy(
        lambda x, W: torch.tanh(x @ W) + torch.softmax(x @ x.mT, dim=-1) @ x, weights={"W": (d, d)}
    )
    assert {metric: one.expression for metric, one in count_formulas(layer).items()} == {
        "flops": 4 * d * n**2 + 5 * n**2 + 2 * d**2 * n + 2 * d * n,
        "parameters": d**2,
        "sequential_ops": Integer(8),  # two products, softmax, sum
        "path_length": Integer(2),  # a value, its product, the sum
    }


def test_the_depth_of_a_fourier_transform_is_a_logarithm():
    layer = Toy(lambda x: torch.tanh(torch.fft.irfft(torch.fft.rfft(x, dim=1), x.shape[1], dim=1)))
    assert formula(layer, "sequential_ops").expression == 1 + 2 * ceiling(log(n, 2))


def test_a_stack_of_local_layers_has_the_length_of_a_ratio():
    def causal(x, W):  # each position and the two before it
        return functional.conv1d(functional.pad(x.mT, (2, 0)), W).mT

    layer = Toy(causal, weights={"W": (d, d, 3)})
    assert count_formulas(layer)["path_length"].expression == ceiling((n - 1) / 2)


def test_a_signal_that_never_arrives():
    assert count_formulas(Toy(torch.tanh))["path_length"].expression == oo


def test_counts_that_no_formula_gives_are_refused():
    def scattered(x):
        for _ in range(x.shape[1] ** 2 * 7919 % 13):
            x = torch.tanh(x)
        return x

    with pytest.raises(NotExact, match="the flops of layer 'toy': no formula"):
        count_formulas(Toy(scattered))


def test_a_formula_that_does_not_hold_at_larger_sizes_is_refused():
    def longer(x):
        return torch.tanh(x) if x.shape[1] <= 32 else torch.tanh(torch.exp(x))

    with pytest.raises(NotExact, match=r"flops .*: d\*n gives 1000 at .*'n': 50.*, not 2000"):
        count_formulas(Toy(longer))


def test_a_path_that_some_sizes_lack_is_refused():
    def short_sighted(x):  # long sequences are multiplied by zero
        return x @ x.mT @ x * float(x.shape[1] < 8)

    with pytest.raises(NotExact, match=r"path_length .* never at others"):
        count_formulas(Toy(short_sighted))


@pytest.mark.parametrize("metric", ["flops", "path_length"])
def test_without_time_to_verify_a_formula_there_is_none(metric, monkeypatch):
    monkeypatch.setattr(exact_formulas, "_VERIFYING", 0.0)
    with pytest.raises(NotExact, match=f"the {metric} of .* before a formula is verified at any"):
        formula(Toy(torch.tanh), metric)


def test_without_time_to_verify_a_peak_there_is_none(monkeypatch):
    monkeypatch.setattr(peak_formulas, "_VERIFYING", 0.0)
    with pytest.raises(NotExact, match="before a formula is verified at any"):
        peak_formulas.peak_formula("dense", "forward_peak_bytes")


def test_an_unknown_operation_is_refused_by_name():
    with pytest.raises(NotImplementedError, match=r"aten\.digamma"):
        count_formulas(Toy(torch.digamma))


@pytest.mark.parametrize("each", layers.names())
def test_the_rows_of_a_run_have_exact_laws_that_match(each):
    cases = [Case(each, complete({"n": 64, "d": 64, "k": 3}))]
    for found in fit(tidy_table((row for one in count(cases) for row in one), "machine")):
        theory = getattr(layers.get(each).tied_theory(), metric_of(found.series.metric).exact)
        if not theory.is_rational_function() or theory.as_numer_denom()[1] != 1:
            continue  # a logarithm or a quotient: no polynomial
        assert isinstance(found.law, ExactLaw)
        assert found.judgement.verdict is Verdict.MATCHES
        at = complete({"n": 32, "d": 4, "k": 3})
        assert subs(sympify(found.law.expression, SYMBOLS), at) == subs(theory, at)
