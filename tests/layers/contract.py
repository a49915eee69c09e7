"""What every layer keeps to: one function a clause, which takes the layer and not its name.

So registered layers, stacks of them and layers of one's own with a theory are held to the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from math import inf

import pytest
import sympy
import torch
from layerlaw.layers import Layer, Native, Textbook
from layerlaw.layers.core.theory import SYMBOLS, n, subs
from layerlaw.measure.counting.counts import count_parameters
from layerlaw.measure.counting.critical_path import longest_chain
from layerlaw.measure.counting.flops import count_flops
from layerlaw.measure.counting.reachability import shortest_path
from torch import Tensor
from torch.func import functional_call

from tests.helpers.reach import along_positions, reach_of_gradients
from tests.helpers.sizes import complete
from tests.layers.contract_cases import (
    CASES,
    EXPRESSIONS,
    WINDOWS,
    built,
    equals_theory,
    grows_alike,
    output_and_gradients,
)

#: Every clause by its name.
CLAUSES: dict[str, Callable[[Layer], None]] = {}


def clause(check: Callable[[Layer], None]) -> Callable[[Layer], None]:
    """Put a check into the contract under its own name."""
    CLAUSES[check.__name__] = check
    return check


@clause
def description(layer: Layer) -> None:
    """Say what it is."""
    assert layer.title
    assert layer.formula
    assert layer.__doc__
    assert set(layer.axes) <= set(SYMBOLS)
    assert isinstance(getattr(layer, "each", layer), Native) == layer.native
    if isinstance(layer, Textbook):
        assert layer.formula in repr(layer.build(complete({"n": 4, "d": 4, "k": 3}, layer)))


@clause
def inputs(layer: Layer) -> None:
    """Take unit-normal numbers, or words, that repeat with their seed alone."""
    sizes = complete({"n": 64, "d": 64, "k": 3}, layer)
    full = layer.resolve(sizes)
    for (name, shape), x, same, other, wide, meta in zip(
        layer.inputs.items(),
        layer.make_inputs(sizes, batch=2, seed=5),
        layer.make_inputs(sizes, batch=2, seed=5),
        layer.make_inputs(sizes, batch=2, seed=6),
        layer.make_inputs(sizes, batch=2, seed=5, dtype=torch.float64),
        layer.make_inputs(sizes, batch=2, seed=5, device="meta"),
        strict=True,
    ):
        assert x.shape == (2, *(subs(side, full) for side in shape))
        assert torch.equal(x, same)
        assert not torch.equal(x, other)
        assert torch.equal(x.to(wide), wide)
        assert meta.is_meta
        assert (meta.shape, meta.dtype) == (x.shape, x.dtype)
        if name in layer.token_inputs:
            assert x.dtype == wide.dtype == torch.int64
            assert x.unique().tolist() == list(range(int(subs(layer.token_inputs[name], full))))
        else:
            assert (x.dtype, wide.dtype) == (torch.float32, torch.float64)
            assert abs(x.mean()) < 0.1
            assert abs(x.std() - 1) < 0.1


@clause
def shapes(layer: Layer) -> None:
    """Give an output of the shape that is declared, with and without numbers."""
    for batch, sizes in CASES:
        sizes = complete(sizes, layer)
        full = layer.resolve(sizes)
        for device in ["cpu", "meta"] if layer.runs_on_meta else ["cpu"]:
            with torch.device(device):
                module = layer.build(sizes)
            with torch.no_grad():
                out = module(*layer.make_inputs(sizes, batch=batch, device=device))
            assert out.shape == (batch, *(subs(side, full) for side in layer.output))
            assert (out.dtype, out.device.type) == (torch.float32, device)


@clause
def determinism(layer: Layer) -> None:
    """Give the same numbers twice, bit for bit, and have the same weights for the same seed."""
    for batch, sizes in CASES:
        sizes = complete(sizes, layer)
        one, twin, other = (built(layer, sizes, seed) for seed in (1, 1, 2))
        made = layer.make_inputs(sizes, batch=batch)
        first = output_and_gradients(one, *made)
        for again in (output_and_gradients(one, *made), output_and_gradients(twin, *made)):
            assert all(map(torch.equal, first, again))
        weights = [list(module.parameters()) for module in (one, twin, other)]
        assert all(map(torch.equal, weights[0], weights[1]))
        assert not weights[0] or not all(map(torch.equal, weights[0], weights[2]))


@clause
def gradients(layer: Layer) -> None:
    """Have gradients that are the slopes, of every input and every weight."""
    sizes = complete({"n": 3, "d": 4, "k": 3, "m": 2, "h": 2, "V": 3, "N": 2}, layer)
    module = built(layer, sizes).double()
    made = layer.make_inputs(sizes, batch=2, dtype=torch.float64)
    weights = dict(module.named_parameters())

    def compute(*tensors: Tensor) -> Tensor:
        given, held = tensors[: len(made)], tensors[len(made) :]
        return functional_call(module, dict(zip(weights, held, strict=True)), given)

    for x in made:
        x.requires_grad_(x.is_floating_point())
    assert torch.autograd.gradcheck(compute, (*made, *weights.values()))


@clause
def batch_independence(layer: Layer) -> None:
    """Keep the sequences of a batch apart."""
    for _, sizes in CASES:
        sizes = complete(sizes, layer)
        module = built(layer, sizes).double()
        made = layer.make_inputs(sizes, batch=3, dtype=torch.float64)
        with torch.no_grad():
            together = module(*made)
            alone = torch.cat([module(*(x[i : i + 1] for x in made)) for i in range(3)])
        torch.testing.assert_close(together, alone, rtol=0, atol=1e-12)


@clause
def finite(layer: Layer, device: str = "cpu") -> None:
    """Give numbers, none of them subnormal, and gradients that are numbers; in bfloat16 too."""
    sizes = complete({"n": 96, "d": 96, "k": 3}, layer)
    for dtype in (torch.float32, torch.bfloat16):
        module = built(layer, sizes).to(device, dtype)
        made = (x.to(device) for x in layer.make_inputs(sizes, dtype=dtype))
        out, *slopes = output_and_gradients(module, *made)
        assert out.dtype == dtype
        assert not ((out != 0) & (out.abs() < torch.finfo(dtype).tiny)).any()
        assert all(x.isfinite().all() for x in (out, *slopes))


@clause
def causality(layer: Layer) -> None:
    """Change nothing before a position whose input changes, exactly where it says so."""
    assert n in layer.output
    sizes, place = complete({"n": 10, "d": 4, "k": 3}, layer), 6
    module = built(layer, sizes).double()
    made = layer.make_inputs(sizes, dtype=torch.float64)
    changed = [x.clone() for x in made]
    for (name, shape), x in zip(layer.inputs.items(), changed, strict=True):
        at = along_positions(x, shape)[place]
        if name in layer.token_inputs:
            at.copy_((at + 1) % layer.resolve(sizes)["V"])  # another word
        else:
            at.add_(torch.randn(at.shape, dtype=x.dtype))
    with torch.no_grad():
        difference = along_positions(module(*made) - module(*changed), layer.output)
    apart = difference.abs().flatten(1).amax(1)
    assert apart[place] > 1e-6
    alone = layer.theory.path_length.is_infinite
    assert (apart[:place].max() < 1e-12) == (layer.causal or alone)


@clause
def reach(layer: Layer) -> None:
    """Join the positions that the path length says, as gradients show."""
    assert n in layer.output
    assert not layer.token_inputs
    sizes, stacked = complete({"n": 9, "d": 4, "k": 5}, layer), getattr(layer, "depth", 1)
    length = sizes["n"]
    i, j = torch.arange(length)[:, None], torch.arange(length)
    near = abs(i - j) <= stacked * 2  # (k − 1)/2 to either side
    past = j <= i if layer.causal else torch.ones(length, length, dtype=torch.bool)
    expected = {**dict.fromkeys(WINDOWS, near), sympy.oo: i == j}
    torch.manual_seed(0)
    joined = reach_of_gradients(layer, sizes)
    assert torch.equal(joined, expected.get(layer.theory.path_length, past))


@clause
def sources(layer: Layer) -> None:
    """Say where every expression of its theory comes from."""
    without = {"temporaries"} if layer.theory.temporaries == 0 else set()
    assert set(EXPRESSIONS) - without <= set(layer.theory.sources) <= set(EXPRESSIONS)
    assert all(layer.theory.sources.values())


@clause
def symbols(layer: Layer) -> None:
    """Have a theory in the size symbols, and with its ties in those that a sweep varies."""
    axes = {SYMBOLS[letter] for letter in layer.axes}
    for field in EXPRESSIONS:
        assert getattr(layer.theory, field).free_symbols <= set(SYMBOLS.values())
        assert getattr(layer.tied_theory(), field).free_symbols <= axes


@clause
def time(layer: Layer) -> None:
    """Have a time that grows as the FLOPs where all sizes are large and equal."""
    theory = layer.tied_theory()
    near, far = (
        float(subs(theory.flops / theory.time, dict.fromkeys(SYMBOLS, 10**power)))
        for power in (30, 60)
    )
    assert near == pytest.approx(far, rel=0.05)
    assert far > 0


@clause
def flops(layer: Layer) -> None:
    """Compute what theory counts, operation by operation."""
    equals_theory(layer, "flops", count_flops)
    large = complete({"n": 64, "d": 2048, "k": 9}, layer)
    assert count_flops(layer, large) == subs(layer.theory.flops, layer.resolve(large))


@clause
def parameters(layer: Layer) -> None:
    """Learn as many numbers as theory counts."""
    equals_theory(layer, "parameters", count_parameters)


@clause
def depth(layer: Layer) -> None:
    """Have the longest chain of operations that theory counts, which grows as its order."""
    equals_theory(layer, "depth", longest_chain)
    theory = layer.tied_theory()
    if not theory.depth.free_symbols:  # nor a loop: a million positions take no longer
        large = complete({"n": 1_000_000, "d": 64, "k": 9}, layer)
        assert longest_chain(layer, large) == theory.depth
    grows_alike(theory.depth, theory.sequential_ops)


@clause
def path_length(layer: Layer) -> None:
    """Have the path from end to end that theory counts, which grows as its order."""
    for length, (width, kernel) in itertools.product((2, 3, 5, 12, 33), ((4, 3), (8, 9))):
        sizes = complete({"n": length, "d": width, "k": kernel}, layer)
        path = shortest_path(layer, sizes)
        assert (path.steps if path else inf) == subs(layer.theory.distance, layer.resolve(sizes))
        if path and layer.theory.path_length not in WINDOWS:
            assert path.layers == 1
    theory = layer.tied_theory()
    grows_alike(theory.distance, theory.path_length)


@clause
def farthest_ends(layer: Layer) -> None:
    """Have no two positions further apart than the ends: the maximum of Table 1 is between them."""
    assert n in layer.output
    sizes = complete({"n": 5, "d": 4, "k": 3}, layer)
    positions = range(sizes["n"])
    paths = {
        ends: shortest_path(layer, sizes, *ends)
        for ends in itertools.combinations_with_replacement(positions, 2)
    }
    if layer.theory.path_length.is_infinite:
        assert {ends for ends, path in paths.items() if path} == {(i, i) for i in positions}
    else:
        steps = {ends: path.steps if path else inf for ends, path in paths.items()}
        assert max(steps.values()) == steps[0, positions[-1]] < inf


def same_numbers(layer: Layer, device: str) -> None:
    """Give on a device, in float64, what the CPU gives: output and gradients."""
    for batch, sizes in [*CASES, (2, {"n": 70, "d": 32, "k": 9})]:
        sizes = complete(sizes, layer)
        module = built(layer, sizes).double()
        made = layer.make_inputs(sizes, batch=batch, dtype=torch.float64)
        here = output_and_gradients(module, *made)
        there = output_and_gradients(module.to(device), *(x.to(device) for x in made))
        for x, y in zip(here, there, strict=True):
            assert y.device.type == device
            scale = max(1.0, x.abs().max().item())
            torch.testing.assert_close(y.cpu(), x, rtol=0, atol=1e-10 * scale)


#: What a layer keeps to on a device that is not the CPU.
ON_DEVICE: dict[str, Callable[[Layer, str], None]] = {
    "same_numbers": same_numbers,
    "finite": finite,
}
