"""Every layer by its name: registered ones, other packages', those of files and modules, stacks."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
