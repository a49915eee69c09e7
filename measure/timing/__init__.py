"""How one pass is timed: made ready, stabilised, called, gated against noise."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
