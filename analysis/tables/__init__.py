"""Tables of measurements: read, checked, and split into series of points, one for each law."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
