"""The command, killed at a chosen moment: `python -m tests.hostile.parts.killer WHO WHEN AT …`.

The moments are seen from outside the program, as the system shows them: Python's audit events for
processes that begin and files that are written, and the statements that reach the database.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import psutil

#: Who is killed.
WHO = ("parent", "worker", "forkserver")
#: While what.
WHEN = ("starting", "measuring", "storing", "reporting")


def main(who: str, when: str, at: str, *arguments: str) -> None:
    """Run the command, and kill at the moment number `at` (its fraction: seconds after it)."""
    number, seconds = int(float(at)), float(at) % 1
    strike = _once(lambda: _kill(who), number, seconds)
    if when == "starting":
        _on_event("subprocess.Popen", lambda given: "forkserver" in str(given[1]), strike)
    elif when == "reporting":
        _on_event("open", _begins_report, strike)
        _on_event("os.rename", _ends_report, strike)
    else:
        _on_statement("measurements" if when == "measuring" else "repeats", strike)
    sys.argv = ["layerlaw", *arguments]
    from layerlaw.cli.main import run_app

    run_app()


def _once(kill: Callable[[], None], number: int, seconds: float) -> Callable[[], None]:
    """Kill when it was called so often, at once or a little later."""
    left = [number]

    def strike() -> None:
        left[0] -= 1
        if left[0] != 0:
            return
        if seconds:
            threading.Thread(target=lambda: (time.sleep(seconds), kill()), daemon=True).start()
        else:
            kill()

    return strike


def _kill(who: str) -> None:
    print(f"killing the {who}", file=sys.stderr, flush=True)
    if who == "parent":
        os.kill(os.getpid(), signal.SIGKILL)
    servers = psutil.Process().children()
    for server in servers:
        chosen = server.children() if who == "worker" else [server]
        for one in chosen:
            one.send_signal(signal.SIGKILL)


def _on_event(
    event: str, concerns: Callable[[tuple[object, ...]], bool], strike: Callable[[], None]
) -> None:
    def heard(name: str, given: tuple[object, ...]) -> None:
        if name == event and concerns(given):
            strike()

    sys.addaudithook(heard)


def _begins_report(given: tuple[object, ...]) -> bool:
    """Whether a file of the report begins to be written, beside its place."""
    path, _, flags = given
    return ".layerlaw-" in str(path) and isinstance(flags, int) and bool(flags & os.O_CREAT)


def _ends_report(given: tuple[object, ...]) -> bool:
    """Whether a file of the report is about to get its place."""
    return any(name in str(given[1]) for name in ("report.", "table.csv", "laws.json"))


def _on_statement(table: str, strike: Callable[[], None]) -> None:
    from sqlalchemy import Engine, event

    @event.listens_for(Engine, "before_cursor_execute")
    def _before(_c: object, _u: object, statement: str, *_: object) -> None:
        if statement.startswith(f"INSERT INTO {table}"):
            strike()


if __name__ == "__main__":
    main(*sys.argv[1:])
