"""The statements of the course text, tested: each verdict follows from computed numbers.

Nothing here loads torch before a statement is tested.
"""

import importlib

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

importlib.import_module(f"{__name__}.evidence")  # its modules register the statements
