"""The commands that hold the fitter against known truths and against others' measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import show
from .options import Json
from .output import command


def validate(
    cases: Annotated[int, typer.Option(min=1, help="Synthetic laws of each kind.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of the cases.")] = 1000,
    extrap: Annotated[
        str | None,
        typer.Option(
            metavar="PYTHON", help="A Python that has Extra-P, to hold the fitter against it too."
        ),
    ] = None,
    as_json: Json = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/validation.md.")
    ] = False,
) -> None:
    """Hold the fitter against synthetic laws whose truth is known, beside other fitters."""
    from ..studies.validation import criteria, recover_exact_orders, validate as hold

    with show.Terminal().fitting("synthetic laws") as update:
        figures = hold(cases, seed, extrap=extrap, progress=update)
    if as_json:
        print(figures.to_json(orient="index", indent=2))
    elif markdown:
        from ..studies.validation import markdown_page

        print(
            markdown_page.render(figures, criteria(figures, recover_exact_orders()), command()),
            end="",
        )
    else:
        show.figures(figures)
        show.criteria(criteria(figures, recover_exact_orders()))


def published(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="Of the published tables, CSV.", show_default=False),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for page and figures.")
    ] = Path("docs"),
) -> None:
    """Fit what others measured on GPUs and TPUs, and write the page docs/published.md."""
    from ..studies.published import write_page

    with show.Terminal().fitting("published tables") as update:
        page, *figures = write_page(folder, out, update)
    show.say(f"The page is {page}; its {len(figures)} figures lie in {out / 'images'}.")
