from . import (
    theme as theme,
)
from .axes import (
    cost_scale as cost_scale,
    size_ticks as size_ticks,
)
from .crossovers import (
    crossovers_figure as crossovers_figure,
)
from .exponents import (
    exponents_figure as exponents_figure,
)
from .image import (
    grid as grid,
)
from .law_curves import (
    law_figures as law_figures,
)
from .machine_speeds import (
    machine_speeds_figure as machine_speeds_figure,
)
from .roofline import (
    roofline_figure as roofline_figure,
)
from .slope_gaps import (
    slope_gaps_figure as slope_gaps_figure,
)
from .theme import (
    MARKERS as MARKERS,
    legend as legend,
    ramp as ramp,
    render as render,
    theme_colour as theme_colour,
)
from .thresholds import (
    thresholds_figure as thresholds_figure,
)

__all__ = [
    "MARKERS",
    "cost_scale",
    "crossovers_figure",
    "exponents_figure",
    "grid",
    "law_figures",
    "legend",
    "machine_speeds_figure",
    "ramp",
    "render",
    "roofline_figure",
    "size_ticks",
    "slope_gaps_figure",
    "theme",
    "theme_colour",
    "thresholds_figure",
]
