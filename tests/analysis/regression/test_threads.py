"""Fits take one thread of OpenBLAS, and leave all others as they are."""

import numpy as np
import pytest
import torch
from layerlaw.analysis.expressions.reading import leading_part, parse
from layerlaw.analysis.fitting import law_fitting
from layerlaw.analysis.regression.threads import one_thread
from threadpoolctl import ThreadpoolController


def threads():
    """How many threads each OpenBLAS has."""
    found = ThreadpoolController().select(internal_api="openblas").info()
    return [each["num_threads"] for each in found]


@pytest.fixture(autouse=True)
def _two_threads():
    if not threads():
        pytest.skip("NumPy and SciPy come with another library than OpenBLAS here")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with ThreadpoolController().select(internal_api="openblas").limit(limits=2):
        yield
    torch.set_num_threads(before)


def test_openblas_has_one_thread_meanwhile_and_torch_as_many_as_before():
    assert set(threads()) == {2}
    with one_thread():
        assert set(threads()) == {1}
        assert torch.get_num_threads() == 2
    assert set(threads()) == {2}


def test_a_law_is_fitted_with_one_thread(monkeypatch):
    seen, fit_models = [], law_fitting.fit_models

    def watched(*arguments):
        seen.extend(threads())
        return fit_models(*arguments)

    monkeypatch.setattr(law_fitting, "fit_models", watched)
    n = np.array([[16.0], [32.0], [64.0], [128.0], [256.0]])
    lead = leading_part(parse("n**2"), ("n",))
    law = law_fitting.fit_law(n, 3e-9 * n[:, 0] ** 2, lead, lead.divisors())
    assert law.exponents[0].estimate == pytest.approx(2)
    assert set(seen) == {1}
    assert set(threads()) == {2}
