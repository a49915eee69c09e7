from .caches import (
    caches_of as caches_of,
    left_behind as left_behind,
    outgrown as outgrown,
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
    "caches_of",
    "left_behind",
    "outgrown",
    "roofline",
    "slope_gaps",
]
