"""Tables that come in: read, checked, and cut into the series of points that laws are about."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
