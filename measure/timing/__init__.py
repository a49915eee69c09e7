"""Timing of one pass: clocks, stabilisation, noise gate, pass cache, peak memory, calibration."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
