"""The errors that a user can mend: each message is one line that says what to change.

They stand apart from every package, so that each can raise them and the command line can tell
them from its own mistakes without loading SymPy or torch.
"""

from __future__ import annotations


class LayerlawError(Exception):
    """What was given to layerlaw cannot be used; the message is one line that says why.

    Every error that a user can mend derives from it: the command line prints its message and ends
    with exit status 2. Where Python has a class for the mistake, such as ValueError, the error
    derives from that too.

    Examples
    --------
    >>> from layerlaw.errors import LayerlawError
    >>> from layerlaw.analysis import ExpressionError
    >>> issubclass(ExpressionError, LayerlawError), issubclass(ExpressionError, ValueError)
    (True, True)
    """
