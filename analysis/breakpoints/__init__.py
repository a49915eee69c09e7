"""Breakpoints: sizes at which a term's cost steps, or the leading part's exponent changes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
