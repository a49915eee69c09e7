"""The app of the command `layerlaw`: its commands, and how an error becomes one line."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Annotated

import typer

from ..errors import LayerlawError
from . import show
from .claims import claims
from .dependencies import dependencies
from .doctor import doctor
from .laws import fit, predict, report
from .layers import explain, list_layers
from .options import EXIT_INTERRUPTED
from .run import run
from .show import console
from .studies import published, validate

app = typer.Typer(
    name="layerlaw",
    help="Measure how the cost of a layer grows, fit its law, and compare the law with theory.",
    epilog="Example: layerlaw run --profile quick --out my-report",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    add_completion=False,
)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from .. import __version__

        print(f"layerlaw {__version__}")
        raise typer.Exit


def _add(name: str, command: Callable[..., None], example: str) -> None:
    app.command(name=name, epilog=f"Example: layerlaw {example}")(command)


# In the order in which `--help` lists them.
_add("list", list_layers, "list --json | jq '.[].name'")
_add("run", run, "run --profile quick --layer attention --layer rnn")
_add("claims", claims, "claims --exercise A6.3 --no-times --details")
_add("explain", explain, "explain torch.nn:LSTM")
_add("doctor", doctor, "doctor --ablate --layer attention")
_add("dependencies", dependencies, "dependencies --layer rnn --layer lstm --train")
_add("fit", fit, "fit table.csv --expect mine=n*k*d**2 --json laws.json")
_add("report", report, "report layerlaw-report --out again")
_add("predict", predict, "predict layerlaw-report --layer attention --at d=64 --within 1.0")
_add("validate", validate, "validate --cases 400 --seed 7")
_add("published", published, "published ../shared/published --out docs")


def run_app() -> None:
    """Run the command; an error of the user's ends with one line and exit status 2."""
    warnings.showwarning = show.warning
    try:
        app()
    except SystemExit as end:
        if end.code == EXIT_INTERRUPTED and not console.printed_errors:
            show.error("stopped")
        raise
    except (LayerlawError, OSError) as error:
        show.error(_error_text(error))
        sys.exit(2)


def _error_text(error: Exception) -> str:
    """Return the message of an error, without the number of an OSError."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
