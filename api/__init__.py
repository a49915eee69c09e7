"""Measure how the cost of a neural-network layer grows, and fit its law.

>>> import layerlaw
>>> result = layerlaw.run("attention", "sdpa", profile="quick")  # doctest: +SKIP
>>> result.report("attention-report")  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from .errors import LayerlawError as LayerlawError

if TYPE_CHECKING:
    from . import layers as layers
    from .analysis import fit as fit
    from .experiments import derive as explain
    from .layers import layer as layer
    from .measure import flop_rule as flop_rule
    from .session import Result as Result, run as run, sweep as sweep

__version__ = version("layerlaw")
__all__ = [
    "LayerlawError",
    "Result",
    "__version__",
    "explain",
    "fit",
    "flop_rule",
    "layer",
    "layers",
    "run",
    "sweep",
]

# The module and name of each public object, imported when it is first used: `import layerlaw`
# loads neither torch nor pandas.
_LOCATIONS = {
    "Result": ("layerlaw.session", "Result"),
    "explain": ("layerlaw.experiments", "derive"),
    "fit": ("layerlaw.analysis", "fit"),
    "flop_rule": ("layerlaw.measure", "flop_rule"),
    "layer": ("layerlaw.layers", "layer"),
    "run": ("layerlaw.session", "run"),
    "sweep": ("layerlaw.session", "sweep"),
}


def __getattr__(name: str) -> Any:
    if name == "layers":
        return importlib.import_module("layerlaw.layers")
    if name in _LOCATIONS:
        module, attribute = _LOCATIONS[name]
        return getattr(importlib.import_module(module), attribute)
    raise AttributeError(f"module 'layerlaw' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
