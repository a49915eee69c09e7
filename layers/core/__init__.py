"""What every layer has: its base class, its theory, and how it becomes a module."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
