"""The output in the terminal: progress on standard error, tables on standard output."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
