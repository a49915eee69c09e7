"""Validation of the fitter on synthetic laws, compared with baselines, and its page."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
