"""PyTorch, loaded at its first use: reading a layer's theory must not cost the seconds it takes."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch as torch
else:

    class _Torch:
        """Stand in for the module `torch` until one of its attributes is asked for."""

        def __getattr__(self, name: str) -> Any:
            found = getattr(importlib.import_module("torch"), name)
            # Kept, so that it is looked up once: a look costs 5 µs, a recurrent layer's step 20.
            setattr(self, name, found)
            return found

    torch = _Torch()
