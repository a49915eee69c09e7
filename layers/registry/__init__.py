"""Look up layers by name: registered, from packages, files and modules, and stacks of them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
