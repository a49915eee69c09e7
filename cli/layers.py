"""The commands that say what layers do without timing them."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from . import show
from .options import Json, usage


def explain(
    layer: Annotated[
        str,
        typer.Argument(
            metavar="LAYER",
            help="A layer's name, or where one of your own is: module:Name or file.py:Name.",
            show_default=False,
        ),
    ],
    as_json: Json = False,
) -> None:
    """Say what a layer does, without timing it: exact formulas, beside its theory if it has one.

    FLOPs, parameters, sequential operations, path length and what is kept for the gradients are
    counted on tensors without numbers; peaks of memory are read from torch's allocator at small
    sizes.
    """
    from ..experiments import derive
    from ..layers import is_known
    from ..reports import derivation_summary, derived_dict, derived_rows

    with usage(), show.Terminal().steps() as update:
        found = derive(layer, progress=update)
    theory = found.layer.tied_theory()
    own = theory if is_known(theory.flops) else None
    if as_json:
        print(json.dumps(derived_dict(found, own), indent=2, ensure_ascii=False))
    else:
        show.derived(derivation_summary(found), derived_rows(found, own))


def list_layers(
    as_json: Json = False,
) -> None:
    """List the layers with their theory."""
    from ..reports import theory_rows

    rows = theory_rows()
    if as_json:
        print(json.dumps([row.as_dict() for row in rows], indent=2, ensure_ascii=False))
    else:
        show.theory(rows)
