"""Measure layers, those without a theory of their own among them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from typing import Any

import pandas as pd

from .. import layers as registry
from ..measure import sweep as _sweep
from .derivation import learn, settle


@wraps(_sweep)
def sweep(layers: str | Sequence[str] | None = None, **settings: Any) -> pd.DataFrame:
    """Derive what layers of one's own do, then measure; see `measure.sweep`."""
    found = learn(registry.chosen(layers))
    try:
        return _sweep(layers, **settings)
    finally:
        settle(found)
