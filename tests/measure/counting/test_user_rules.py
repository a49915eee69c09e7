"""Rules that a user gives: by a decorator, by torch's own registry, in a file."""

from __future__ import annotations

from collections.abc import Iterator

import layerlaw
import pytest
import torch
from layerlaw.layers.external.user_modules import user_layer
from layerlaw.measure import count_flops, longest_chain, shortest_path
from layerlaw.measure.counting import user_rules
from layerlaw.measure.counting.user_rules import RuleError
from torch import Tensor, nn
from torch.utils.flop_counter import flop_registry, register_flop_formula

SIZES = {"n": 7, "d": 4}


@pytest.fixture(autouse=True)
def _own_rules(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(user_rules, "_declared", {})
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def layer() -> Iterator[layerlaw.layers.Layer]:
    """A module that calls an operation of another library: the product of x with itself."""
    with torch.library._scoped_library("mylib", "DEF") as library:
        library.define("gram(Tensor x) -> Tensor")
        library.impl("gram", lambda x: x @ x.mT, "CompositeExplicitAutograd")

        class Gram(nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return torch.ops.mylib.gram(x) @ x

        yield user_layer("gram", Gram)
        flop_registry.pop(torch.ops.mylib.gram, None)


def test_without_a_rule_the_message_says_how_to_give_one(layer) -> None:
    with pytest.raises(
        NotImplementedError, match=r"mylib.gram.*@layerlaw.flop_rule\(\"mylib::gram\""
    ):
        count_flops(layer, SIZES)
    with pytest.raises(NotImplementedError, match=r"depth of mylib.gram"):
        longest_chain(layer, SIZES)


def test_a_decorator_states_flops_and_depth(layer) -> None:
    @layerlaw.flop_rule("mylib::gram", depth=3)
    def gram(x, *, out_shape, **_):
        return 2 * out_shape.numel() * x[-1]

    assert count_flops(layer, SIZES) == 2 * (2 * 7 * 7 * 4)
    assert longest_chain(layer, SIZES) == 3 + 1
    assert shortest_path(layer, SIZES).steps == 1  # by the second product


def test_a_rule_of_the_user_comes_before_ours() -> None:
    class Digamma(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.digamma(x.exp())

    layerlaw.flop_rule("aten::exp")(lambda x, **_: 7 * x.numel())
    layerlaw.flop_rule("aten::digamma", depth=lambda x: x[1])(lambda x, **_: 20 * x.numel())
    layer = user_layer("digamma", Digamma)
    assert count_flops(layer, SIZES) == 27 * 28
    assert longest_chain(layer, SIZES) == 1 + 7


def test_a_formula_that_is_registered_with_torch_counts(layer) -> None:
    @register_flop_formula(torch.ops.mylib.gram)
    def gram(x, *, out_shape=None, **_):
        return 1000

    assert count_flops(layer, SIZES) == 1000 + 2 * 7 * 7 * 4
    with pytest.raises(NotImplementedError, match="depth of mylib"):
        longest_chain(layer, SIZES)


def test_a_file_states_flops_per_number_and_depth(layer, tmp_path) -> None:
    rules = '[tool.layerlaw.flops]\n"mylib::gram" = { input = 3, output = 5, depth = 2 }\n'
    (tmp_path / "pyproject.toml").write_text(rules)
    assert count_flops(layer, SIZES) == 3 * 28 + 5 * 49 + 2 * 7 * 7 * 4
    assert longest_chain(layer, SIZES) == 2 + 1


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ('"gram" = { output = 5 }', "'gram' is not an operation's name"),
        ('"mylib::gram" = { output = -5 }', "output is -5"),
        ('"mylib::gram" = { outputs = 5 }', "must have some of input, output, depth"),
        ('"mylib::gram" = ', "cannot be read"),
        (f'"mylib::gram" = {"[" * 5000}', "cannot be read"),
        ("\ud800", "neither UTF-8 nor UTF-16"),
    ],
)
def test_a_rule_that_cannot_be_used_is_one_line(layer, tmp_path, rules, message) -> None:
    text = f"[tool.layerlaw.flops]\n{rules}\n"
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(RuleError, match=message) as caught:
        count_flops(layer, SIZES)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["tool = 1", "tool.layerlaw = []", "tool.layerlaw.flops = 'x'"])
def test_what_is_no_table_of_rules_is_one_line(layer, tmp_path, text) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(RuleError, match=r"pyproject\.toml: tool.* is .*: expected object"):
        count_flops(layer, SIZES)


def test_names_and_depths_are_checked() -> None:
    with pytest.raises(RuleError, match="library::name"):
        layerlaw.flop_rule("gram")
    with pytest.raises(RuleError, match="depth is -1"):
        layerlaw.flop_rule("mylib::gram", depth=-1)
