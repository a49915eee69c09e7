"""What is told of the inputs of a module: its grammar, and the line that refuses anything else."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from layerlaw.layers import BATCH, InputTensor, LayerError
from layerlaw.layers.core.theory import V, d, n
from layerlaw.layers.external.input_specification import InputSpecification, parse_input


@pytest.mark.parametrize(
    ("text", "tensor"),
    [
        ("x: float[batch, n, d]", InputTensor("x", (BATCH, n, d))),
        ("tokens: int[batch, n] < 32000", InputTensor("tokens", (BATCH, n), "int", 32000)),
        ("tokens:int[b,seq_len]<vocab_size", InputTensor("tokens", (BATCH, n), "int", V)),
        ("rows: int[batch] <= n", InputTensor("rows", (BATCH,), "int", n + 1)),
        ("lengths: int[batch] = n", InputTensor("lengths", (BATCH,), "int", value=n)),
        ("mask: bool[n, n]", InputTensor("mask", (n, n), "bool")),
        ("batch.x: float[batch, 3, 2*n - 1]", InputTensor("batch.x", (BATCH, 3, 2 * n - 1))),
        ("scale: float[]", InputTensor("scale", ())),
    ],
)
def test_an_input_is_a_name_a_kind_and_a_shape(text: str, tensor: InputTensor) -> None:
    assert parse_input(text) == tensor
    assert parse_input(str(tensor)) == tensor


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "write it as NAME: KIND[SIDE, …]"),
        ("tokens", "write it as NAME: KIND[SIDE, …]"),
        ("x: float(batch, n)", "write it as NAME: KIND[SIDE, …]"),
        ("x: double[batch, n]", "'double' is not a kind; there are: float, int, bool"),
        ("x: float[batch, q]", "'q' is not a size; there are: batch, n, d"),
        ("x: float[batch, n / 0]", "'n / 0' is not an expression in the sizes"),
        ("x: float[batch, 0]", "0 is not a whole number above 0"),
        ("x: float[batch, 3/2]", "3/2 is not a whole number above 0"),
        ("x: float[batch, n(2)]", "'n(2)' is not an expression in the sizes"),
        ("x: float[batch, 9**9**9]", "is not an expression in the sizes"),
        ("x: float[batch, ((((9**4)**4)**4)**4)**4]", "is not an expression in the sizes"),
        ("x: float[batch, __import__('os')]", "is not an expression in the sizes"),
        ("x: float[n,n,n,n,n,n,n,n,n]", "9 sides; at most 8"),
        ("x: float[" + "(" * 80 + "n" + ")" * 80 + "]" + " " * 200, "write it as"),
        ("tokens: int[batch, n]", 'need a bound, such as "tokens: int[batch, n] < 32000"'),
        ("mask: bool[batch, n] < 2", "a bound is for whole numbers, int, not for bool"),
        ("tokens: int[batch, n] < 0", "0 is not a whole number above 0"),
    ],
)
def test_what_is_no_input_is_refused_in_one_line(text: str, why: str) -> None:
    with pytest.raises(LayerError) as error:
        parse_input(text)
    assert why in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) <= 300


@given(st.text("xn d:[],<=0123456789*/+-().intfloabsch\n\x1b", max_size=60))
def test_any_text_is_an_input_or_refused_in_one_line(text: str) -> None:
    why = ""
    try:
        tensor = parse_input(text)
        assert parse_input(str(tensor)) == tensor
    except LayerError as error:
        why = str(error)
    assert "\n" not in why
    assert len(why) <= 300


def test_inputs_and_multiples_are_told_together_and_read_again() -> None:
    told = InputSpecification.parse(["x: float[batch, n, d]", "mask: bool[n, n]"], {"seq_len": 64})
    assert told.multiples == (("n", 64),)
    assert InputSpecification.parse(*told.texts) == told
    assert told
    assert not InputSpecification.parse()


@pytest.mark.parametrize("text", ["n", "n=0", "n=-2", "q=3", "n=1.5", "n=99999999999"])
def test_a_multiple_is_a_size_and_a_number(text: str) -> None:
    with pytest.raises(LayerError, match="write it as SIZE=NUMBER, such as n=64"):
        InputSpecification.parse((), [text])


def test_two_inputs_have_two_names() -> None:
    with pytest.raises(LayerError, match="two inputs are called 'x'"):
        InputSpecification.parse(["x: float[n]", "x: float[d]"])
