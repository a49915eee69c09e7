"""A whole run, from layers to a result with its report; Python and the command line share it.

`run` does it in one call, a `Session` in steps; both give a `Result`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
