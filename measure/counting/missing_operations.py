"""Operations of ATen that have no rule, each with the reason.

They stop a count by name, as any unknown operation does; a user can give a rule for one.
"""

from __future__ import annotations

from collections.abc import Mapping

_SERIES = "a special function has no agreed cost: kernels sum series of various lengths"
_ALGORITHM = "its FLOPs depend on the algorithm that the library chooses"
_VALUES = "its FLOPs depend on the values"
_GRADIENT = "FLOPs are those of forward passes"
_FUSED = "attention is counted as its definition, before a kernel is chosen"
_SCALED = "its window depends on the scale, and PyTorch states no formula"

#: The reason, by the operation's name.
MISSING: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("digamma", "lgamma", "mvlgamma", "polygamma", "igamma", "igammac", "i0"),
            *("special_i0e", "special_i1", "special_i1e", "special_zeta", "special_erfcx"),
            *("special_ndtri", "special_log_ndtr", "special_bessel_j0", "special_bessel_j1"),
            *("special_bessel_y0", "special_bessel_y1", "special_spherical_bessel_j0"),
            *("special_modified_bessel_i0", "special_modified_bessel_i1", "kaiser_window"),
            *("special_modified_bessel_k0", "special_modified_bessel_k1", "special_airy_ai"),
        ),
        _SERIES,
    ),
    **dict.fromkeys(
        (
            *("linalg_inv_ex", "linalg_cholesky_ex", "linalg_qr", "linalg_eig", "linalg_eigvals"),
            *("_linalg_eigh", "_linalg_svd", "_linalg_det", "_linalg_slogdet", "linalg_lstsq"),
            *("_linalg_solve_ex", "linalg_solve_triangular", "linalg_lu", "linalg_lu_factor_ex"),
            *("linalg_matrix_exp", "linalg_householder_product", "linalg_ldl_factor_ex"),
            *("cholesky_solve", "cholesky_inverse", "triangular_solve", "geqrf", "ormqr"),
        ),
        _ALGORITHM,
    ),
    **dict.fromkeys(
        (
            *("gcd", "lcm", "histc", "bincount", "_ctc_loss", "multi_margin_loss"),
            *("multilabel_margin_loss_forward", "segment_reduce"),
        ),
        _VALUES,
    ),
    **dict.fromkeys(
        (
            *("_scaled_dot_product_flash_attention_for_cpu", "_flash_attention_forward"),
            *("_scaled_dot_product_flash_attention", "_efficient_attention_forward"),
            *("_scaled_dot_product_efficient_attention", "_scaled_dot_product_cudnn_attention"),
            *("_cudnn_attention_forward", "_native_multi_head_attention"),
            "_transformer_encoder_layer_fwd",
        ),
        _FUSED,
    ),
    **dict.fromkeys(
        ("_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa", "_upsample_lanczos2d_aa"), _SCALED
    ),
}


def why_missing(name: str) -> str:
    """Return why an operation has no rule; empty if it is in no table.

    Examples
    --------
    >>> why_missing("convolution_backward")
    'FLOPs are those of forward passes'
    """
    if name.endswith(("_backward", "_backward_data")):
        return _GRADIENT
    return MISSING.get(name, "")
