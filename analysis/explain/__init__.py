"""Why times are what they are: slopes split into causes, the roofline, caches."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
