"""The app of the command `layerlaw`: its commands, and how an error becomes one line."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from ..errors import LayerlawError
from ..messages import error_line
from . import show
from .children import ending_children
from .claims import claims
from .dependencies import dependencies
from .doctor import doctor
from .laws import fit, predict, report
from .layers import explain, list_layers
from .options import EXIT_INTERRUPTED
from .run import run
from .show import console
from .signals import stopping_on_signals
from .studies import published, validate

#: Environment variable that shows the traceback of an internal error.
TRACEBACK = "LAYERLAW_TRACEBACK"

app = typer.Typer(
    name="layerlaw",
    help="Measure how the cost of a layer grows, fit its law, and compare the law with theory.",
    epilog="Example: layerlaw run --profile quick --out my-report",
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    add_completion=False,
)


@app.callback(invoke_without_command=True)
def _without_command(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from .. import __version__

        print(f"layerlaw {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(2)


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
    """Run the command and exit with its status.

    The status is 0 if it is done, 2 with one line if a person can mend what is wrong, 130, 143 and
    129 after Ctrl-C, SIGTERM and SIGHUP, and 1 with one line after an error that nobody expected.
    """
    warnings.showwarning = show.warning
    with ending_children(), stopping_on_signals() as signals:
        try:
            status = _run()
        except KeyboardInterrupt:
            status = EXIT_INTERRUPTED
        if status == EXIT_INTERRUPTED:
            status = signals.exit_status
            if not console.printed_errors:
                show.error("stopped")
    sys.exit(status)


def _run() -> int:
    """Run the command and return its status."""
    status: int
    try:
        # Otherwise typer prints what is wrong with an option in a frame of several lines.
        status = app(standalone_mode=False) or 0
    except TyperException as error:
        status = 2
        show.error(_usage_text(error))
    except (LayerlawError, OSError) as error:
        status = 2
        show.error(_error_text(error))
    except MemoryError:
        status = 2
        show.error("the memory does not suffice")
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        status = 1
        show.error(
            f"internal error: {error_line(error)} in {_place(error)}; please report it with the "
            f"traceback that {TRACEBACK}=1 shows"
        )
    return status


def _usage_text(error: TyperException) -> str:
    """Return in one line what typer says of an option or a command, and whose help to read."""
    commands = {each.name for each in app.registered_commands}
    called = " ".join(["layerlaw", *(name for name in sys.argv[1:2] if name in commands)])
    text = error.format_message().rstrip(".")
    return f"{text[:1].lower()}{text[1:]} (see {called} --help)"


def _error_text(error: Exception) -> str:
    """Return the message of an error, without the number of an OSError."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _place(error: Exception) -> str:
    """Return the innermost line of this package that an error came through."""
    package = Path(__file__).parents[1].name
    frames = traceback.extract_tb(error.__traceback__)
    *_, last = [each for each in frames if package in Path(each.filename).parts] or frames
    return f"{'/'.join(Path(last.filename).parts[-2:])}, line {last.lineno}"
