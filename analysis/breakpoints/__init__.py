"""Breakpoints: sizes from which a term costs more, or the leading part grows otherwise."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
