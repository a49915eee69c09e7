"""From tables of measurements to laws, and from laws to verdicts that compare them with theory.

Nothing here loads torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
