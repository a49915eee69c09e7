"""What machine it is: processor, memory, GPU, and the fingerprint of all of them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
