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
    Gap as Gap,
    gaps as gaps,
)

__all__ = [
    "CAUSES",
    "Gap",
    "Roofline",
    "caches_of",
    "gaps",
    "left_behind",
    "outgrown",
    "roofline",
]
