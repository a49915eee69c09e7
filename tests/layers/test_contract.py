"""Every registered layer, and stacks, keep to the contract; its clauses find what does not."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from layerlaw import layers
from layerlaw.layers import Layer
from layerlaw.layers.core.theory import d, k, n
from sympy import Integer
from torch import Tensor
from torch.autograd.gradcheck import GradcheckError

from tests.layers.contract import CLAUSES, ON_DEVICE
from tests.layers.contract_cases import LEFT_OUT, STACKS

HELD = [*layers.names(), *STACKS]


def pairs() -> list[Any]:
    """Every layer and clause; what is left out is to fail, and is reported with its reason."""
    return [
        pytest.param(
            name,
            clause,
            id=f"{name}-{clause}",
            marks=pytest.mark.xfail(
                name in LEFT_OUT.get(clause, {}),
                reason=LEFT_OUT.get(clause, {}).get(name, ""),
                raises=AssertionError,
                strict=True,
            ),
        )
        for name, clause in itertools.product(HELD, CLAUSES)
    ]


@pytest.mark.parametrize(("name", "clause"), pairs())
def test_layer(name: str, clause: str) -> None:
    CLAUSES[clause](layers.get(name))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
# PyTorch packs the weights of its recurrent layers for cuDNN once, but not those in bfloat16.
@pytest.mark.filterwarnings("ignore:RNN module weights are not part of:UserWarning")
@pytest.mark.parametrize("clause", ON_DEVICE)
@pytest.mark.parametrize("name", HELD)
def test_layer_on_a_gpu(name: str, clause: str) -> None:
    ON_DEVICE[clause](layers.get(name), "cuda")


def test_what_is_left_out_is_a_clause_of_a_layer() -> None:
    assert set(LEFT_OUT) <= set(CLAUSES)
    assert set().union(*LEFT_OUT.values()) <= set(HELD)


def altered(name: str, forward: Callable[..., Tensor] | None = None, **attributes: Any) -> Layer:
    """A registered layer, but for some of its attributes."""
    one = type(layers.get(name))
    if forward:
        attributes["forward"] = staticmethod(forward)
    made: Layer = type(name, (one,), {"__doc__": one.__doc__, **attributes})()
    return made


def untrue(name: str, **theory: Any) -> Layer:
    """A registered layer whose theory says something else."""
    return altered(name, theory=replace(layers.get(name).theory, **theory))


def forgetful(self: Layer, *arguments: Any, seed: int = 0, **options: Any) -> tuple[Tensor, ...]:
    """Make the inputs of another seed than the one that is asked for."""
    return type(layers.get("dense")).make_inputs(self, *arguments, seed=0, **options)


DENSE = layers.get("dense").theory

#: For each clause a layer that breaks it.
BROKEN: dict[str, Layer] = {
    "description": altered("dense", formula=""),
    "inputs": altered("dense", make_inputs=forgetful),
    "shapes": altered("dense", output=(n, 2 * d)),
    "determinism": altered("dense", lambda x, W, b: x @ W.mT + b + torch.rand_like(b)),
    "gradients": altered("dense", lambda x, W, b: x.detach() @ W.mT + x.sum() * b),
    "batch_independence": altered("dense", lambda x, W, b: (x - x.mean(0)) @ W.mT + b),
    "finite": altered("dense", lambda x, W, b: (x @ W.mT).sqrt() + b),
    "causality": altered("token_mixing", causal=True),
    "reach": untrue("dense", path_length=Integer(1)),
    "sources": untrue("dense", sources={}),
    "symbols": untrue("dense", memory=n * d * k),
    "time": untrue("dense", time=n * d),
    "flops": untrue("dense", flops=DENSE.flops + 1),
    "parameters": untrue("dense", parameters=DENSE.parameters + 1),
    "depth": untrue("dense", depth=DENSE.depth + 1),
    "path_length": untrue("attention", distance=Integer(2)),
    # A ring of positions: the ends are neighbours.
    "farthest_ends": altered(
        "dense",
        lambda x, W, b: x @ W.mT + x.roll(1, 1) + x.roll(-1, 1) + b,
        theory=replace(DENSE, path_length=n),
    ),
}


def test_every_clause_is_broken_by_a_layer() -> None:
    assert set(BROKEN) == set(CLAUSES)


@pytest.mark.parametrize("clause", BROKEN)
def test_a_layer_that_breaks_a_clause_is_found(clause: str) -> None:
    with pytest.raises((AssertionError, GradcheckError)):
        CLAUSES[clause](BROKEN[clause])


@pytest.mark.parametrize(
    ("clause", "broken"), [("same_numbers", "determinism"), ("finite", "finite")]
)
def test_what_holds_on_a_device_is_told_from_what_does_not(clause: str, broken: str) -> None:
    ON_DEVICE[clause](layers.get("dense"), "cpu")
    with pytest.raises(AssertionError):
        ON_DEVICE[clause](BROKEN[broken], "cpu")
