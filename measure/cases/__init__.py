"""Cases and what they need: sizes, metrics, FLOPs and bytes by theory, the tidy table."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
