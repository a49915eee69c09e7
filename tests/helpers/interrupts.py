"""Ctrl-C, for programs that tests begin."""

import signal


def heed_ctrl_c() -> None:
    """Let a program that is begun be interrupted or hung up, for `preexec_fn`.

    Where the tests run in the background of a shell, or under ``nohup``, they ignore one or the
    other, and what they begin would too.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
