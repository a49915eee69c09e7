"""Files that are read: regular ones up to a limit, compressed ones, and JSON as records."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
