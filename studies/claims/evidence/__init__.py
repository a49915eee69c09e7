"""The evidence on each statement: a module for each subject of the course text."""

import importlib

# In the order of the course text.
for _module in (
    *("channels", "maximum", "lstm_step", "lstm_gradient", "vanishing"),
    *("distance", "rnn_factor", "reach", "table", "complexity"),
):
    importlib.import_module(f"{__name__}.{_module}")
