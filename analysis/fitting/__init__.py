"""Fit a law to points: models, model averaging, term selection, search, holdout errors."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
