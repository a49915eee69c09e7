import numpy as np
import pytest
import sympy
from hypothesis import given, settings, strategies as st
from layerlaw import layers
from layerlaw.analysis.expressions.reading import ExpressionError, leading_part, parse
from layerlaw.analysis.expressions.terms import Leading, Monomial

AXES = ("n", "d", "k")


def read(text: str, axes: tuple[str, ...] = AXES, **constants: float) -> Leading:
    return leading_part(parse(text), axes, constants)


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("n**2*d", (2, 1, 0)),
        ("n*k*d**2", (1, 2, 1)),
        ("3*n*d**2 + 7*n*d + 5", (1, 2, 0)),
        ("n**1.5", (1.5, 0, 0)),
        ("n*d*(d + 1)", (1, 2, 0)),
    ],
)
def test_a_single_leading_term_is_found_and_its_coefficient_dropped(text, degrees):
    assert read(text).terms == ((1.0, Monomial(tuple(map(float, degrees)), (0, 0, 0))),)


def test_terms_that_do_not_divide_one_another_lead_together():
    lead = read("4*n**2*d + 8*n*d**2 + 3*n*d", ("n", "d"))
    assert lead.text() == "4·n²·d + 8·n·d²"
    assert (lead.degree("n"), lead.degree("d")) == (2, 2)


def test_a_size_that_does_not_vary_is_put_in():
    assert read("4*n**2*d + 8*n*d**2", ("n",), d=64).text() == "n²"
    assert read("n + d**2", ("d",), n=64).text() == "d²"


def test_logarithms_stay():
    lead = read("n*log(n)*d", ("n", "d"))
    assert lead.text() == "n·log n·d"
    assert read("n*log(n**2, 2)*d", ("n", "d")) == lead
    np.testing.assert_allclose(lead.column(np.array([[8.0, 3.0]])), 8 * np.log(8) * 3)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("n*q", "unknown symbol 'q'"),
        ("E*d", "unknown symbol 'E'"),
        ("__import__('os').system('true')", "calls a function other than log"),
        ("n.real", "is not allowed"),
        ("n**", "cannot read"),
        ("", "cannot read"),
        ("(n, d)", "is not allowed"),
        ("'n'", "is not a number"),
        ("True*n", "is not a number"),
        ("n if d else k", "is not allowed"),
        ("log(n, base=2)", "calls a function other"),
    ],
)
def test_anything_else_is_refused_before_sympy_sees_it(text, says):
    with pytest.raises(ExpressionError, match=says):
        parse(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("n - d", "not positive"),
        ("n**d", "the power d"),
        ("n*log(n+d)", "neither a power"),
        ("0*n", "not positive"),
    ],
)
def test_what_is_no_sum_of_monomials_is_refused(text, says):
    with pytest.raises(ExpressionError, match=says):
        read(text)


def test_other_columns_may_be_sizes():
    assert leading_part(parse("batch*n", ["batch"]), ("n", "batch")).text() == "n·batch"
    with pytest.raises(ExpressionError, match="unknown symbol 'batch'"):
        parse("batch*n")


def test_divisors_are_all_monomials_of_lower_order():
    found = {m.text(("n", "d")) for m in read("n**2*d", ("n", "d")).divisors()}
    assert found == {"", "n", "n**2", "d", "n*d"}
    logs = {m.text(("n",)) for m in read("n*log(n)", ("n",)).divisors()}
    assert logs == {"", "n", "log(n)"}
    both = {m.text(("n", "d")) for m in read("n**2*d + n*d**2", ("n", "d")).divisors()}
    assert both == {"", "n", "d", "n*d", "n**2", "d**2"}


degree = st.integers(0, 3)
monomials = st.builds(
    lambda n, d, q: Monomial((float(n), float(d)), (q, 0)), degree, degree, st.integers(0, 2)
)


@settings(deadline=None, derandomize=True)
@given(monomials.filter(lambda m: any(m.powers)))
def test_what_is_written_is_read_again(monomial):
    text = monomial.text(("n", "d"))
    lead = read(text, ("n", "d"))
    assert lead.terms == ((1.0, monomial),)
    assert all(m.divides(monomial) and m != monomial for m in lead.divisors())
    at = sympy.sympify(text).subs({"n": 6, "d": 5})
    np.testing.assert_allclose(monomial.column(np.array([[6.0, 5.0]])), float(at))


@pytest.mark.parametrize("name", layers.CORE)
def test_what_theory_itself_adds_to_the_leading_term_is_among_the_divisors(name):
    layer = layers.get(name)
    theory = layer.tied_theory()
    lead = leading_part(theory.time, layer.axes)
    known = {*lead.divisors(), *(term for _, term in lead.terms)}
    for expr in (theory.flops, theory.parameters, theory.memory, theory.sequential_ops):
        for term in sympy.Add.make_args(sympy.expand(expr)):
            if term != 0:
                ((_, monomial),) = leading_part(term, layer.axes).terms
                assert monomial in known


@pytest.mark.parametrize(
    "text",
    ["n*9**9**9", "n**(9**9**9)", "n**9**9", "n**d", "n*d**1e400", "n*1e300", "*".join("n" * 5001)],
)
def test_what_would_take_for_ever_is_refused_at_once(text):
    with pytest.raises(ExpressionError, match=r"power|larger|longer"):
        parse(text)


@pytest.mark.parametrize(("text", "power"), [("n**(1/2)", 0.5), ("n**-1", -1), ("n**2.5", 2.5)])
def test_powers_are_numbers(text, power):
    assert read(text, ("n",)).degree("n") == power
