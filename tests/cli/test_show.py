"""What a person sees while something is under way."""

import pytest
from layerlaw.cli import main, show
from layerlaw.measure import Finding, Severity


def test_what_is_interrupted_says_so_once(monkeypatch, capsys):
    def interrupted():
        raise SystemExit(130)  # what typer makes of Ctrl-C

    monkeypatch.setattr(main, "app", interrupted)
    monkeypatch.setattr(show, "errors", [])
    for said in ("layerlaw: stopped\n", ""):  # the second time it was said already
        with pytest.raises(SystemExit) as end:
            main.run_app()
        assert end.value.code == 130
        assert capsys.readouterr().err == said


def test_findings_are_shown_with_what_mends_them(capsys):
    found = [
        Finding("governor", "powersave", Severity.WARN, "cpupower [--governor] performance"),
        Finding("clock", "steps of 0.04 µs", Severity.OK),
        Finding("turbo", "not known here", Severity.UNKNOWN),
    ]
    show.findings(found)
    out = capsys.readouterr().out
    for each in found:
        assert each.subject in out
        assert each.state in out
        assert f"1 {each.severity.value}: {each.severity.advice}" in out
    assert "→ cpupower [--governor] performance" in out
    assert "bad" not in out
