"""Tables of ATen's operations, from which FLOPs, depths and reachability are counted.

Operations whose cost is not a number per element have rules (`operation_rules`) or are written out
(`written_out`). An operation that is known nowhere raises when it is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor
from torch._ops import OpOverload

#: FLOPs per element of the output, by the operation's name in ATen (`add` stands for `add_` too).
ELEMENTWISE: Mapping[str, int] = {
    **dict.fromkeys(("add", "sub", "rsub", "mul", "div", "neg", "reciprocal"), 1),
    **dict.fromkeys(("exp", "log", "sqrt", "rsqrt", "sin", "cos"), 1),
    **dict.fromkeys(("tanh", "sigmoid", "relu", "maximum", "minimum", "pow"), 1),
    **dict.fromkeys(("exp2", "log2", "log10", "tan", "atan", "atan2", "sinh", "cosh", "erf"), 1),
    **dict.fromkeys(("abs", "sign", "floor", "ceil", "round", "trunc", "remainder", "fmod"), 1),
    **dict.fromkeys(("clamp_min", "clamp_max", "threshold", "fmax", "fmin", "hardshrink"), 1),
    **dict.fromkeys(("acos", "asin", "acosh", "asinh", "atanh", "erfc", "erfinv"), 1),
    **dict.fromkeys(("sgn", "copysign", "square", "angle", "deg2rad", "rad2deg"), 1),
    **dict.fromkeys(("true_divide", "float_power"), 1),
    **dict.fromkeys(("floor_divide", "frac", "ldexp", "xlogy"), 2),
    **dict.fromkeys(("rrelu_with_noise", "rrelu_with_noise_functional"), 2),  # as leaky ReLU
    **dict.fromkeys(("native_dropout", "_fused_dropout"), 2),  # mask, scale
    **dict.fromkeys(("sinc", "special_entr", "special_xlog1py"), 3),
    **dict.fromkeys(("expm1", "log1p"), 2),
    **dict.fromkeys(("clamp", "hardtanh"), 2),  # maximum, minimum
    **dict.fromkeys(("silu", "glu"), 2),  # sigmoid, product
    **dict.fromkeys(("leaky_relu", "_prelu_kernel"), 2),  # product, maximum
    **dict.fromkeys(("addcmul", "addcdiv"), 2),  # product or quotient, sum
    "elu": 2,  # exponential, difference
    "softplus": 3,  # exponential, sum, logarithm
    "lerp": 3,  # difference, product, sum
    "celu": 4,  # quotient, exponential, difference, product
    "hardsigmoid": 4,  # sum, maximum, minimum, quotient
    "hardswish": 5,  # the same, product
    "log_sigmoid_forward": 5,  # negation, softplus, negation
    "mish": 5,  # softplus, tanh, product
    "gelu": 5,  # quotient by √2, error function, sum, half, product
    # maximum, difference, exponential, sum, quotient
    **dict.fromkeys(("_softmax", "_safe_softmax", "_masked_softmax"), 5),
}

#: Reductions: 1 FLOP per element of the input, and these FLOPs per element of the output.
REDUCTIONS: Mapping[str, int] = {
    **dict.fromkeys(("sum", "amax", "amin", "cumsum"), 0),
    **dict.fromkeys(("max", "min", "argmax", "argmin", "prod", "nansum"), 0),
    **dict.fromkeys(("cumprod", "cummax", "cummin"), 0),
    "mean": 1,  # the division
}

#: Matrix products, each with the index of its bias argument: 1 FLOP per element of the output.
PRODUCTS: Mapping[str, int | None] = {
    "mm": None,
    "bmm": None,
    "addmm": 0,
    "baddbmm": 0,
    "convolution": 2,
    "_int_mm": None,
}

#: Products with a vector, each with the index of its matrix and of its summand.
VECTORS: Mapping[str, tuple[int, int | None]] = {
    "mv": (0, None),
    "dot": (0, None),
    "vdot": (0, None),
    "addmv": (1, 0),
}

#: Pools: 1 FLOP per number of a window, and these FLOPs per element of the output.
POOLS: Mapping[str, int] = {
    **dict.fromkeys(("avg_pool2d", "avg_pool3d"), 1),
    **dict.fromkeys(("max_pool2d_with_indices", "max_pool3d_with_indices"), 0),
}


class Fused(NamedTuple):
    """The cost of a fused function of rows, in operations of the tables above.

    Parameters
    ----------
    each, row
        FLOPs per number, and further FLOPs per row.
    depth
        Sequential operations from one of the row's numbers to the output.
    affine
        Indices of the arguments gain and bias: each is 1 further FLOP per number.
    """

    each: int
    row: int
    depth: int
    affine: tuple[int, ...] = ()


#: Functions of rows that ATen has as one operation.
FUSED: Mapping[str, Fused] = {
    # maximum, difference, exponential, sum, difference; logarithm of each row's sum
    "_log_softmax": Fused(5, 1, 6),
    # maximum, difference, exponential, sum; logarithm, sum
    "logsumexp": Fused(4, 2, 6),
    # sum, difference, square, sum, quotient; two quotients, ε, root
    "native_layer_norm": Fused(5, 4, 9, (2, 3)),
    "native_group_norm": Fused(5, 4, 9, (1, 2)),
    **dict.fromkeys(
        (
            *("native_batch_norm", "_native_batch_norm_legit", "cudnn_batch_norm"),
            *("_native_batch_norm_legit_functional", "_native_batch_norm_legit_no_training"),
            *("_batch_norm_with_update", "_batch_norm_with_update_functional"),
        ),
        Fused(5, 4, 9, (1, 2)),
    ),
    "_batch_norm_no_update": Fused(5, 4, 9, (1, 2)),
    # sum, difference, square, sum; two quotients
    **dict.fromkeys(("var", "var_mean"), Fused(4, 2, 6)),
    "std": Fused(4, 3, 7),
    "linalg_vector_norm": Fused(2, 1, 3),  # square, sum; root
}

#: A batch norm with given mean and variance: difference, quotient; ε, root of each channel.
INFERENCE_NORM = Fused(2, 2, 2, (1, 2))

#: GELU by the hyperbolic tangent: x³, product, sum, product, tanh, sum; half of x, product.
TANH_GELU = 8

#: Fast Fourier transforms: 5/2 FLOPs per real number and stage; a complex number counts as two.
TRANSFORMS = frozenset({"_fft_r2c", "_fft_c2c", "_fft_c2r"})

#: FLOPs of operations on complex numbers, per element of the output.
COMPLEX: Mapping[str, int] = {
    **dict.fromkeys(("add", "sub", "neg"), 2),
    "mul": 6,  # four products, two sums
    "div": 11,  # product with the conjugate (6), square of the absolute value (3), two quotients
    "reciprocal": 6,  # square of the absolute value, two quotients, negation
    "abs": 4,  # two squares, sum, root
    "angle": 1,  # arc tangent
    "exp": 5,  # exponential, cosine, sine, two products
    "square": 6,
}

#: FLOPs of those whose other factor or divisor is a real number.
COMPLEX_BY_REAL: Mapping[str, int] = {"mul": 2, "div": 2}

#: How many times as many FLOPs a product of complex matrices has: 6 and 2 for 1 and 1.
COMPLEX_PRODUCT = 4

_CREATES = (
    *("empty", "zeros", "ones", "full", "arange", "linspace", "logspace", "eye", "scalar_tensor"),
    *("new_zeros", "new_ones", "new_empty", "new_full", "full_like", "zeros_like", "ones_like"),
    *("empty_like", "empty_strided", "new_empty_strided", "tril_indices", "triu_indices", "fill"),
    *("zero", "lift_fresh", "lift", "empty_permuted", "_efficientzerotensor"),
)

_DRAWS = (
    *("rand", "randn", "randint", "randperm", "rand_like", "randn_like", "randint_like", "normal"),
    *("uniform", "bernoulli", "exponential", "cauchy", "log_normal", "geometric", "random"),
    *("multinomial", "poisson", "binomial", "_sample_dirichlet"),
)

_COMPARES = (
    *("eq", "ne", "lt", "le", "gt", "ge", "isnan", "isinf", "isfinite", "isposinf", "isneginf"),
    *("signbit", "heaviside", "isin", "nan_to_num", "equal", "count_nonzero", "allclose"),
    *("logical_not", "logical_and", "logical_or", "logical_xor", "any", "all", "nextafter"),
    *("bitwise_not", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift"),
    *("bitwise_right_shift", "__lshift", "__rshift", "__ilshift", "__irshift", "__iand"),
    *("__ior", "__ixor", "__and", "__or", "__xor", "where", "is_same_size", "_is_all_true"),
    *("_is_any_true", "_assert_async", "_functional_assert_async", "_assert_scalar"),
    *("_assert_tensor_metadata", "is_nonzero", "_has_compatible_shallow_copy_type"),
)

_SELECTS = (
    *("index", "_unsafe_index", "_unsafe_masked_index", "index_select", "index_copy", "index_fill"),
    *("gather", "take", "take_along_dim", "embedding", "masked_select", "nonzero", "item"),
    *("masked_fill", "masked_scatter", "nonzero_static", "_local_scalar_dense"),
    *("select_scatter", "slice_scatter", "diagonal_scatter", "as_strided_scatter"),
    *("max_unpool2d", "max_unpool3d", "repeat_interleave", "unique_consecutive"),
)

_MOVES = (
    *("clone", "copy", "_to_copy", "cat", "stack", "_chunk_cat", "complex", "conj_physical"),
    *("constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d"),
    *("replication_pad1d", "replication_pad2d", "replication_pad3d", "flip", "roll", "rot90"),
    *("repeat", "im2col", "tril", "triu", "diag", "diag_embed", "block_diag", "frexp"),
    *("channel_shuffle", "native_channel_shuffle", "pixel_shuffle", "pixel_unshuffle"),
    *("upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d"),
    *("_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "_upsample_nearest_exact3d"),
    *("_pack_padded_sequence", "_pad_packed_sequence", "pad_sequence", "resize", "resize_as"),
    *(
        "set",
        "transpose",
        "swapaxes",
        "swapdims",
        "t",
        "squeeze",
        "unsqueeze",
    ),  # in place: no views
    *("_unsafe_view", "unsafe_split", "unsafe_split_with_sizes", "unsafe_chunk", "_reshape_copy"),
    *("_conj_copy", "_neg_view_copy", "view_as_complex_copy", "view_as_real_copy", "detach"),
    *("alias_copy", "as_strided_copy", "diagonal_copy", "expand_copy", "narrow_copy", "t_copy"),
    *("permute_copy", "select_copy", "slice_copy", "split_copy", "split_with_sizes_copy"),
    *("squeeze_copy", "transpose_copy", "unbind_copy", "unfold_copy", "unsqueeze_copy"),
    *("view_copy", "detach_copy", "sym_size", "sym_stride", "sym_numel", "sym_storage_offset"),
)

#: Operations without arithmetic, each with the reason. Views need no entry.
FREE: Mapping[str, str] = {
    **dict.fromkeys(_CREATES, "creates numbers"),
    **dict.fromkeys(_DRAWS, "draws random numbers"),
    **dict.fromkeys(_COMPARES, "compares numbers or tests bits"),
    **dict.fromkeys(_SELECTS, "selects numbers"),
    **dict.fromkeys(_MOVES, "moves or copies numbers"),
}


def flops_per_element(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    """Return the FLOPs per element of a call of an operation of `ELEMENTWISE`."""
    if name == "gelu" and kwargs.get("approximate", "none") == "tanh":
        return TANH_GELU
    if name == "clamp":
        bounds = [*args[1:3], kwargs.get("min"), kwargs.get("max")]
        return sum(bound is not None for bound in bounds)
    if name == "elu":  # scale · (α · (exp(input_scale · x) − 1))
        factors = [*args[1:], *kwargs.values()]
        return ELEMENTWISE[name] + sum(bool(factor != 1) for factor in factors)
    if name == "softplus":  # log(1 + exp(β · x)) / β
        beta = args[1] if len(args) > 1 else kwargs.get("beta", 1)
        return ELEMENTWISE[name] + 2 * bool(beta != 1)
    if name == "div" and kwargs.get("rounding_mode") is not None:
        return 2
    scaled = bool(kwargs.get("alpha", 1) != 1 or kwargs.get("value", 1) != 1)  # one more product
    return ELEMENTWISE[name] + scaled


def fused_function(name: str, args: tuple[Any, ...]) -> Fused:
    """Return the cost of a call of a function of rows."""
    if name == "_native_batch_norm_legit_no_training":
        return INFERENCE_NORM
    if "batch_norm" in name and not args[5 if len(args) > 6 else 3]:
        return INFERENCE_NORM
    return FUSED[name]


def transform_stages(name: str, x: Tensor, axes: list[int], *further: int | bool) -> int:
    """Return the stages of a transform: ⌈log₂ length⌉ along each axis (Cooley & Tukey 1965)."""
    lengths = [x.shape[axis] for axis in axes]
    if name == "_fft_c2r":  # its input has half as many numbers as its output
        lengths[-1] = further[-1]
    return sum((length - 1).bit_length() for length in lengths)


def operation_name(func: OpOverload) -> str:
    """Return an operation's name without its in-place mark: ``aten.add_.Tensor`` is ``add``."""
    name: str = func.overloadpacket.__name__
    return name.rstrip("_")


def is_free(func: OpOverload) -> bool:
    """Return whether an operation only creates, moves or views numbers."""
    return func.is_view or (func.namespace == "aten" and operation_name(func) in FREE)
