"""The command `layerlaw`, called in this process or begun in one of its own."""

import io
import os
import subprocess
import sys
import warnings
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from layerlaw.cli.main import run_app

SCRIPT = "from layerlaw.cli.main import run_app; run_app()"
#: A console is as wide everywhere.
COLUMNS = "160"


class Completed(NamedTuple):
    """What a command printed."""

    stdout: str
    stderr: str


def layerlaw(*arguments: str, cwd: Path, status: int = 0) -> Completed:
    """Call the command in this process, in a folder; its exit status must be `status`.

    For tests of what a command prints and leaves: no Python and no torch is started for them.
    """
    out, err = io.StringIO(), io.StringIO()
    with (
        chdir(cwd),
        redirect_stdout(out),
        redirect_stderr(err),
        mock.patch.object(sys, "argv", ["layerlaw", *arguments]),
        mock.patch.dict(os.environ, COLUMNS=COLUMNS),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("default")
        try:
            run_app()
            code = 0
        except SystemExit as end:
            code = end.code or 0
    assert code == status, out.getvalue() + err.getvalue()
    return Completed(out.getvalue(), err.getvalue())


def layerlaw_process(*arguments: str, cwd: Path, status: int = 0, path: str = "") -> Completed:
    """Run the command in a process of its own, with `path` in front of PYTHONPATH."""
    paths = os.pathsep.join(filter(None, [str(path), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": COLUMNS, "PYTHONPATH": paths},
    )
    assert done.returncode == status, done.stdout + done.stderr
    return Completed(done.stdout, done.stderr)
