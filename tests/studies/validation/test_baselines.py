import importlib.util
import os
import sys
import textwrap

import numpy as np
import pytest
from layerlaw.analysis.expressions.reading import leading_part, parse
from layerlaw.studies.validation.baselines import (
    BaselineData,
    BaselineError,
    BigO,
    ExtraP,
    LogLogLine,
    comparable_exponents,
)

N, D = 2.0 ** np.arange(5, 12), 2.0 ** np.arange(4, 11)
GRID = np.array(np.meshgrid(N, D, indexing="ij")).reshape(2, -1).T

needs_big_o = pytest.mark.skipif(
    importlib.util.find_spec("big_o") is None, reason="big_O is not installed"
)
EXTRAP = os.environ.get("LAYERLAW_EXTRAP", "")
needs_extrap = pytest.mark.skipif(
    not EXTRAP, reason="LAYERLAW_EXTRAP names no interpreter that has Extra-P"
)


def along_n(law):
    return BaselineData(("n",), N[:, None], law(N))


def on_grid(law, sizes=GRID):
    return BaselineData(("n", "d"), sizes, law(*sizes.T))


def cost(n, d):
    return 1e-12 * n**2 * d + 1e-6


def two_lead(n, d):
    return 1e-12 * (n**2 * d + n * d**2)


def test_a_line_finds_a_power_and_predicts_it():
    law = LogLogLine().fit(on_grid(lambda n, d: 3e-9 * n**2 * d**0.5))
    assert law.exponents == pytest.approx([2, 0.5])
    assert law.predict(np.array([[4096.0, 64]])) == pytest.approx(3e-9 * 4096**2 * 8)
    assert not law.failure


def test_a_line_has_no_law_where_the_axes_are_one():
    law = LogLogLine().fit(on_grid(cost, np.array([[32.0, 16], [64, 32], [128, 64]])))
    assert np.isnan(law.exponents).all()
    assert np.isnan(law.predict(GRID)).all()
    assert "too few points" in law.failure


@pytest.mark.parametrize("order", ["n**2*d", "8*n*d**2 + 4*n**2*d", "n*log(n)*d"])
def test_theorys_sums_and_logarithms_are_no_errors(order):
    theory = leading_part(parse(order), ("n", "d"))
    points = BaselineData(("n", "d"), GRID, theory.column(GRID))
    (found,) = comparable_exponents(LogLogLine(), [(points, theory)])
    assert found == pytest.approx([theory.degree("n"), theory.degree("d")])


@needs_big_o
@pytest.mark.parametrize(
    ("law", "exponent"),
    [
        (lambda n: 1e-6 + 0 * n, 0),
        (lambda n: 1e-6 * np.log(n), 1 / np.log(N[-1])),
        (lambda n: 1e-6 + 1e-9 * n, 1),
        (lambda n: 1e-9 * n * np.log(n), 1 + 1 / np.log(N[-1])),
        (lambda n: 1e-6 + 1e-9 * n**2, 2),
        (lambda n: 1e-6 + 1e-9 * n**3, 3),
        (lambda n: 1e-9 * n**1.5, 1.5),
        (lambda n: 1e-9 * np.exp(n / 100), N[-1] / 100),
    ],
)
def test_big_o_tells_its_classes_apart_however_small_the_times(law, exponent):
    found = BigO().fit(along_n(law))
    assert found.exponents == pytest.approx([exponent], abs=1e-9)
    assert found.predict(N[:, None]) == pytest.approx(law(N))


@needs_big_o
def test_big_o_fits_each_axis_and_predicts_none_of_several():
    law = BigO().fit(on_grid(cost))
    assert law.exponents == pytest.approx([2, 1])
    assert np.isnan(law.predict(GRID)).all()


@needs_big_o
def test_big_o_has_no_exponent_along_an_axis_without_a_line():
    corner = (GRID[:, 0] < N[-1]) | (GRID[:, 1] > D[-3])
    law = BigO().fit(on_grid(cost, GRID[corner]))
    assert law.exponents == pytest.approx([2, np.nan], nan_ok=True)
    assert law.failure == "d: fewer than 3 values at the largest other sizes"


def test_big_o_that_is_not_there_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "big_o", None)
    with pytest.raises(BaselineError, match=r"pip install 'layerlaw\[baselines\]'"):
        BigO()


@needs_extrap
def test_extra_p_finds_a_product_and_its_overhead():
    law = ExtraP(EXTRAP).fit(on_grid(cost))
    assert law.exponents == pytest.approx([2, 1])
    assert law.predict(4 * GRID) == pytest.approx(cost(*4 * GRID.T))


@needs_extrap
def test_extra_p_has_no_two_terms_along_one_axis():
    law = ExtraP(EXTRAP).fit(on_grid(two_lead))
    off = np.abs(law.predict(4 * GRID) / two_lead(*4 * GRID.T) - 1)
    assert np.median(off) > 0.1


@needs_extrap
def test_extra_p_fits_many_in_one_go_and_fails_in_one_alone():
    laws = ExtraP(EXTRAP).fit_all(
        [
            along_n(lambda n: 1e-9 * n**1.5),
            BaselineData(("n",), np.empty((0, 1)), np.empty(0)),
            along_n(lambda n: 1e-6 + 0 * n),
        ]
    )
    assert laws[0].exponents == pytest.approx([1.5])
    assert np.isnan(laws[1].exponents).all()
    assert laws[1].failure
    assert laws[2].exponents == pytest.approx([0])


@needs_extrap
def test_extra_p_takes_a_grid_with_points_missing():
    keep = np.random.default_rng(0).random(len(GRID)) < 0.9
    assert ExtraP(EXTRAP).fit(on_grid(cost, GRID[keep])).exponents == pytest.approx([2, 1])


@pytest.fixture
def interpreter(tmp_path):
    """Make a stand-in for the interpreter: a script that is run in its place."""

    def make(code):
        path = tmp_path / "python"
        path.write_text(f"#!{sys.executable}\nimport json, sys\n{textwrap.dedent(code)}")
        path.chmod(0o755)
        return str(path)

    return make


def test_each_case_is_a_line_and_so_is_each_law(interpreter):
    python = interpreter(
        """
        for line in sys.stdin:
            sizes, values = json.loads(line)
            law = {"constant": values[0], "coefficients": [2, 3], "powers": [[1.5, 0], [0, 0.5]]}
            print(json.dumps({**law, "logarithms": [[0, 0], [0, 2]]}))
        """
    )
    first, second = ExtraP(python).fit_all([on_grid(cost), on_grid(two_lead)])
    assert first.exponents == pytest.approx([1.5, 0.5 + 2 / np.log(D[-1])])
    n, d = GRID.T
    terms = 2 * n**1.5 + 3 * d**0.5 * np.log2(d) ** 2
    assert first.predict(GRID) == pytest.approx(cost(N[0], D[0]) + terms)
    assert second.predict(GRID) == pytest.approx(two_lead(N[0], D[0]) + terms)


def test_a_constant_law_has_exponents_of_0(interpreter):
    answer = '{"constant": 2, "coefficients": [], "powers": [], "logarithms": []}'
    law = ExtraP(interpreter(f"print('{answer}')")).fit(on_grid(cost))
    assert law.exponents == pytest.approx([0, 0])
    assert law.predict(GRID) == pytest.approx(np.full(len(GRID), 2))


def test_a_case_that_failed_over_there_is_missing(interpreter):
    python = interpreter("""print('{"failure": "ValueError: no points"}')""")
    law = ExtraP(python).fit(on_grid(cost))
    assert np.isnan(law.exponents).all()
    assert law.failure == "ValueError: no points"


@pytest.mark.parametrize(
    "answer",
    ["hello", "3", '{"constant": 1}', "", '{"constant":1,"coefficients":[1],"powers":[[1]]}'],
)
def test_an_answer_that_is_no_law_is_shown(interpreter, answer):
    python = interpreter(f"print({answer!r})")
    with pytest.raises(BaselineError, match=r"python: .*answer 1 is not a law: '") as error:
        ExtraP(python).fit(on_grid(cost))
    assert repr(answer) in str(error.value)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("sys.exit('out of luck')", "exit status 1: out of luck"),
        ("sys.exit(3)", "exit status 3: no message"),
        ("raise ImportError(\"No module named 'extrap'\")", "python -m pip install extrap==4.2.5"),
        ("print('{}')", "1 answers to 2 cases"),
        ("pass", "0 answers to 2 cases"),
    ],
)
def test_an_interpreter_that_fails_is_named(interpreter, code, message):
    with pytest.raises(BaselineError, match=message):
        ExtraP(interpreter(code)).fit_all([on_grid(cost)] * 2)


def test_an_interpreter_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BaselineError, match="cannot be started: No such file"):
        ExtraP(str(tmp_path / "python")).fit(on_grid(cost))


@pytest.mark.skipif(
    importlib.util.find_spec("extrap") is not None, reason="Extra-P is installed here"
)
def test_an_interpreter_without_extra_p_says_how_to_get_it():
    with pytest.raises(BaselineError, match="No module named 'extrap'; get it with: "):
        ExtraP(sys.executable).fit(on_grid(cost))
