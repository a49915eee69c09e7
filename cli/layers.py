"""The commands `explain` and `list`, which describe layers without timing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from . import show
from .options import Inputs, Json, Multiples, usage_errors
from .output import print_json
from .values import MOST_SECONDS, number

if TYPE_CHECKING:
    from ..experiments import ExactFormula


def explain(
    layer: Annotated[
        str,
        typer.Argument(
            metavar="LAYER",
            help="A layer's name, or the location of your own: module:Name or file.py:Name.",
            show_default=False,
        ),
    ],
    timeout: Annotated[
        float,
        number(
            "--timeout",
            least=0.1,
            most=MOST_SECONDS,
            metavar="SECONDS",
            help="Limit of all formulas together; those not found by then are said to be missing.",
        ),
    ] = 30.0,
    inputs: Inputs = None,
    multiples: Multiples = None,
    as_json: Json = False,
) -> None:
    """Derive exact formulas of a layer's costs from counts, without timing it.

    FLOPs, parameters, sequential operations, path length and saved tensors are counted on meta
    tensors, which have shapes and no numbers. Peak memory is read from torch's allocator at small
    sizes. If the layer has a theory, it is shown next to the formulas.
    """
    from ..experiments import derive
    from ..layers import is_known
    from ..reports import derivation_summary, derived_dict, derived_line, derived_rows

    def tell(metric: str, one: ExactFormula | str) -> None:
        if not as_json:
            show.note(derived_line(metric, one))

    with usage_errors(), show.Terminal().steps() as update:
        found = derive(
            layer,
            progress=update,
            found=tell,
            seconds=timeout,
            inputs=inputs or (),
            multiple=multiples or (),
        )
    theory = found.layer.tied_theory()
    own = theory if is_known(theory.flops) else None
    if as_json:
        print_json(derived_dict(found, own))
    else:
        show.derivation(derivation_summary(found), derived_rows(found, own))


def list_layers(
    as_json: Json = False,
) -> None:
    """List the layers with their theory."""
    from ..reports import theory_rows

    rows = theory_rows()
    if as_json:
        print_json([row.as_dict() for row in rows])
    else:
        show.theory(rows)
