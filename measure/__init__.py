"""Measuring: from layers and a grid to a tidy table of times.

`sweep` does it in one call. Underneath, `plan` says what is to be measured, a `Store` keeps it,
and `execute` measures what the store lacks. Importing this package does not load torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
