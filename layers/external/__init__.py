"""Layers that are none of ours: modules in files and packages, Hugging Face's blocks."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
