"""External layers: users' modules in files and packages, blocks of Hugging Face's transformers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
