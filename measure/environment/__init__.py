"""Whether the machine is fit to measure on: checks of its configuration and of contention."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
