"""Crossings: the sizes at which one layer becomes cheaper than another, and their checks."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
