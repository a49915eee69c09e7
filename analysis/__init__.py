"""Laws fitted to tables of measurements, and verdicts that hold them against theory.

Nothing here loads torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
