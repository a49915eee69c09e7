"""Work that alternates measuring and analysis: derived theory, adaptive choice, checks."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
