"""The plan of a run: profiles, grids of sizes, and resource limits."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
