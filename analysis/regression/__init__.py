"""Least squares at given terms: variable projection, error covariance, posterior, diagnostics."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
