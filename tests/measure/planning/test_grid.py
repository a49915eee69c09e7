import itertools
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from layerlaw.layers import Theory, get, names
from layerlaw.layers.core.theory import SYMBOLS, d, k, n
from layerlaw.measure.cases import AXIS_SIZES, ELEMENT_BYTES, REGISTER, activations, is_stepwise
from layerlaw.measure.planning.grid import INTENSITY, _order, grid_points, sizes_along
from layerlaw.measure.planning.profiles import GRID_LIMITS, PROFILES, profile_of
from sympy import Integer, lambdify

compiled = cache(lambdify)


def value(expr, sizes):
    return float(compiled(tuple(SYMBOLS[letter] for letter in sizes), expr)(*sizes.values()))


@pytest.mark.parametrize("device", GRID_LIMITS)
@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
@pytest.mark.parametrize("name", names())
def test_every_point_is_within_what_the_profile_affords(name, profile, device):
    layer = get(name)
    theory = layer.tied_theory()
    grid, reach = grid_points(layer, profile, device), GRID_LIMITS[device]
    assert len({tuple(sizes.items()) for sizes in grid}) == len(grid)
    assert len(grid) <= profile.points_per_axis * len(layer.axes)
    flops = [value(theory.flops, sizes) for sizes in grid]
    assert max(flops) <= reach.flops * profile.flops
    assert max(flops) <= profile.flops_ratio * min(flops)
    for sizes in grid[:: len(grid) // 100 + 1]:
        assert tuple(sizes) == layer.axes
        assert value(theory.sequential_ops, sizes) <= profile.steps
        assert value(activations(layer), sizes) * ELEMENT_BYTES <= reach.bytes * profile.activations
        if is_stepwise(layer):
            assert (
                value(theory.parameters, sizes) * ELEMENT_BYTES
                <= reach.bytes * profile.streamed_weights
            )
            assert value(theory.flops, sizes) <= reach.flops * profile.stepwise_flops
        else:
            most = reach.bytes * profile.weights
            assert value(layer.largest_weight(), sizes) * ELEMENT_BYTES <= most
        assert all(
            any(
                sizes[axis] in sizes_along(layer, axis, profile.parts_of(layer, axis, finer=finer))
                for finer in (True, False)
            )
            for axis in sizes
        )
        layer.resolve(sizes)  # they go together
        assert all(sizes[axis] <= most for axis, most in reach.largest.items() if axis in sizes)


@pytest.mark.parametrize("device", GRID_LIMITS)
@pytest.mark.parametrize("profile", ["asv", "quick", "standard", "full"])
@pytest.mark.parametrize("name", names())
def test_every_axis_takes_at_least_four_values(name, profile, device):
    layer = get(name)
    grid = grid_points(layer, PROFILES[profile], device)
    for axis in layer.axes:
        assert len({sizes[axis] for sizes in grid}) >= 4


@pytest.mark.parametrize("name", names())
def test_standard_has_enough_points_to_tell_exponents_from_overhead(name):
    layer = get(name)
    assert len(grid_points(layer, PROFILES["standard"])) >= (30 if len(layer.axes) > 1 else 7)


def test_attention_stays_where_its_temporaries_are_in_cache():
    standard = grid_points(get("attention"), PROFILES["standard"])
    assert max(sizes["n"] for sizes in standard) == 1552  # two of 9 MiB
    assert max(sizes["n"] for sizes in grid_points(get("attention"), PROFILES["full"])) > 2048


def test_a_weight_is_as_large_as_one_product_packs():
    for name in ("multihead", "dense"):  # four matrices, and one
        assert max(sizes["d"] for sizes in grid_points(get(name), PROFILES["standard"])) == 1040


def test_the_grid_follows_the_theory_of_a_layer_it_has_never_seen(toy):
    cubic = toy("cubic", lambda x: x)
    dear = Theory(n * d, 10_000 * n * d**2, Integer(0), n * d, Integer(1), Integer(1))
    deep = Theory(n * d, n * d**2, Integer(0), n * d, n, Integer(1))
    wide = Theory(n * d, n * d**2, Integer(0), n * d, Integer(1), Integer(1), n**2 * d)

    def largest(theory, axis):
        cubic.__class__.theory = theory
        return max(sizes[axis] for sizes in grid_points(cubic, PROFILES["standard"]))

    free = largest(cubic.theory, "n")
    assert largest(dear, "n") < free
    steps = PROFILES["standard"].steps
    assert largest(deep, "n") == max(size for size in AXIS_SIZES["n"] if size <= steps) < free
    assert largest(wide, "n") < free


def test_weights_may_be_larger_where_every_step_reads_them_again(toy):
    def largest(steps):
        theory = Theory(n * d**2, 2 * n * d**2, d**2, n * d, steps, steps)
        layer = toy(f"steps_{steps}", lambda x, W: x, theory=theory, weights={"W": (d, d)})
        return max(sizes["d"] for sizes in grid_points(layer, PROFILES["standard"]))

    assert largest(Integer(1)) ** 2 * ELEMENT_BYTES <= PROFILES["standard"].weights
    assert largest(n) ** 2 * ELEMENT_BYTES > PROFILES["standard"].weights


def widths(name, profile="standard"):
    return {sizes["d"] for sizes in grid_points(get(name), PROFILES[profile])}


def test_where_steps_read_matrices_widths_lie_closer_and_lengths_less_so():
    assert len(widths("lstm")) >= 20 > 2 * len(widths("lstm", "quick"))
    lengths = sorted({sizes["n"] for sizes in grid_points(get("lstm"), PROFILES["standard"])})
    assert all(longer >= 1.9 * n for n, longer in itertools.pairwise(lengths))
    # Diagonal states are no matrices, and attention has no steps.
    for name in ("ssm", "attention"):
        assert all(d < 256 or (d - REGISTER) % 128 == 0 for d in widths(name))


def test_widths_lie_closer_where_there_is_room_for_them():
    assert len(widths("multihead")) >= 14, "seven of them leave half of the points unused"


def test_one_axis_and_three_axes(toy):
    theory = Theory(n, n, Integer(0), n, Integer(1), Integer(1))
    alone = toy("alone", lambda x: x, axes=("n",), inputs={"x": (n,)}, output=(n,), theory=theory)
    reach = GRID_LIMITS["cpu"].largest["n"]
    assert grid_points(alone, PROFILES["standard"]) == [
        {"n": i} for i in AXIS_SIZES["n"] if i <= reach
    ]
    assert grid_points(alone, PROFILES["standard"], "cuda") == [{"n": i} for i in AXIS_SIZES["n"]]
    theory = Theory(n * k * d**2, 2 * n * k * d**2, k * d**2, n * d, Integer(1), Integer(1))
    three = toy("three", lambda x: x, axes=("n", "d", "k"), theory=theory)
    standard = PROFILES["standard"]
    assert (
        1.5 * standard.points_per_axis
        < len(grid_points(three, standard))
        <= 3 * standard.points_per_axis
    )


def test_kernels_are_odd_and_the_rest_fill_vector_registers():
    assert all(size % 2 == 1 and size > 1 for size in AXIS_SIZES["k"])
    assert all(size % REGISTER == 0 for axis in ("n", "d") for size in AXIS_SIZES[axis])
    assert all(list(sizes) == sorted(set(sizes)) for sizes in AXIS_SIZES.values())


def test_rows_do_not_fall_on_the_same_sets_of_a_cache():
    long = [size for axis in ("n", "d") for size in AXIS_SIZES[axis] if size >= 256]
    assert len(long) > 10
    assert all(size // REGISTER % 2 for size in long)


def intensity(layer, sizes):
    theory = layer.tied_theory()
    moved = value(activations(layer), sizes) + value(theory.parameters, sizes)
    return value(theory.flops, sizes) / (ELEMENT_BYTES * moved)


@pytest.mark.parametrize("name", ["attention", "conv", "dense", "sdpa"])
def test_arithmetic_decides_at_every_point_of_a_product(name):
    layer = get(name)
    grid = grid_points(layer, PROFILES["standard"])
    assert min(intensity(layer, sizes) for sizes in grid) >= INTENSITY
    assert intensity(layer, {"n": 32, "d": 16, "k": 3}) < INTENSITY  # which `AXIS_SIZES` has


@pytest.mark.parametrize("name", ["attention_softmax", "rnn"])
def test_a_layer_that_memory_always_decides_is_measured_all_the_same(name):
    assert min(sizes["n"] for sizes in grid_points(get(name), PROFILES["standard"])) <= 32


def test_activations_are_inputs_temporaries_and_output():
    sizes = {"n": 64, "d": 16}
    assert value(activations(get("attention_scores")), sizes) == 2 * 64 * 16 + 64**2
    assert value(activations(get("attention")), sizes) == 3 * 64 * 16 + 2 * 64**2 + 64 * 16
    assert value(activations(get("conv_1x1")), sizes) == 2 * 64 * 16


def test_an_unknown_profile_or_axis_is_named(toy):
    with pytest.raises(ValueError, match=r"'huge'; there are: quick, standard, full$"):
        profile_of("huge")
    odd = toy("odd", lambda x: x, axes=("n", "z"))
    with pytest.raises(ValueError, match=r"'odd'.*'z'"):
        grid_points(odd, PROFILES["quick"])


def test_a_size_that_is_neither_axis_nor_tied_is_named(toy):
    alone = toy("alone", lambda x: x, axes=("n",))
    with pytest.raises(ValueError, match=r"'alone'.*\['d'\]"):
        grid_points(alone, PROFILES["quick"])


def test_a_square_keeps_more_values_than_a_line():
    product = grid_points(get("conv"), PROFILES["standard"])
    assert len({p["d"] for p in product}) > len({p["n"] for p in product})
    scores = grid_points(get("attention_scores"), PROFILES["quick"])
    assert len({p["n"] for p in scores}) > len({p["d"] for p in scores})


def test_a_layer_beyond_all_limits_is_named(toy):
    theory = Theory(n, Integer(10**15), Integer(0), n, Integer(1), Integer(1))
    heavy = toy("heavy", lambda x: x, theory=theory)
    with pytest.raises(ValueError, match=r"'heavy'.*'quick'"):
        grid_points(heavy, PROFILES["quick"])


def test_planning_for_the_cpu_does_not_load_torch():
    code = (
        "import sys, layerlaw.measure as m; m.plan(profile='quick'); "
        "m.Store().runs(); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_cost_of_0_has_the_order_0():
    assert _order(Integer(0), {"n": np.array([4, 8])}, "n") == 0.0
    assert _order(n**2, {"n": np.array([4, 8])}, "n") == 2.0
