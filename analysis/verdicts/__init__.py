"""Compare laws with theory: the fits of a table, verdicts with reasons, outliers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
