"""Values of options beyond their limits: each is refused in a line that names option and limits."""

import os
import re
from contextlib import suppress
from typing import get_type_hints

import pytest
import typer
from hypothesis import given, strategies as st
from layerlaw.cli import main
from layerlaw.cli.options import SIZE_LIMITS, parse_sizes
from layerlaw.cli.values import UsageError, parse_number, require_folder

from tests.helpers.command import layerlaw

#: The parameters of each command by name.
PARAMETERS = {
    name: {each.name: each for each in command.params}
    for name, command in typer.main.get_command(main.app).commands.items()
}

#: Options that take numbers, by what their commands' parameters are annotated with.
NUMBERS = [
    (command.name, PARAMETERS[command.name][name])
    for command in main.app.registered_commands
    for name, kind in get_type_hints(command.callback).items()
    if re.search(r"\b(int|float)\b", str(kind))
]

#: What a command needs besides options.
NEEDS = {"explain": ["dense"], "fit": ["table.csv"], "report": ["table.csv"], "predict": ["t.csv"]}

#: What is no number, or larger than any limit.
VALUES = ("", " ", "abc", "NaN", "inf", "-inf", "1e999", "9" * 400, "-1e300", "１２", "1,5", "0x10")


def refused(*arguments, cwd):
    done = layerlaw(*arguments, cwd=cwd, status=2)
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert len(line) <= 300
    assert line.isprintable()
    return line


@pytest.mark.parametrize(
    ("command", "option", "values"),
    [
        pytest.param(command, each, VALUES[number % 3 :: 3], id=f"{command} {each.opts[0]}")
        for number, (command, each) in enumerate(NUMBERS)
    ],
)
def test_numbers_beyond_the_limits_are_refused_with_the_limits(command, option, values, tmp_path):
    name, limits = option.opts[0], f"from {option.min:g} to {option.max:g}"
    for value in values:
        line = refused(command, *NEEDS.get(command, []), f"{name}={value}", cwd=tmp_path)
        assert re.match(f"layerlaw: {name} '.*': give a (whole )?number from ", line)
        if option.max < 1e6:
            assert line.endswith(limits)
    assert list(tmp_path.iterdir()) == []


@given(st.text())
def test_whatever_the_text_a_number_within_the_limits_or_none(text):
    value = parse_number(text, -1.0, 1e9)
    assert value is None or -1 <= value <= 1e9


@given(st.text())
def test_whatever_the_text_a_size_or_a_line(text):
    sizes = {}
    with suppress(UsageError):
        sizes = parse_sizes([text])
    assert all(SIZE_LIMITS[0] <= size <= SIZE_LIMITS[1] for size in sizes.values())


def test_a_number_may_be_written_in_any_way_that_python_reads():
    texts = ("-0", "2e-1", " 1 ", "1_0", "+.5")
    assert [parse_number(text, 0, 10) for text in texts] == [0, 0.2, 1, 10, 0.5]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--device", "gpu"], "--device 'gpu': give cpu or cuda or all"),
        (["run", "--mode", ""], "--mode '': give forward or backward or training"),
        (["run", "--dtype", "\x1b[2J"], r"--dtype '\x1b[2J': give float32 or float64"),
        (["fit", "table.csv", "--expct", "n"], "no such option: --expct (Possible options: --exp"),
        (["fit", "table.csv", "--" + "x" * 9000], "no such option: --xxx"),
        (["fit"], "missing argument 'TABLE...' (see layerlaw fit --help"),
        (["fit", "table.csv", "--margin"], "option '--margin' requires an argument (see layerlaw"),
        (["list", "a", "b", *"x" * 500], "got unexpected extra argument(s) (a b x x"),
        (["list", "--json=1"], "'--json' does not take a value"),
        (["nope"], "no such command 'nope' (see layerlaw --help"),
        (["rport"], "no such command 'rport'. Did you mean 'report'"),
        (["--nope"], "no such option: --nope (see layerlaw --help"),
        (["-z"], "no such option: -z"),
        (["\x1b[2J\n"], "no such command"),
        (["fit", "table.csv", "-e", "x" * 9000], "write it as LAYER=EXPR, such as mine=n*d**2"),
        (["fit", "table.csv", "-e", f"{'x' * 9000}=n"], "no row has it in the column layer"),
        (["run", "-e", "x" * 9000], "needs a single --layer; for several: LAYER=EXPR"),
        (["run", "-l", "y" * 9000, "-e", f"{'x' * 9000}=n"], "needs --layer xxxx"),
        (["run", "-l", "atention"], "'atention'; there are: attention, "),
        (["run", "-l", "x" * 9000], "more"),
        (["explain", "\udcff"], r"'\udcff'"),
        (["claims", "--claim", "x" * 9000], "more"),
        (["predict", "table.csv", "-l", "x" * 9000], "no row has this layer; there are: mine"),
    ],
)
def test_what_cannot_be_used_is_one_line_of_at_most_300_characters(
    arguments, says, table, tmp_path
):
    assert says in refused(*arguments, cwd=tmp_path)


def test_without_a_command_the_help_is_shown(tmp_path):
    done = layerlaw(cwd=tmp_path, status=2)
    assert "Example: layerlaw run" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("command", ["run", "report", "claims", "dependencies", "published"])
@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("", "give the name of a folder"),
        (" ", "give the name of a folder"),
        ("\udcff", "must be UTF-8"),
        ("table.csv", "it is not a folder"),
        ("table.csv/x/y", "'table.csv' is not a folder"),
        ("pipe", "it is not a folder"),
        ("loop/x", "loop"),
        ("/dev/full", "it is not a folder"),
        ("x" * 5000, "too long"),
    ],
)
def test_a_folder_that_cannot_be_written_is_refused_first(command, out, says, table, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    before = sorted(tmp_path.rglob("*"))
    needs = {"report": ["table.csv"], "published": ["."]}.get(command, [])
    line = refused(command, *needs, f"--out={out}", cwd=tmp_path)
    assert line.startswith("layerlaw: --out '")
    assert says in line
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("", "give the name of a file"),
        ("\udcff", "must be UTF-8"),
        ("nowhere/laws.json", "there is no folder 'nowhere'"),
        ("table.csv/x", "there is no folder 'table.csv'"),
        (".", "it is a folder; name a file in it"),
        ("loop", "Too many levels of symbolic links"),
        ("pipe", "it is a named pipe"),
        ("x" * 5000, "File name too long"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_first(path, says, table, tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    line = refused("fit", "table.csv", f"--json={path}", cwd=tmp_path)
    assert line.startswith("layerlaw: --json '")
    assert says in line
    assert {each.name for each in tmp_path.iterdir()} == {"table.csv", "loop", "pipe"}
    assert (tmp_path / "loop").is_symlink()


def test_a_folder_without_permission_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)
    with pytest.raises(UsageError, match=r"--out '.*/new': '.*' is not writable"):
        require_folder("--out", tmp_path / "new")


def test_an_error_that_nobody_expected_is_one_line_with_its_place(monkeypatch, capsys):
    def broken(**_):
        raise TypeError("first\nsecond \x1b[2J")

    monkeypatch.setattr(main, "app", broken)
    monkeypatch.delenv(main.TRACEBACK, raising=False)
    with pytest.raises(SystemExit) as end:
        main.run_app()
    assert end.value.code == 1
    assert re.fullmatch(
        r"layerlaw: internal error: TypeError: first second \\x1b\[2J in \S+, line \d+; please "
        r"report it with the traceback that LAYERLAW_TRACEBACK=1 shows\n",
        capsys.readouterr().err,
    )
    monkeypatch.setenv(main.TRACEBACK, "1")
    with pytest.raises(TypeError):
        main.run_app()
