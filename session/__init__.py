"""A run as a whole, for Python as for the command line: from layers to a result with its report.

`run` does it in one call; a `Session` is the same in steps, and `Result` what comes out.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
