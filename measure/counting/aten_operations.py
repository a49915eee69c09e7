"""Tables of ATen's operations, from which FLOPs, depths and reachability are counted.

An operation that is in none of the tables raises when it is counted; add it here.
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
    **dict.fromkeys(("clamp_min", "clamp_max", "threshold"), 1),
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
    **dict.fromkeys(("_softmax", "_safe_softmax"), 5),
}

#: Reductions: 1 FLOP per element of the input, and these FLOPs per element of the output.
REDUCTIONS: Mapping[str, int] = {
    **dict.fromkeys(("sum", "amax", "amin", "cumsum"), 0),
    **dict.fromkeys(("max", "min", "argmax", "argmin", "prod"), 0),
    "mean": 1,  # the division
}

#: Matrix products, each with the index of its bias argument: 1 FLOP per element of the output.
PRODUCTS: Mapping[str, int | None] = {
    "mm": None,
    "bmm": None,
    "addmm": 0,
    "baddbmm": 0,
    "convolution": 2,
}

#: Products with a vector, each with the index of its matrix and of its summand.
VECTORS: Mapping[str, tuple[int, int | None]] = {
    "mv": (0, None),
    "dot": (0, None),
    "addmv": (1, 0),
}

#: Pools: 1 FLOP per number of a window, and these FLOPs per element of the output.
POOLS: Mapping[str, int] = {"avg_pool2d": 1, "max_pool2d_with_indices": 0}


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
    "native_batch_norm": Fused(5, 4, 9, (1, 2)),
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

#: FLOPs of operations on complex numbers; a product with a real factor has 2.
COMPLEX: Mapping[str, int] = {"mul": 6, "add": 2, "sub": 2}

#: Operations that create or move numbers without arithmetic. Views need no entry.
FREE = frozenset(
    {
        "empty",
        "zeros",
        "new_zeros",
        "new_ones",
        "ones",
        "full",
        "arange",
        "fill",
        *("full_like", "zeros_like", "ones_like", "empty_like", "new_empty", "new_full"),
        *("empty_strided", "new_empty_strided", "scalar_tensor", "linspace", "lift_fresh"),
        *("eq", "ne", "lt", "le", "gt", "ge", "isnan", "isinf", "isfinite", "nan_to_num"),
        *("logical_not", "logical_and", "logical_or", "logical_xor", "any", "all"),
        *("bitwise_not", "bitwise_and", "bitwise_or", "bitwise_xor"),
        *("where", "index", "index_select", "index_put", "gather", "scatter", "embedding"),
        *("roll", "repeat", "im2col", "upsample_nearest1d"),
        *("reflection_pad1d", "replication_pad1d"),
        "masked_fill",
        "_local_scalar_dense",  # reads a number
        "flip",
        "tril",
        "triu",
        "zero",
        "clone",
        "copy",
        "_to_copy",
        "cat",
        "stack",
        "complex",
        "constant_pad_nd",
        "transpose",  # in place, as in nn.RNN: not a view for PyTorch
        "_unsafe_view",
        "unsafe_split",
    }
)


def flops_per_element(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    """Return the FLOPs per element of a call of an operation of `ELEMENTWISE`."""
    if name == "gelu" and kwargs.get("approximate", "none") == "tanh":
        return TANH_GELU
    if name == "clamp":
        bounds = [*args[1:3], kwargs.get("min"), kwargs.get("max")]
        return sum(bound is not None for bound in bounds)
    scaled = bool(kwargs.get("alpha", 1) != 1 or kwargs.get("value", 1) != 1)  # one more product
    return ELEMENTWISE[name] + scaled


def fused_function(name: str, args: tuple[Any, ...]) -> Fused:
    """Return the cost of a call of a function of rows."""
    if name == "native_batch_norm" and not args[5]:
        return INFERENCE_NORM
    return FUSED[name]


def stages(name: str, x: Tensor, axes: list[int], *further: int | bool) -> int:
    """Return the stages of a transform or scan: ⌈log₂ length⌉ (Cooley & Tukey 1965)."""
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
    return func.is_view or operation_name(func) in FREE
