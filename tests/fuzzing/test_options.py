"""Values of options, drawn by chance: a command does what it should, or refuses in one line."""

import contextlib
import io
import os
import signal
import sys
import warnings
from random import Random
from unittest import mock

import pytest
from hypothesis import given, strategies as st
from layerlaw.cli.main import run_app

from tests.fuzzing.fuzzing import assert_one_line, fuzzed, limited
from tests.fuzzing.mutations import numbers, texts
from tests.hostile import valid

#: Options of the commands that read a table, with a value that is right.
OPTIONS = {
    "fit": {"--expect": "mine=n*d**2", "--axis": "n=n", "--margin": "0.2", "--file-limit": "1"},
    "predict": {"--at": "n=99", "--within": "1", "--layer": "mine", "--metric": "seconds"},
    "report": {"--expect": "mine=n*d**2", "--axis": "d=d", "--margin": "1", "--out": "out"},
    "list": {"--layer": "rnn", "--stack": "4"},
}


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzzing")
    (folder / "table.csv").write_text(valid.text(valid.table(Random(3))))
    return folder


@st.composite
def calls(draw):
    """A command, an option of it or of another, and a value that is right for another."""
    command = draw(st.sampled_from(sorted(OPTIONS)))
    options = draw(st.sampled_from([OPTIONS[command], OPTIONS[command], OPTIONS["fit"]]))
    option = draw(st.sampled_from(sorted(options)))
    right = [value for each in OPTIONS.values() for value in each.values()]
    value = draw(st.one_of(texts, numbers.map(str), st.sampled_from(right)))
    if draw(st.booleans()):
        value = f"{options[option].partition('=')[0]}={value}"
    given = [option, value] if draw(st.booleans()) else [f"{option}={value}"]
    source = [] if command == "list" else ["table.csv"]
    # An argument of a program has neither a null byte nor half a character.
    return [
        each.replace("\0", "").encode("utf-8", "replace").decode()
        for each in (command, *source, *given)
    ]


def called(*arguments):
    """Call the command in this process; give its status and what it prints on standard error."""
    err = io.StringIO()
    handlers = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "argv", ["layerlaw", *arguments]),
        mock.patch.dict(os.environ, COLUMNS="160"),
        warnings.catch_warnings(),
        limited(30),
    ):
        try:
            run_app()
            status = 0
        except SystemExit as end:
            status = end.code or 0
    for number, handler in handlers.items():
        signal.signal(number, handler)
    return status, err.getvalue()


@fuzzed(40, shrinks=False)
@given(calls())
def test_an_option_is_heeded_or_refused_in_one_line(folder, arguments):
    with contextlib.chdir(folder):
        status, said = called(*arguments)
    assert status in (0, 2), said
    if status == 2:
        (line,) = said.splitlines()
        assert_one_line(line)
    assert "Traceback" not in said
    assert "Warning:" not in said
