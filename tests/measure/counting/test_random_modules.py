"""Random modules of two dozen operations, against an independent count of their description.

The interpreter below knows no tensors: for each instruction it adds the FLOPs of docs/flops.md, the
steps of docs/counts.md, and the blocks of memory that PyTorch documents as saved for the gradient
(tools/autograd/derivatives.yaml): an input, the result, or a further block.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

import torch
from hypothesis import given, settings, strategies as st
from layerlaw.layers import Layer
from layerlaw.measure import count_flops, count_saved, longest_chain
from torch import Tensor, nn
from torch.nn import functional as F

from tests.helpers.toy_theory import TOY_THEORY


class Step(NamedTuple):
    """What an instruction does, and what it costs, as functions of n and d.

    ``steps`` are those from each operand; ``saves`` lists the operands by number, ``out``, or the
    bytes of a further block.
    """

    run: Callable[..., Any]
    flops: Callable[[int, int], int]
    steps: tuple[int, ...]
    saves: Callable[[int, int], tuple[object, ...]] = lambda n, d: ()
    block: Callable[[int, int], int] = lambda n, d: 4 * n * d  # of the result
    make: Callable[[int], nn.Module] | None = None
    in_place: bool = False


def stages(length: int) -> int:
    """⌈log₂ length⌉ by doubling."""
    return next(power for power in count() if 2**power >= length)


def each(flops: int) -> Callable[[int, int], int]:
    return lambda n, d: flops * n * d


def fixed(*saved: object) -> Callable[[int, int], tuple[object, ...]]:
    return lambda n, d: saved


STEPS: dict[str, Step] = {
    "relu": Step(torch.relu, each(1), (1,), fixed("out")),
    "tanh": Step(torch.tanh, each(1), (1,), fixed("out")),
    "sigmoid": Step(torch.sigmoid, each(1), (1,), fixed("out")),
    "exp": Step(torch.exp, each(1), (1,), fixed("out")),
    "neg": Step(torch.neg, each(1), (1,)),
    "abs": Step(torch.abs, each(1), (1,), fixed(0)),
    "gelu": Step(F.gelu, each(5), (5,), fixed(0)),
    "silu": Step(F.silu, each(2), (2,), fixed(0)),
    "elu": Step(lambda x: F.elu(x, 0.5), each(3), (3,), fixed(0)),
    "softplus": Step(F.softplus, each(3), (3,), fixed(0)),
    "double": Step(lambda x: 2 * x, each(1), (1,)),
    "double in place": Step(lambda x: x.mul_(2), each(1), (1,), in_place=True),
    "rectified copy": Step(lambda x: x.clone().relu_(), each(1), (1,), fixed("out")),
    "dropout": Step(nn.Dropout(0.5), each(0), (0,), lambda n, d: (4 * n * d,)),
    "roll": Step(lambda x: x.roll(1, 1), each(0), (0,)),
    "add": Step(torch.add, each(1), (1, 1)),
    "scaled sum": Step(lambda x, y: torch.add(x, y, alpha=3), each(2), (1, 2)),
    "product": Step(torch.mul, each(1), (1, 1), fixed(0, 1)),
    "maximum": Step(torch.maximum, each(1), (1, 1), fixed(0, 1)),
    "addcmul": Step(torch.addcmul, each(2), (1, 2, 2), fixed(1, 2)),
    "choice": Step(lambda x, y: torch.where(x > 0, x, y), each(0), (0, 0), lambda n, d: (n * d,)),
    "join": Step(
        lambda x, y: torch.cat([x, y], 1)[:, : x.shape[1]],
        *(each(0), (0, 0)),
        block=lambda n, d: 8 * n * d,
    ),
    "softmax": Step(lambda x: x.softmax(-1), each(5), (5,), fixed("out")),
    "log softmax": Step(
        lambda x: x.log_softmax(-1), lambda n, d: 5 * n * d + n, (6,), fixed("out")
    ),
    "centred": Step(lambda x: x - x.mean(-1, keepdim=True), lambda n, d: 2 * n * d + n, (3,)),
    "below the largest": Step(
        lambda x: x - x.amax(1, keepdim=True), each(2), (2,), lambda n, d: (0, 4 * d)
    ),
    "times the place": Step(
        lambda x: x * x.argmax(-1, keepdim=True), each(2), (2,), lambda n, d: (8 * n,)
    ),
    "sorted": Step(
        lambda x: x.sort(1)[0],
        lambda n, d: d * n * stages(n),
        *((-1,), lambda n, d: (8 * n * d,)),
    ),
    "running sum": Step(lambda x: x.cumsum(1), each(1), (-1,)),
    "placed sum": Step(
        lambda x, y: x.index_add(1, torch.arange(x.shape[1], device=x.device), y),
        *(each(1), (1, 1), lambda n, d: (1, 8 * n)),
    ),
    "dense": Step(
        lambda x, layer: layer(x),
        *(lambda n, d: 2 * n * d * d + n * d, (2,), fixed(0)),
        make=lambda d: nn.Linear(d, d),
    ),
    "norm": Step(
        lambda x, layer: layer(x),
        *(lambda n, d: 7 * n * d + 4 * n, (11,), lambda n, d: (0, 4 * n, 4 * n)),
        make=lambda d: nn.LayerNorm(d),
    ),
    "convolution": Step(
        lambda x, layer: layer(x.mT).mT,
        *(lambda n, d: 2 * n * d * 3 * d, (1,), fixed(0)),
        make=lambda d: nn.Conv1d(d, d, 3, padding=1, bias=False),
    ),
    "attention": Step(
        lambda q, k, v: F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None])[:, 0],
        lambda n, d: 2 * n * d + 4 * n * n * d + 5 * n * n,
        *((8, 8, 1), lambda n, d: (0, 1, 2, "out", 4 * n)),
    ),
}


@dataclass
class Value:
    """A tensor's depth and the bytes of its block of memory."""

    block: int
    depth: int = 0
    place: int = field(default_factory=count().__next__)


Instruction = tuple[str, int, int, int]


def interpret(program: list[Instruction], n: int, d: int) -> tuple[int, int, int]:
    """FLOPs, bytes saved, and depth of the last value."""
    values, flops, saved = [Value(4 * n * d)], 0, {}
    for number, (name, *operands) in enumerate(program):
        step = STEPS[name]
        given = [values[one % len(values)] for one in operands[: len(step.steps)]]
        steps = [stages(n) if one < 0 else one for one in step.steps]
        depth = max(x.depth + more for x, more in zip(given, steps, strict=True))
        flops += step.flops(n, d)
        if step.in_place:
            given[0].depth = depth
            out = given[0]
        else:
            out = Value(step.block(n, d), depth)
        values.append(out)
        for rank, one in enumerate(step.saves(n, d)):
            if one == "out":
                saved[out.place] = out.block
            elif isinstance(one, int) and one < len(given):
                saved[given[one].place] = given[one].block
            else:
                saved[number, rank] = one
    return flops, sum(saved.values()), values[-1].depth


class Module(nn.Module):
    """The module of a program."""

    def __init__(self, program: list[Instruction], d: int) -> None:
        super().__init__()
        self.program = program
        made = [STEPS[name].make for name, *_ in program]
        self.layers = nn.ModuleList(make(d) if make else nn.Identity() for make in made)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        values = [x]
        for (name, *operands), layer in zip(self.program, self.layers, strict=True):
            step = STEPS[name]
            given = [values[one % len(values)] for one in operands[: len(step.steps)]]
            if name == "dropout":
                values.append(self.dropout(*given) if self.training else given[0].clone())
            else:
                values.append(step.run(*given, layer) if step.make else step.run(*given))
        return values[-1]


class Program(Layer):
    """The layer of a program."""

    name = title = formula = "program"
    theory = TOY_THEORY

    def __init__(self, program: list[Instruction]) -> None:
        self.program = program

    def build(self, sizes):
        return Module(self.program, sizes["d"]).eval()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(STEPS)), *(st.integers(0, 9),) * 3), min_size=1, max_size=9
    ),
    st.integers(3, 13),
    st.integers(3, 13),
)
def test_flops_saved_bytes_and_depth_are_those_of_the_description(
    program: list[Instruction], n: int, d: int
) -> None:
    layer, sizes = Program(program), {"n": n, "d": d}
    found = count_flops(layer, sizes), count_saved(layer, sizes), longest_chain(layer, sizes)
    assert found == interpret(program, n, d)


def test_each_operation_alone_at_odd_and_even_sizes() -> None:
    for name in STEPS:
        for n, d in ((5, 7), (8, 6), (13, 3)):
            program = [("double", 0, 0, 0), ("neg", 0, 0, 0), (name, 0, 1, 2)]
            layer, sizes = Program(program), {"n": n, "d": d}
            found = (
                count_flops(layer, sizes),
                count_saved(layer, sizes),
                longest_chain(layer, sizes),
            )
            assert found == interpret(program, n, d), name
