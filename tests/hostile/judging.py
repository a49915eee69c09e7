"""Hold what a call did against what it may do."""

from __future__ import annotations

import itertools
import json
import re
import signal
from collections.abc import Iterator

from .attempts import Attempt, Criterion, Fault, Outcome

#: Exit statuses that the documentation names: done, refused, stopped by Ctrl-C, SIGTERM, SIGHUP.
DOCUMENTED = (0, 2, 129, 130, 143)

#: Characters of the line that says why something was refused.
LONGEST = 300

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FRAME = re.compile(r'File "[^"]*?layerlaw/([^"]+)", line \d+, in (\S+)')
_WARNING = re.compile(
    r"^(?:/[^/\s]{1,99})*/([^/\s]{1,99}/[^/\s]{1,99}\.py):\d+: (\w{0,40}Warning): .*\n(?:  .*\n)?",
    re.MULTILINE,
)
_RAISED = re.compile(r"^([A-Za-z_][\w.]*)(?::|$)")


def judge(attempt: Attempt, outcome: Outcome) -> tuple[Fault, ...]:
    """Give all that is wrong with what a call did."""
    found = [*_ended(attempt, outcome), *_took(attempt, outcome), *_left(attempt, outcome)]
    return tuple(dict.fromkeys(found))


def ended(outcome: Outcome) -> str:
    """Say in a word how a call ended."""
    return {0: "taken", 2: "refused", 129: "stopped", 130: "stopped", 143: "stopped"}.get(
        outcome.status, "broken"
    )


def _ended(attempt: Attempt, outcome: Outcome) -> Iterator[Fault]:
    if outcome.overdue:
        return
    if "Traceback (most recent call last)" in outcome.stderr:
        raised, place = _raised(outcome.stderr)
        memory = raised.endswith("MemoryError")
        yield Fault(Criterion.MEMORY if memory else Criterion.TRACEBACK, f"{raised} in {place}")
    elif outcome.status < 0:
        name = signal.Signals(-outcome.status).name
        yield Fault(Criterion.STATUS, f"ended by {name}")
    elif outcome.status not in DOCUMENTED:
        yield Fault(Criterion.STATUS, f"status {outcome.status}: {_generic(outcome.stderr)}")
    elif outcome.status == 2:
        yield from _refused(attempt, outcome)
    elif attempt.refusal:
        yield Fault(Criterion.WRONG, "taken, though it has to be refused")
    elif _prints_json(attempt) and outcome.status == 0:
        yield from _json(outcome.stdout)
    if _CONTROL.search(outcome.stdout):
        yield Fault(Criterion.MESSAGE, "control characters on standard output")
    if _CONTROL.search(outcome.stderr):
        yield Fault(Criterion.MESSAGE, "control characters on standard error")
    warned = _WARNING.search(outcome.stderr)
    if warned and not warned[1].startswith("in/"):  # what a layer warns of is its own
        yield Fault(Criterion.MESSAGE, f"Python's {warned[2]} of {warned[1]} is printed")


def _refused(attempt: Attempt, outcome: Outcome) -> Iterator[Fault]:
    said = _WARNING.sub("", outcome.stderr)  # which are counted apart
    lines = said.strip("\n").split("\n")
    if not said.strip():
        yield Fault(Criterion.MESSAGE, "refused without a word")
    elif len(lines) > 1:
        parser = said.startswith("Usage:") or "─ Error ─" in said
        usage = "of the parser of options" if parser else ""
        yield Fault(Criterion.MESSAGE, f"several lines {usage or _generic(lines[0])}")
    elif len(lines[0]) > LONGEST:
        yield Fault(Criterion.MESSAGE, f"more than {LONGEST} characters: {_generic(lines[0])}")
    elif lines[0].rstrip().endswith(":") or len(lines[0].split()) < 3:
        yield Fault(Criterion.MESSAGE, f"no reason is given: {_generic(lines[0])}")
    if outcome.stdout:
        yield Fault(Criterion.MESSAGE, "results are printed before it is refused")
    if attempt.refusal is False:
        yield Fault(Criterion.WRONG, f"refused, though it is valid: {_generic(lines[-1])}")


def _prints_json(attempt: Attempt) -> bool:
    """Whether JSON is what it prints; `fit --json` writes it into a file, of which - is none."""
    given = attempt.arguments
    if given[:1] == ("fit",):
        return ("--json", "-") in itertools.pairwise(given)
    return "--json" in given


def _json(text: str) -> Iterator[Fault]:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError as error:
        yield Fault(Criterion.MESSAGE, f"what --json prints is no JSON: {_generic(str(error))}")


def _took(attempt: Attempt, outcome: Outcome) -> Iterator[Fault]:
    if outcome.overdue:
        yield Fault(Criterion.TIME, outcome.overdue)
    if outcome.memory > attempt.limits.memory:
        yield Fault(Criterion.MEMORY, f"more than {attempt.limits.memory} MiB")


def _left(attempt: Attempt, outcome: Outcome) -> Iterator[Fault]:
    for command in outcome.processes:
        yield Fault(Criterion.PROCESSES, command.split()[0].rpartition("/")[2] if command else "?")
    may = attempt.makes if outcome.status == 0 or outcome.overdue else ()
    for name in outcome.made:
        # torch keeps what it compiled; what was ended by force could not tidy up.
        if name.startswith("TMPDIR/") and (outcome.overdue or "torchinductor" in name):
            continue
        allowed = name in attempt.spoils or any(
            name == one or name.startswith(f"{one}/") for one in may
        )
        if not allowed:
            yield Fault(Criterion.FILES, f"made: {_name(name)}")
    for name in outcome.changed:
        if name not in attempt.spoils:
            yield Fault(Criterion.FILES, f"changed: {_name(name)}")


def _raised(stderr: str) -> tuple[str, str]:
    """Tell what was raised, and the innermost place of ours that it came through."""
    last = stderr.rpartition("Traceback (most recent call last)")[2]
    names = [
        match[1] for line in last.split("\n") if (match := _RAISED.match(line)) and line[0] != " "
    ]
    places = _FRAME.findall(last)
    place = f"{places[-1][0]}:{places[-1][1]}" if places else "no module of ours"
    return (names[0] if names else "an exception"), place


def _name(path: str) -> str:
    plain = path.isascii() and path.isprintable() and len(path) < 60
    return re.sub(r"tmp\w{6,}", "tmp…", path) if plain else _generic(path)


def _generic(text: str) -> str:
    """Leave out of a text what belongs to the one attempt: names in quotes, files, numbers."""
    line = text.strip().split("\n")[0].removeprefix("layerlaw: ")[:500]
    line = re.sub(r"'[^']*'|\"[^\"]*\"", "'…'", line)
    line = re.sub(r"\S*(?:/|\.csv|\.json|\.zip|\.sqlite)\S*", "FILE", line)
    line = re.sub(r"[-+]?\d[\d.e+]*", "N", line)
    line = re.sub(r"[^\x20-\x7e…×−]+", "?", line)
    return line[:90]
