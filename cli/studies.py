"""The commands `validate` and `published`: test the fitter, and fit published measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import show
from .options import Json
from .output import command_line
from .values import LARGEST_SEED, folder, require_folder, whole_number


def validate(
    cases: Annotated[
        int,
        whole_number(
            "--cases", least=1, most=100_000, help="Number of synthetic laws of each kind."
        ),
    ] = 200,
    seed: Annotated[
        int,
        whole_number("--seed", least=0, most=LARGEST_SEED, help="Seed of the synthetic laws."),
    ] = 1000,
    extrap: Annotated[
        str | None,
        typer.Option(
            metavar="PYTHON", help="A Python that has Extra-P, to compare the fitter with it too."
        ),
    ] = None,
    as_json: Json = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/validation.md.")
    ] = False,
) -> None:
    """Test the fitter on synthetic laws whose truth is known, and compare it with other fitters."""
    from ..studies.validation import criteria, recover_exact_orders, validate as run_validation

    with show.Terminal().fitting("synthetic laws") as update:
        figures = run_validation(cases, seed, extrap=extrap, progress=update)
    if as_json:
        print(figures.to_json(orient="index", indent=2))
    elif markdown:
        from ..studies.validation import markdown_page

        print(
            markdown_page.render(
                figures, criteria(figures, recover_exact_orders()), command_line()
            ),
            end="",
        )
    else:
        show.validation_figures(figures)
        show.criteria(criteria(figures, recover_exact_orders()))


def published(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="Folder of the published tables, as CSV.", show_default=False
        ),
    ],
    out: Annotated[
        Path, folder("--out", "-o", metavar="DIR", help="Folder for the page and figures.")
    ] = Path("docs"),
) -> None:
    """Fit the laws of published GPU and TPU measurements, and write the page docs/published.md."""
    from ..studies.published import write_page

    require_folder("--out", out)
    with show.Terminal().fitting("published tables") as update:
        page, *figures = write_page(folder, out, update)
    show.note(f"The page is {page}; its {len(figures)} figures are in {out / 'images'}.")
