from . import (
    theme as theme,
)
from .axes import (
    set_cost_scale as set_cost_scale,
    set_size_ticks as set_size_ticks,
)
from .crossovers import (
    crossovers_figure as crossovers_figure,
)
from .exponents import (
    exponents_figure as exponents_figure,
)
from .image import (
    panel_grid as panel_grid,
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
    draw_legend as draw_legend,
    ramp_colours as ramp_colours,
    render_panel as render_panel,
    theme_colour as theme_colour,
)
from .thresholds import (
    thresholds_figure as thresholds_figure,
)

__all__ = [
    "MARKERS",
    "crossovers_figure",
    "draw_legend",
    "exponents_figure",
    "law_figures",
    "machine_speeds_figure",
    "panel_grid",
    "ramp_colours",
    "render_panel",
    "roofline_figure",
    "set_cost_scale",
    "set_size_ticks",
    "slope_gaps_figure",
    "theme",
    "theme_colour",
    "thresholds_figure",
]
