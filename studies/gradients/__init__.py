"""Gradients against distance: how far a signal reaches, from experiment to page."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
