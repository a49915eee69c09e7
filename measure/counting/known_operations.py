"""Which operations are known, and the message about those that are not."""

from __future__ import annotations

from torch._ops import OpOverload

from .aten_operations import (
    ELEMENTWISE,
    FREE,
    FUSED,
    POOLS,
    PRODUCTS,
    REDUCTIONS,
    TRANSFORMS,
    VECTORS,
    operation_name,
)
from .missing_operations import why_missing
from .operation_rules import RULES, Rule
from .user_rules import registered_formula, user_rule
from .written_out import WRITTEN_OUT, Function

#: Names of the operations of ATen that are known.
KNOWN = frozenset(
    {
        *ELEMENTWISE,
        *REDUCTIONS,
        *PRODUCTS,
        *VECTORS,
        *POOLS,
        *FUSED,
        *TRANSFORMS,
        *FREE,
        *RULES,
        *WRITTEN_OUT,
    }
)


def is_known(function: OpOverload) -> bool:
    """Return whether an operation has a rule of ours or of the user's, views aside."""
    own = of_aten(function) and operation_name(function) in KNOWN
    return own or user_rule(function) is not None or registered_formula(function) is not None


def of_aten(function: OpOverload) -> bool:
    """Return whether an operation is one of PyTorch's own."""
    return function.namespace in ("aten", "prims")


def rule_of(function: OpOverload) -> Rule | None:
    """Return the rule of an operation, the user's first; None if it is in another table."""
    given = user_rule(function)
    if given is not None or not of_aten(function):
        return given
    return RULES.get(operation_name(function))


def written_out(function: OpOverload) -> Function | None:
    """Return the function as which an operation counts, or None."""
    return WRITTEN_OUT.get(operation_name(function)) if of_aten(function) else None


def unknown(function: OpOverload, what: str) -> NotImplementedError:
    """Return the error that says that something of an operation is not known, and what to do."""
    why = why_missing(operation_name(function)) if of_aten(function) else ""
    reason = f" ({why})" if why else ""
    name = str(function).replace(".", "::", 1).rpartition(".")[0]
    return NotImplementedError(
        f"the {what} of {function} is not known{reason}: state it with "
        f'@layerlaw.flop_rule("{name}") or in [tool.layerlaw.flops] of pyproject.toml, '
        "see docs/own_layers.md"
    )
