"""Rules of operations whose FLOPs are not a number per element: sorts, scans, windows, distances.

docs/flops.md states each convention with its source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, prod

import torch

from .operation_call import OperationCall, stages


@dataclass(frozen=True)
class Rule:
    """The cost of an operation.

    Parameters
    ----------
    flops
        FLOPs of a call whose output is known.
    depth
        Sequential operations of a call, from an argument of this name to the output.
    """

    flops: Callable[[OperationCall], int]
    depth: Callable[[OperationCall, str], int]


def _per_row(flops: Callable[[int, OperationCall], int]) -> Callable[[OperationCall], int]:
    """Make a rule's FLOPs from those of a row of this length."""

    def total(call: OperationCall) -> int:
        axis = call.axis()
        return call.rows(axis) * flops(call.length(axis), call)

    return total


def _constant(depth: int) -> Callable[[OperationCall, str], int]:
    return lambda call, name: depth


def _logarithmic(more: int = 0) -> Callable[[OperationCall, str], int]:
    """State a depth of ⌈log₂ length⌉ and some operations more."""
    return lambda call, name: stages(call.length(call.axis())) + more


def _sort(length: int, call: OperationCall) -> int:
    """Merge: at most n·⌈log₂ n⌉ comparisons (Knuth, vol. 3, 5.2.4)."""
    return length * stages(length)


def _topk(length: int, call: OperationCall) -> int:
    """Compare each number once to select k, and sort these."""
    return length + (_sort(int(call["k"]), call) if call["sorted"] else 0)


def _topk_depth(call: OperationCall, name: str) -> int:
    return 1 + (stages(int(call["k"])) if call["sorted"] else 0)


def _selection(length: int, call: OperationCall) -> int:
    """Select the k-th, for a median the ⌈n/2⌉-th: n + min(k, n − k) (Floyd & Rivest 1975)."""
    k = int(call.get("k") or (length + 1) // 2)
    return length + min(k, length - k)


def _search(call: OperationCall) -> int:
    return call.made.numel() * _search_depth(call, "")


def _search_depth(call: OperationCall, name: str) -> int:
    """Binary search among m numbers compares ⌈log₂(m + 1)⌉ times."""
    given = call["sorted_sequence" if "sorted_sequence" in call.names else "boundaries"]
    return stages(given.shape[-1] + 1)


def _norm_of(call: OperationCall) -> tuple[int, int, int]:
    """Return a norm's FLOPs per number and per row, and its depth."""
    order = call.get("ord", call.get("p", 2))
    order = 2.0 if order is None else float(order)
    if order in (1.0, inf, -inf):
        return 2, 0, 2  # absolute value; sum or maximum
    if order == 0.0:
        return 1, 0, 1  # a sum of ones
    return (2, 1, 3) if order == 2.0 else (3, 1, 4)  # square or power, sum; root


def _norm(call: OperationCall) -> int:
    each, row, _ = _norm_of(call)
    return each * call.x.numel() + row * call.made.numel()


def _distances(call: OperationCall) -> int:
    each, row, _ = _norm_of(call)
    return call.made.numel() * ((each + 1) * call.x.shape[-1] + row)


def _distance_depth(call: OperationCall, name: str) -> int:
    return 1 + _norm_of(call)[2]


def _scatter(source: str) -> Callable[[OperationCall], int]:
    """Make the FLOPs of operations that add numbers of a source to chosen places."""

    def added(call: OperationCall) -> int:
        given = call.get(source)
        count = given.numel() if isinstance(given, torch.Tensor) else 1
        if source == "src":
            count = call["index"].numel()
        means = call.made.numel() if call.get("reduce") == "mean" else 0
        scaled = count if call.get("alpha", 1) != 1 else 0
        return int(count + means + scaled)

    return added


def _scatter_depth(call: OperationCall, name: str) -> int:
    scaled = call.get("alpha", 1) != 1 and name == "source"
    return 1 + bool(call.get("reduce") == "mean") + bool(scaled)


def _plain_scatter(call: OperationCall) -> int:
    """`scatter` adds or multiplies only with its argument `reduce`."""
    return int(call["index"].numel()) if call.get("reduce") else 0


def _put(call: OperationCall) -> int:
    if not call["accumulate"]:
        return 0
    if "index" in call.names:  # Tensor.put_
        return int(call["index"].numel())
    x = call.x.to("meta")
    indices = [i if i is None else i.to("meta") for i in call["indices"]]
    if any(i is not None and i.dtype is torch.bool for i in indices):
        return int(call["values"].numel())
    return int(torch.ops.aten.index.Tensor(x, indices).numel())


def _put_depth(call: OperationCall, name: str) -> int:
    return int(bool(call["accumulate"]))


def _adaptive_windows(call: OperationCall) -> int:
    """Return the numbers in the windows of an adaptive pool, which overlap."""
    made, x = call.made, call.x
    axes = len(call["output_size"])
    sides = [
        sum(-(-(i + 1) * size // out) - i * size // out for i in range(out))
        for size, out in zip(x.shape[-axes:], made.shape[-axes:], strict=True)
    ]
    return prod(sides) * prod(made.shape[:-axes])


def _embedding_bag(call: OperationCall) -> int:
    """Sum the rows of each bag, times weights if there are any; a mean has a quotient more."""
    chosen = call["indices"].numel() * call["weight"].shape[-1]
    weighted = chosen if call.get("per_sample_weights") is not None else 0
    return int(chosen + weighted + (call.made.numel() if call["mode"] == 1 else 0))


def _interpolation(taps: int) -> Rule:
    """State the cost of an interpolation with weights that depend on sizes alone."""
    return Rule(lambda call: (2 * taps - 1) * call.made.numel(), _constant(2))


#: FLOPs of the four weights of a cubic interpolation along an axis: three shifts, four polynomials.
_CUBIC_WEIGHTS = 25


def _grid_coordinate(call: OperationCall) -> int:
    """Return the FLOPs from a coordinate of −1 to 1 to one in pixels, within the borders."""
    scaled = 3 if call["align_corners"] else 4  # sum, product, difference, quotient
    return int(scaled + {0: 0, 1: 2, 2: 7}[call["padding_mode"]])


def _grid_sampler(call: OperationCall) -> int:
    """Interpolate at the coordinates of a grid: their weights count too."""
    made, axes = call.made, int(call["grid"].shape[-1])
    places = int(call["grid"].numel()) // axes
    coordinate = 1 + _grid_coordinate(call)  # and the whole number next to it
    mode, taps = call["interpolation_mode"], 1 << axes
    if mode == 1:
        return places * axes * coordinate
    if mode == 2:
        return places * axes * (coordinate + 1 + _CUBIC_WEIGHTS) + 35 * made.numel()
    weights = axes * (coordinate + 2) + taps * (axes - 1)
    return places * weights + (2 * taps - 1) * made.numel()


def _grid_sampler_depth(call: OperationCall, name: str) -> int:
    mode, axes = call["interpolation_mode"], call["grid"].shape[-1]
    combined = {0: 2, 1: 0, 2: 4}[mode]  # product, sum; along each axis if cubic
    if name == "input":
        return combined
    weights = {0: 2 + axes - 1, 1: 0, 2: 7}[mode]
    return int(1 + _grid_coordinate(call) + weights + combined)


def _trilinear(call: OperationCall) -> int:
    """Multiply two tensors, then the third, each summed as soon as it can be."""
    firsts, rest = _trilinear_pairs(call)
    return firsts + rest


def _trilinear_pairs(call: OperationCall) -> tuple[int, int]:
    shapes = []
    rank = call["i1"].dim() + len(call["expand1"])
    for name, expand in (("i1", "expand1"), ("i2", "expand2"), ("i3", "expand3")):
        sides = iter(call[name].shape)
        shapes.append([1 if axis in call[expand] else next(sides) for axis in range(rank)])
    early = {axis for axis in call["sumdim"] if axis in call["expand3"]}
    early |= {axis for axis in call["sumdim"] if shapes[2][axis] == 1}
    late = set(call["sumdim"]) - early
    first = [max(a, b) for a, b in zip(*shapes[:2], strict=True)]
    kept = [1 if axis in early else size for axis, size in enumerate(first)]
    second = [max(a, b) for a, b in zip(kept, shapes[2], strict=True)]
    return prod(first) * (1 + bool(early)), prod(second) * (1 + bool(late))


def _grouped_product(call: OperationCall) -> int:
    """Multiply each group of rows by its own matrix, as the experts of a mixture do."""
    first, second = call["self"], call["mat2"]
    groups = first.shape[0] if (first.dim(), second.dim()) == (3, 2) else 1
    return 2 * int(first.numel() * second.shape[-1] // groups)


#: The rules, by the operation's name in ATen.
RULES: Mapping[str, Rule] = {
    **dict.fromkeys(
        ("sort", "argsort", "msort", "mode", "_unique2", "_unique", "unique_dim"),
        Rule(_per_row(_sort), _logarithmic()),
    ),
    "topk": Rule(_per_row(_topk), _topk_depth),
    **dict.fromkeys(("kthvalue", "median", "nanmedian"), Rule(_per_row(_selection), _constant(1))),
    **dict.fromkeys(("searchsorted", "bucketize"), Rule(_search, _search_depth)),
    # maximum, difference, exponential, sum, logarithm, sum
    "logcumsumexp": Rule(_per_row(lambda length, call: 6 * length), _logarithmic(5)),
    **dict.fromkeys(
        ("linalg_vector_norm", "norm"), Rule(_norm, lambda call, name: _norm_of(call)[2])
    ),
    **dict.fromkeys(
        ("_cdist_forward", "_euclidean_dist", "_pdist_forward"), Rule(_distances, _distance_depth)
    ),
    **dict.fromkeys(("scatter_add", "scatter_reduce"), Rule(_scatter("src"), _scatter_depth)),
    **dict.fromkeys(("index_add", "index_reduce"), Rule(_scatter("source"), _scatter_depth)),
    "scatter": Rule(_plain_scatter, lambda call, name: int(bool(call.get("reduce")))),
    **dict.fromkeys(
        ("index_put", "_unsafe_index_put", "_index_put_impl", "put"), Rule(_put, _put_depth)
    ),
    "_grouped_mm": Rule(_grouped_product, _constant(1)),
    "col2im": Rule(lambda call: call.x.numel(), _constant(1)),
    "trace": Rule(lambda call: min(call.x.shape), _constant(1)),
    "aminmax": Rule(lambda call: 2 * call.x.numel(), _constant(1)),
    **dict.fromkeys(
        ("_adaptive_avg_pool2d", "_adaptive_avg_pool3d"),
        Rule(lambda call: _adaptive_windows(call) + call.made.numel(), _constant(2)),
    ),
    **dict.fromkeys(
        ("adaptive_max_pool2d", "adaptive_max_pool3d"), Rule(_adaptive_windows, _constant(1))
    ),
    **dict.fromkeys(
        ("fractional_max_pool2d", "fractional_max_pool3d"),
        Rule(lambda call: call.made.numel() * prod(call["kernel_size"]), _constant(1)),
    ),
    **dict.fromkeys(
        ("_embedding_bag", "_embedding_bag_forward_only"),
        Rule(
            _embedding_bag,
            lambda call, name: (
                1 + (call["mode"] == 1) + (call.get("per_sample_weights") is not None)
            ),
        ),
    ),
    "upsample_linear1d": _interpolation(2),
    "upsample_bilinear2d": _interpolation(4),
    "upsample_trilinear3d": _interpolation(8),
    "upsample_bicubic2d": _interpolation(16),
    **dict.fromkeys(
        ("grid_sampler_2d", "grid_sampler_3d", "_grid_sampler_2d_cpu_fallback"),
        Rule(_grid_sampler, _grid_sampler_depth),
    ),
    "_trilinear": Rule(_trilinear, lambda call, name: 1 if name == "i3" else 2),
    # product, cosine, product, difference; another cosine, product, sum
    **dict.fromkeys(
        ("hann_window", "hamming_window"), Rule(lambda call: 4 * call.made.numel(), _constant(4))
    ),
    "blackman_window": Rule(lambda call: 8 * call.made.numel(), _constant(5)),
    "_unsafe_masked_index_put_accumulate": Rule(
        lambda call: int(call["values"].numel()), _constant(1)
    ),
    "polar": Rule(lambda call: 4 * call.made.numel(), lambda call, name: 1 if name == "abs" else 2),
}
