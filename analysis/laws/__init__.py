"""Laws: terms and exponents, predictions with intervals, and exact laws of counts."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
