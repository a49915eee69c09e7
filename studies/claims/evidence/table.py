"""Exercise A6.4: the table that compares layers, Table 1 of Vaswani et al. 2017.

The course text shows it as a picture.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Expr, ceiling, oo

from .... import layers
from ....analysis import formula_text
from ....layers import TABLE_1, d, k, n, r, subs
from ..costs import flops_match_theory, has_order, layer_formulas, order_evidence
from ..statement import (
    Evidence,
    Setting,
    Statement,
    auxiliary_evidence,
    claim,
    limiting_evidence,
    required_evidence,
)


def row_text(kind: str, cost: str, steps: str, path: str) -> str:
    """Write a row of the table as a sentence."""
    return (
        f"{TABLE_1}: {kind} takes O({cost}) a layer, O({steps}) operations in sequence, and its "
        f"longest path is O({path})."
    )


_COUNTED = "FLOPs, longest chain of operations and shortest path between both ends, from counts."


@claim(
    Statement(
        id="table-attention",
        exercise="A6.4",
        text=row_text("self-attention", "n²·d", "1", "1"),
        original="",
        how=_COUNTED,
    )
)
def table_attention(setting: Setting) -> Iterator[Evidence]:
    """Test the row: it holds without projections."""
    found = layer_formulas("attention")
    yield order_evidence(n**2 * d, found["flops"].expression, "attention")
    yield _constant("operations in sequence", found["sequential_ops"].expression)
    yield _constant("path", found["path_length"].expression)
    whole = layer_formulas("multihead")["flops"].expression
    yield limiting_evidence(
        "FLOPs of multihead, with projections",
        formula_text(whole),
        not has_order(n**2 * d, whole),
        "it holds without the projections of Q, K, V and the output, which are O(n·d²)",
    )
    projections = 4 * layer_formulas("conv_1x1")["flops"].expression
    yield auxiliary_evidence(
        "length at which these projections, four products as of conv_1x1, cost as much as the rest",
        f"n = {formula_text(sympy.solve(whole - 2 * projections, n)[0])}",
    )


@claim(
    Statement(
        id="table-recurrent",
        exercise="A6.4",
        text=row_text("a recurrent layer", "n·d²", "n", "n"),
        original="",
        how=_COUNTED,
    )
)
def table_recurrent(setting: Setting) -> Iterator[Evidence]:
    """Test the row for rnn, lstm and gru."""
    found = layer_formulas("rnn")
    yield order_evidence(n * d**2, found["flops"].expression, "rnn")
    for metric, what in _CHAINS.items():
        expression = found[metric].expression
        yield required_evidence(
            f"{what} of rnn", formula_text(expression), has_order(n, expression), "not linear in n"
        )
    from ....measure import longest_chain  # loads torch

    for name in ("lstm", "gru"):
        layer, points = layers.get(name), [{"n": n, "d": d} for n in (2, 9) for d in (4, 6)]
        theory = layer.tied_theory()
        exact = flops_match_theory(layer, points)
        chains = all(longest_chain(layer, at) == subs(theory.depth, at) for at in points)
        yield required_evidence(
            f"FLOPs and operations in sequence of {name}, as counted at {len(points)} sizes",
            f"{formula_text(theory.flops)}, {formula_text(theory.depth)}",
            exact and chains and has_order(n * d**2, theory.flops) and has_order(n, theory.depth),
            f"{name} is not O(n·d²) with O(n) operations in sequence",
        )


_CHAINS = {"sequential_ops": "operations in sequence", "path_length": "operations on the path"}


@claim(
    Statement(
        id="table-convolution",
        exercise="A6.4",
        text=row_text("a convolution", "k·n·d²", "1", "log_k n"),
        original="",
        how=_COUNTED,
    )
)
def table_convolution(setting: Setting) -> Iterator[Evidence]:
    """Test the row: the logarithm holds for dilated kernels."""
    found, dilated = layer_formulas("conv"), layers.get("dilated_stack")
    yield order_evidence(n * k * d**2, found["flops"].expression, "conv")
    yield _constant("operations in sequence", found["sequential_ops"].expression)
    from ....measure import path_length  # loads torch

    points = [{"n": 3**power, "d": 2, "k": 3} for power in (1, 2, 3, 4)]
    steps = [path_length(dilated, at) for at in points]
    yield required_evidence(
        "path with dilations 1, k, k², …, k = 3, n = 3, 9, 27, 81",
        ", ".join(map(str, steps)),
        steps == [1, 2, 3, 4],
        "the path with dilations is not log_k n",
    )
    path = found["path_length"].expression
    yield limiting_evidence(
        "path through contiguous kernels, those of conv",
        formula_text(path),
        path.subs(k, 3).limit(n, oo) == oo and path == ceiling((2 * n - 2) / (k - 1)),
        "it holds for dilated kernels; contiguous ones need O(n/k) layers, as section 4 of the "
        "paper says",
    )


@claim(
    Statement(
        id="table-restricted",
        exercise="A6.4",
        text=row_text("self-attention restricted to a window of r", "r·n·d", "1", "n/r"),
        original="",
        how="FLOPs and longest chain of local_attention compared with its theory at several sizes; "
        "the number of layers that connect both ends.",
    )
)
def table_restricted(setting: Setting) -> Iterator[Evidence]:
    """Test the row for `local_attention`, whose window has r positions."""
    from ....measure import (
        counting_grid,  # loads torch
        layers_needed,
        longest_chain,
    )

    local = layers.get("local_attention")
    points = counting_grid(local, {"n": (8, 24), "d": (4, 20), "r": (3, 9)})
    flops = local.theory.flops
    yield required_evidence(
        f"FLOPs at {len(points)} sizes equal the formula, which is O(n·r·d)",
        formula_text(flops),
        flops_match_theory(local, points) and has_order(n * r * d, flops),
        "counted FLOPs differ from it",
    )
    chains = {longest_chain(local, at) for at in points}
    yield required_evidence(
        "operations in sequence at these sizes",
        ", ".join(map(str, chains)),
        len(chains) == 1,
        "they depend on the sizes",
    )
    ends = [(9, 3), (9, 5), (17, 3), (17, 5)]
    counts = [layers_needed(local, {"n": n, "d": 2, "r": r}) for n, r in ends]
    said = [-(-2 * (n - 1) // (r - 1)) for n, r in ends]
    yield required_evidence(
        f"layers that connect both ends, (n, r) = {', '.join(map(str, ends))}, and ⌈2(n − 1)/(r "
        "− 1)⌉",
        f"{', '.join(map(str, counts))}; {', '.join(map(str, said))}",
        counts == said,
        "the path is not of the order n/r",
    )


def _constant(what: str, expression: Expr) -> Evidence:
    return required_evidence(
        f"{what}, for all sizes",
        formula_text(expression),
        expression.is_number,
        "it depends on the sizes",
    )
