"""Layers written as their textbook formula, each with its theory, in one registry.

Importing this package does not load torch: theory is SymPy, and torch comes with the first
module that is built.
"""

import importlib
import pkgutil

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

# Every module of this folder registers its layers: a new file needs no line here.
for _found in pkgutil.iter_modules(__path__):
    if not _found.ispkg:
        importlib.import_module(f"{__name__}.{_found.name}")
