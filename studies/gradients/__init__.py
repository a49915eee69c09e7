"""Gradients against distance: experiment, record, laws of decay, figures, section and page."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
