"""Explain times: slopes decomposed into causes, the roofline, and caches that overflow."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
