"""Runs: the store, the execution of a plan, and auxiliary measurements."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
