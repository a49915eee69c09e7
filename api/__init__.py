"""layerlaw measures how the cost of a neural-network layer grows, and fits the law.

>>> import layerlaw
>>> table = layerlaw.sweep("attention", profile="quick")  # doctest: +SKIP
>>> layerlaw.fit(table)  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import layers as layers
    from .analysis import fit as fit
    from .measure import sweep as sweep

__version__ = version("layerlaw")
__all__ = ["__version__", "fit", "layers", "sweep"]

# Loaded when first asked for: `import layerlaw` stays quick, and torch comes with a layer.
_HOMES = {"fit": "layerlaw.analysis", "sweep": "layerlaw.measure"}


def __getattr__(name: str) -> Any:
    if name == "layers":
        return importlib.import_module("layerlaw.layers")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'layerlaw' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
