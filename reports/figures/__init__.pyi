from . import (
    drawing as drawing,
    pictures as pictures,
    theme as theme,
)
from .drawing import (
    cost_scale as cost_scale,
    size_ticks as size_ticks,
)
from .image import (
    grid as grid,
)
from .pictures import (
    Picture as Picture,
)
from .theme import (
    MARKERS as MARKERS,
    ink as ink,
    legend as legend,
    ramp as ramp,
    render as render,
)

__all__ = [
    "MARKERS",
    "Picture",
    "cost_scale",
    "drawing",
    "grid",
    "ink",
    "legend",
    "pictures",
    "ramp",
    "render",
    "size_ticks",
    "theme",
]
