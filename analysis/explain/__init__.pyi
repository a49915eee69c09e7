from . import (
    caches as caches,
)
from .caches import (
    caches_of as caches_of,
    outgrown_cache as outgrown_cache,
    outgrown_cache_at as outgrown_cache_at,
)
from .roofline_model import (
    Roofline as Roofline,
    roofline as roofline,
)
from .slope_decomposition import (
    CAUSES as CAUSES,
    SlopeGap as SlopeGap,
    slope_gaps as slope_gaps,
)

__all__ = [
    "CAUSES",
    "Roofline",
    "SlopeGap",
    "caches",
    "caches_of",
    "outgrown_cache",
    "outgrown_cache_at",
    "roofline",
    "slope_gaps",
]
