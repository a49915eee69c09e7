"""Ctrl-C, for programs that tests begin."""

import signal


def heed_ctrl_c() -> None:
    """Let a program that is begun be interrupted, for `preexec_fn`.

    Where the tests run in the background of a shell they ignore it, and what they begin would too.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
