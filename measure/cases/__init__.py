"""What is measured: a case, the grid of sizes, the plan of a run, the tidy table."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
