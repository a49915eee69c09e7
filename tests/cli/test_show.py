"""What a person sees while something is under way."""

import importlib
import io
import json

import pandas as pd
import pytest
from layerlaw import session
from layerlaw.analysis import fit
from layerlaw.analysis.laws.estimate import Exponent
from layerlaw.cli import main, show
from layerlaw.cli.output import print_json
from layerlaw.cli.show import console, progress
from layerlaw.measure import Case, EnvironmentCheck, Measurement, Plan, Severity
from layerlaw.reports import Table, summarise
from rich.text import Text

# The package has the command of the same name.
doctor_module = importlib.import_module("layerlaw.cli.doctor")


def test_what_is_interrupted_says_so_once(monkeypatch, capsys):
    def interrupted(**_):
        return 130  # what typer makes of Ctrl-C

    monkeypatch.setattr(main, "app", interrupted)
    monkeypatch.setattr(console, "printed_errors", [])
    for said in ("layerlaw: stopped\n", ""):  # the second time it was said already
        with pytest.raises(SystemExit) as end:
            main.run_app()
        assert end.value.code == 130
        assert capsys.readouterr().err == said


def test_reasons_that_differ_in_numbers_alone_are_told_once(capsys):
    at = [Case("rnn", {"n": n, "d": 8}) for n in (16, 32, 64, 128)]
    show.Terminal().failures(
        [
            Measurement(at[0], 0, 0, (), "skipped", "it would take 1.5e-05 GiB; 0 may be had"),
            Measurement(at[1], 0, 0, (), "skipped", "it would take 2 GiB; 0 may be had"),
            Measurement(at[1], 0, 1, (), "skipped", "it would take 2 GiB; 0 may be had"),
            Measurement(at[2], 0, 0, (), "error", "ValueError: too long"),
            Measurement(at[3], 0, 0, (1.0,)),
        ]
    )
    assert capsys.readouterr().err.splitlines() == [
        "rnn: 2 points were not timed; skipped: it would take 1.5e-05 GiB; 0 may be had "
        "(the first of them)",
        "rnn: 1 point was not timed; error: ValueError: too long",
    ]


HARMFUL = "a\x1b[2J\x07\x9b\u202e\ud800\rb"
ESCAPED = "a\\x1b[2J\\x07\\x9b\\u202e\\ud800\\rb"


@pytest.mark.parametrize(
    "print_it",
    [
        show.note,
        lambda text: show.warning(UserWarning(text), UserWarning, "file.py", 1),
        lambda text: console.console_out().print(text, markup=False),
        lambda text: console.console_out().print(Text.assemble(("bold", "bold"), text)),
        lambda text: console.console_out().print(
            console.rich_table(Table("", ["name"], [(text,)]))
        ),
        lambda text: console.console_err().print(Text(text, style="bold")),
    ],
)
def test_control_characters_are_escaped_wherever_text_is_printed(print_it, capsys):
    print_it(HARMFUL.replace("\r", "").replace("\x07", ""))  # which rich removes
    printed = "".join(capsys.readouterr()).replace("\n", "")
    assert printed.isprintable()
    assert ESCAPED.replace("\\r", "").replace("\\x07", "") in printed.replace(" ", "")


def test_control_characters_of_an_error_are_escaped(capsys):
    show.error(HARMFUL.replace("\r", "\n"))
    assert capsys.readouterr().err == f"layerlaw: {ESCAPED}\n".replace("\\r", " ")


def test_control_characters_in_a_bar_of_progress_are_escaped(monkeypatch):
    screen = io.StringIO()
    terminal = console._EscapingConsole(file=screen, force_terminal=True, color_system=None)
    monkeypatch.setattr(progress, "console_err", lambda: terminal)
    plan = Plan((Case("a\x1b]0;b[red]", {"n": 8, "d": 8}),), rounds=1, repeats=1)
    with show.Terminal().measuring(plan):
        pass
    assert "a\\x1b]0;b" in screen.getvalue()


def test_json_has_its_control_characters_escaped_and_is_the_same(capsys):
    for document in ({"name": HARMFUL}, json.dumps({"name": HARMFUL}, ensure_ascii=False)):
        print_json(document)
        text = capsys.readouterr().out
        assert text.replace("\n", "").isprintable()
        assert json.loads(text) == {"name": HARMFUL}


def test_controls_are_shown_with_what_leaving_each_alone_moves(capsys, monkeypatch):
    rows = [
        ("nothing", {"n": Exponent(2.0, 1.9, 2.1, "n"), "d": Exponent(1.0, 0.9, 1.1, "d")}),
        ("allocator", {"n": Exponent(2.31, 2.2, 2.4, "n"), "d": Exponent(0.9, 0.8, 1.0, "d")}),
    ]
    show.ablations(rows)
    out = capsys.readouterr().out
    assert "2.31 [2.20, 2.40]" in out
    assert "+0.31" in out
    assert "-0.10" in out

    monkeypatch.setattr(session, "ablate", lambda *_, **__: iter(rows))
    doctor_module.doctor(ablate=True, layer="rnn", profile="asv", threads=2, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert [each["left_alone"] for each in found] == ["nothing", "allocator"]
    assert found[0]["exponents"]["n"] == {"axis": "n", "estimate": 2.0, "low": 1.9, "high": 2.1}


def test_findings_are_shown_with_what_mends_them(capsys):
    found = [
        EnvironmentCheck(
            "governor", "powersave", Severity.WARN, "cpupower [--governor] performance"
        ),
        EnvironmentCheck("clock", "steps of 0.04 µs", Severity.OK),
        EnvironmentCheck("turbo", "not known here", Severity.UNKNOWN),
    ]
    show.environment_checks(found)
    out = capsys.readouterr().out
    for each in found:
        assert each.subject in out
        assert each.state in out
        assert f"1 {each.severity.value}: {each.severity.advice}" in out
    assert "→ cpupower [--governor] performance" in out
    assert "bad" not in out


def test_names_that_differ_at_their_end_are_not_cut(tmp_path, monkeypatch, capsys):
    rows = [
        (f"layers.of.a.long.module.path.{name}", n, dtype, 1e-6 * n)
        for name in ("SelfAttentionFirst", "SelfAttentionSecond")
        for dtype in ("torch.float32", "torch.float64")
        for n in (16, 32, 64, 128)
    ]
    frame = pd.DataFrame(rows, columns=["layer", "n", "dtype", "seconds"])
    for width in (40, 60, 80):
        monkeypatch.setattr(console, "_PIPE_WIDTH", width)
        show.laws(summarise(fit(frame)))
        lines = capsys.readouterr().out.split("\n\n")[0].splitlines()
        assert "…" not in "".join(lines)


def test_whole_numbers_are_written_whole(tmp_path, capsys):
    path = tmp_path / "t.csv"
    rows = "".join(f"{n},{batch},{n}e-6\n" for batch in ("16.0", "") for n in (16, 32, 64, 128))
    path.write_text("n,batch,seconds\n" + rows)
    show.laws(summarise(fit(path)))
    out = capsys.readouterr().out
    assert "batch 16 " in out
    assert "16.0" not in out
