"""Ctrl-C, SIGTERM and SIGHUP end the command alike, each with its exit status."""

import os
import signal
import threading
import time

import pytest
from layerlaw.cli import main
from layerlaw.cli.show import console
from layerlaw.cli.signals import stopping_on_signals

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _as_begun(monkeypatch):
    """Let no signal be ignored, as where tests run in the background of a shell."""
    monkeypatch.setattr(console, "printed_errors", [])
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, default)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "status"), list(zip(SIGNALS, (130, 143, 129), strict=True)))
def test_a_signal_ends_it_with_a_line_and_its_exit_status(number, status, monkeypatch, capsys):
    tidied = []

    def app(**_):
        try:
            os.kill(os.getpid(), number)
            time.sleep(60)
        finally:
            if number != signal.SIGINT:
                os.kill(os.getpid(), signal.SIGTERM)  # once more, while it tidies up
            tidied.append(True)

    monkeypatch.setattr(main, "app", app)
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as end:
        main.run_app()
    assert end.value.code == status
    assert capsys.readouterr().err == "layerlaw: stopped\n"
    assert tidied
    assert signal.getsignal(number) is before


def test_what_the_caller_ignores_stays_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with stopping_on_signals():
        os.kill(os.getpid(), signal.SIGHUP)


def test_in_another_thread_no_handler_is_set():
    failed = []

    def run():
        try:
            with stopping_on_signals() as signals:
                assert signals.exit_status == 130
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert not failed
