"""Layers that read like the textbook, each with its theory beside it, in one registry.

Importing this package does not load torch: theory is SymPy, and torch comes with the first
module that is built.
"""

from __future__ import annotations

import importlib
import pkgutil

from .base import Layer, Native, Shape, Sizes, Textbook, get, names, register
from .theory import Theory

# Every module of this folder registers its layers: a new file needs no line here.
for _found in pkgutil.iter_modules(__path__):
    if not _found.name.startswith("_"):
        importlib.import_module(f"{__name__}.{_found.name}")

__all__ = ["Layer", "Native", "Shape", "Sizes", "Textbook", "Theory", "get", "names", "register"]
