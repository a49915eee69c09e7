"""Expressions in the sizes: read from text, split into monomials, evaluated."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
