from . import (
    caches as caches,
)
from .caches import (
    caches_of as caches_of,
    outgrown as outgrown,
    outgrown_at as outgrown_at,
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
    "outgrown",
    "outgrown_at",
    "roofline",
    "slope_gaps",
]
