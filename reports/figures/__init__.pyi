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
    legend as legend,
    ramp as ramp,
    render as render,
    theme_colour as theme_colour,
)

__all__ = [
    "MARKERS",
    "Picture",
    "cost_scale",
    "drawing",
    "grid",
    "legend",
    "pictures",
    "ramp",
    "render",
    "size_ticks",
    "theme",
    "theme_colour",
]
