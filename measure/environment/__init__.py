"""Environment checks: what in the machine's configuration and load disturbs measuring."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
