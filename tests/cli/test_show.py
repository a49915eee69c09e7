"""What a person sees while something is under way."""

import pytest
from layerlaw.cli import main, show


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
