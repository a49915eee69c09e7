"""Hostile values of every option of every command, found by looking at the commands."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import get_type_hints

import typer.main

from .. import valid
from ..attempts import Attempt, Limits
from ..kinds import Makers
from .stores import STORE

KINDS = Makers()

#: It has nothing left to measure, unless an option makes it another run.
_RUN = (*valid.RUN[1:], "--out", "out")

#: Of each command a call that is valid and short.
CALLS: Mapping[str, tuple[str, ...]] = {
    "list": (),
    "run": _RUN,
    "claims": ("--claim", "max-gradient", "--no-times"),
    "explain": ("dense",),
    "doctor": (),
    "dependencies": ("-l", "rnn", "--seeds", "2", "--n", "8", "--d", "1", "--out", "out"),
    "fit": ("table.csv", "--expect", "mine=n*d**2"),
    "report": ("table.csv", "--expect", "mine=n*d**2", "--out", "out"),
    "predict": ("table.csv", "--expect", "mine=n*d**2", "--at", "n=99", "--at", "d=9"),
    "validate": ("--cases", "1"),
    "published": ("nowhere", "--out", "out"),
}

#: What a call may leave in its folder where it succeeds.
_MAKES = ("out", "layerlaw-report", "laws.json")

_WHOLE = (
    *("abc", "", " ", "-1", "0", "1.5", "1e3", "9" * 30, "-" + "9" * 30, "NaN", "inf", "0x10"),
    *(
        "１",
        "1_0",
        "--",
        "None",
        "1,000",
        "2147483648",
        "9223372036854775808",
        "\x1b[2J",
        "9" * 5000,
    ),
)
_REAL = (*_WHOLE, "-0.0", "1e400", "-inf", "1e-400", "1e308", "1/2", "0,5", "nan")
_TEXT = (
    *(
        "",
        " ",
        "nope",
        "x" * 5000,
        "\x1b[2J\x07",
        "[/]",
        "{0}",
        "%s",
        "a b",
        "-",
        "--json",
        "=",
        "==x",
    ),
    *(
        "n=",
        "=1",
        "n=abc",
        "n=nan",
        "n=0",
        "n=-1",
        "n=1e400",
        "q=1",
        "\udcff",
        "\u202ex",
        "0*dense",
    ),
    *("9999999999*dense", "dense*4", "os:system", "nowhere.py:X", ":", "a:b:c", "n*d", "\n"),
)
_PATHS = (
    *(
        "",
        "table.csv",
        "table.csv/x",
        "nowhere/x/y",
        "pipe",
        "locked",
        "locked/x",
        "loop",
        "/proc/x",
    ),
    *(
        "/dev/full",
        "x" * 5000,
        "\x1b[2J",
        "\udcff",
        "\n",
        "/dev/zero",
        "~x",
        "new",
        "new/deep",
    ),
)


@dataclass(frozen=True)
class Parameter:
    """What a command takes: how it is written, and the type that it is annotated with."""

    names: tuple[str, ...]
    type: str
    is_argument: bool

    @property
    def is_flag(self) -> bool:
        """Whether it takes no value."""
        return "bool" in self.type and not self.is_argument

    @property
    def values(self) -> tuple[str, ...]:
        """Hostile values, by the type."""
        if any(name in self.type for name in ("Device", "DType", "Mode")):
            return ("", "nope", "CPU ", "float8", "all,cpu", "\x1b[2J", "x" * 5000)
        by_type = {"Path": _PATHS, "int": _WHOLE, "float": _REAL}
        return next((values for name, values in by_type.items() if name in self.type), _TEXT)


def _parameters() -> Iterator[tuple[str, Parameter]]:
    """Give the parameters of every command."""
    from layerlaw.cli.main import app

    commands = typer.main.get_command(app).commands
    for registered in app.registered_commands:
        assert registered.name
        assert registered.callback
        types = get_type_hints(registered.callback)
        for given in commands[registered.name].params:
            if given.name != "help":
                names = (*given.opts, *given.secondary_opts)
                is_argument = given.param_type_name == "argument"
                yield registered.name, Parameter(names, str(types[given.name]), is_argument)


def _prepare(rng: Random, folder: Path) -> None:
    (folder / "table.csv").write_text(valid.text(valid.table(rng)))
    os.mkfifo(folder / "pipe")
    (folder / "locked").mkdir(mode=0o500)
    (folder / "loop").symlink_to("loop")
    (folder / "out").mkdir()
    (folder / "out" / STORE).write_bytes(valid.store_bytes())


def _attempt(
    command: str, arguments: tuple[str, ...], refusal: bool | None = None, makes: str = "out"
) -> Attempt:
    slow = command in ("run", "validate", "explain", "doctor")
    limits = Limits(40 if slow else 15)
    spoils = tuple(f"out/{STORE}{end}" for end in ("", "-wal", "-shm", ".lock"))
    made = (*_MAKES, makes)
    return Attempt((command, *arguments), refusal, makes=made, spoils=spoils, limits=limits)


def _with_value(command: str, parameter: Parameter, rng: Random, folder: Path) -> Attempt:
    """Give an option a hostile value, or a flag a value at all."""
    _prepare(rng, folder)
    call = CALLS[command]
    if parameter.is_argument:
        return _attempt(command, (*call[1:], "--", rng.choice(parameter.values)))
    option = rng.choice(parameter.names)
    if parameter.is_flag:
        minutes = option == "--ablate"  # which measures for two minutes
        if minutes or (rng.random() < 0.5 and option.startswith("--")):
            return _attempt(command, (*call, f"{option}={rng.choice(('1', '', 'no'))}"), True)
        return _attempt(command, (*call, option, option))
    value = rng.choice(parameter.values)
    made = value.partition("/")[0] or "out"  # a folder that was asked for may be made
    if option.startswith("--") and rng.random() < 0.5:
        return _attempt(command, (*call, f"{option}={value}"), makes=made)
    return _attempt(command, (*call, option, value), makes=made)


for _command, _parameter in _parameters():
    KINDS.add(f"{_command} {_parameter.names[0]}", partial(_with_value, _command, _parameter))


@KINDS("an option without its value")
def _no_value(rng: Random, folder: Path) -> Attempt:
    _prepare(rng, folder)
    all = [(c, p) for c, p in _parameters() if not (p.is_flag or p.is_argument)]
    command, parameter = rng.choice(all)
    return _attempt(command, (*CALLS[command], rng.choice(parameter.names)), refusal=True)


@KINDS("an option that is not there")
def _unknown(rng: Random, folder: Path) -> Attempt:
    _prepare(rng, folder)
    command = rng.choice(sorted(CALLS))
    options = ("--nope", "-z", "--no-nope", "--expct=n", "---", "-", "--\x1b[2J", "--" + "x" * 3000)
    return _attempt(command, (*CALLS[command], rng.choice(options)), refusal=True)


@KINDS("a command that is not there")
def _no_command(rng: Random, folder: Path) -> Attempt:
    commands = ("nope", "", "Fit", "fit ", "\x1b[2J", "x" * 3000, "--nope", "fit table.csv", "-v")
    return Attempt((rng.choice(commands),), refusal=True)


@KINDS("arguments left out or too many")
def _arguments(rng: Random, folder: Path) -> Attempt:
    _prepare(rng, folder)
    command = rng.choice(("fit", "explain", "published", "list", "doctor", "validate", "claims"))
    many = rng.choice((1, 3, 200))
    if command in ("fit", "explain", "published") and rng.random() < 0.5:
        return _attempt(command, (), refusal=True)
    given = ("a", "b", *("x" for _ in range(many)))
    return _attempt(command, (*CALLS[command], *given), refusal=True)


@KINDS("options that contradict one another")
def _contradictions(rng: Random, folder: Path) -> Attempt:
    _prepare(rng, folder)
    run = (*_RUN,)
    return _attempt(
        *rng.choice(
            (
                ("run", (*run, "--budget", "9")),
                ("run", (*run, "--graph")),
                ("run", (*run, "--flush")),
                ("run", (*run, "--expect", "rnn=n")),
                ("run", (*run, "--layer", "rnn", "--expect", "n")),
                ("run", (*run, "--device", "cuda", "--memory", "1e-9")),
                ("predict", (*CALLS["predict"], "--within", "1")),
                ("predict", (*CALLS["predict"], "--layer", "nope")),
                ("fit", (*CALLS["fit"], "--axis", "value")),
                ("fit", (*CALLS["fit"], "--axis", "layer")),
                ("fit", (*CALLS["fit"], "--json", "table.csv/x")),
                ("claims", ("--exercise", "A6.1", "--claim", "max-gradient")),
            )
        )
    )
