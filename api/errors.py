"""The base of all errors that a user can correct.

It imports nothing, so that every package can raise it, and the command can recognise it without
loading SymPy or torch.
"""

from __future__ import annotations


class LayerlawError(Exception):
    """An input that layerlaw cannot use; the message is one line that says why.

    Every error that a user can correct derives from it: the command prints its message and ends
    with exit status 2. Where Python has a class for the mistake, such as ValueError, the error
    also derives from that.

    Examples
    --------
    >>> from layerlaw.errors import LayerlawError
    >>> from layerlaw.analysis import ExpressionError
    >>> issubclass(ExpressionError, LayerlawError), issubclass(ExpressionError, ValueError)
    (True, True)
    """
