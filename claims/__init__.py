"""The statements of the course text, each put to the test: its verdict follows from numbers.

Nothing here loads torch before a statement is tested.
"""

from __future__ import annotations

import importlib

from .record import FILE, ClaimsError, Record
from .statement import (
    Bearing,
    Checked,
    Evidence,
    Setting,
    Statement,
    Verdict,
    check,
    claim,
    statements,
)

# In the order of the course text.
for _module in (
    *("channels", "maximum", "lstm_step", "lstm_gradient", "vanishing"),
    *("distance", "rnn_factor", "reach", "table", "complexity"),
):
    importlib.import_module(f"{__name__}.{_module}")

__all__ = [
    "FILE",
    "Bearing",
    "Checked",
    "ClaimsError",
    "Evidence",
    "Record",
    "Setting",
    "Statement",
    "Verdict",
    "check",
    "claim",
    "statements",
]
