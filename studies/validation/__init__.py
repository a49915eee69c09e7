"""The fitter validated on laws whose truth is known, and compared with other fitters."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
