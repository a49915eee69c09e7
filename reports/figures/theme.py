"""The theme of figures: inline SVG whose colours the page chooses, light or dark.

Matplotlib needs a colour, the page a CSS variable: each named colour is drawn as a placeholder
that nothing else uses, and `render_panel` replaces it with the variable. Text is drawn as paths, so
no font has to be installed.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import Any

import matplotlib
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

#: Width of a panel in inches; at this size the page shows its text about 11 px high.
WIDTH = 4.0

#: Colours of the ramp for the values of a size, from small to large.
RAMP = 11

_FIXED = {  # name: (on light, on dark)
    "text": ("#1f2328", "#e6e8eb"),
    "muted": ("#656d76", "#9aa4af"),
    "grid": ("#e4e7eb", "#2c323a"),
    "band": ("#dbe7f3", "#233447"),
    "matches": ("#0a7d5a", "#3fc79a"),
    "differs": ("#c2410c", "#ff8a57"),
    "unresolved": ("#8a6300", "#e0b341"),
    "none": ("#656d76", "#9aa4af"),
}
#: Nine distinguishable lines, after Okabe and Ito; markers distinguish them without colour.
_LINES = (
    ("#0072b2", "#56b4e9"),
    ("#c14d00", "#ff9a57"),
    ("#007a5a", "#33c799"),
    ("#a8508a", "#e39cc6"),
    ("#8a6300", "#e3b23c"),
    ("#5b4bb7", "#a79bf0"),
    ("#b3261e", "#ff8a80"),
    ("#3d6b21", "#9fd37a"),
    ("#4a5560", "#b9c3cd"),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h")


def _ramp() -> list[tuple[str, str]]:
    """Return viridis without the end that lacks contrast: bright on light, dark on dark."""
    viridis = sns.color_palette("viridis", as_cmap=True)
    steps = [i / (RAMP - 1) for i in range(RAMP)]
    return [(to_hex(viridis(0.02 + 0.80 * s)), to_hex(viridis(0.35 + 0.65 * s))) for s in steps]


def colours() -> dict[str, tuple[str, str]]:
    """Return every colour by name, as (on light, on dark)."""
    return {
        **_FIXED,
        **{f"line{i}": pair for i, pair in enumerate(_LINES)},
        **{f"ramp{i}": pair for i, pair in enumerate(_ramp())},
    }


_PLACEHOLDERS = {name: f"#fe00{number:02x}" for number, name in enumerate(colours())}


def theme_colour(name: str) -> str:
    """Return the placeholder that a named colour is drawn with."""
    return _PLACEHOLDERS[name]


def ramp_colours(count: int) -> list[str]:
    """Return the placeholders of `count` colours, spread over the ramp."""
    return [theme_colour(f"ramp{round(i * (RAMP - 1) / max(count - 1, 1))}") for i in range(count)]


def css_variables(dark: bool) -> str:
    """Write the CSS variables of all colours."""
    return "".join(f"--{name}:{pair[dark]};" for name, pair in colours().items())


def render_panel(
    draw: Callable[[Axes], object], plot: float, label: str, *, left: float = 0.66, legend: int = 0
) -> str:
    """Draw a panel and return it as inline SVG.

    The margins are given, as a layout engine takes longer than all the drawing.

    Parameters
    ----------
    draw
        Draws onto the given axes.
    plot
        Height of the plot without margins, in inches; the panel is `WIDTH` wide.
    label
        Text alternative for screen readers.
    left
        Width of the labels of the vertical axis, in inches.
    legend
        Number of lines of the legend below the plot.
    """
    above, below = 0.32, 0.46 + 0.18 * legend
    height = above + plot + below
    with _style():
        figure = Figure(figsize=(WIDTH, height))
        figure.subplots_adjust(left / WIDTH, below / height, 1 - 0.1 / WIDTH, 1 - above / height)
        draw(figure.add_subplot())
        figure.patch.set_visible(False)
        figure.axes[0].patch.set_visible(False)
        file = StringIO()
        canvas: Any = FigureCanvasSVG(figure)  # print_svg has no types; savefig draws twice
        canvas.print_svg(file, metadata=_NO_METADATA)
    return _inline(file.getvalue(), label)


_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def draw_legend(axes: Axes, handles: Sequence[Artist], columns: int) -> None:
    """Draw a legend of some columns below a panel; `render_panel` needs the number of its lines."""
    plot = axes.bbox.height / axes.figure.dpi  # in inches
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.42 / plot),
        borderaxespad=0,
        ncols=columns,
        handlelength=1.6,
        columnspacing=1.2,
        labelspacing=0.35,
        borderpad=0,
    )


@contextmanager
def _style() -> Iterator[None]:
    text, muted, grid = theme_colour("text"), theme_colour("muted"), theme_colour("grid")
    settings: Any = {
        **sns.axes_style("ticks"),
        "svg.fonttype": "path",
        "svg.hashsalt": "layerlaw",
        "font.family": ["DejaVu Sans"],  # comes with matplotlib
        "text.parse_math": False,  # a layer's name may contain a dollar sign
        "font.size": 8,
        "axes.titlesize": 9,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": 8,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "legend.fontsize": 7.5,
        "legend.title_fontsize": 7.5,
        "legend.frameon": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": grid,
        "grid.linewidth": 0.6,
        "axes.edgecolor": muted,
        "axes.linewidth": 0.6,
        "xtick.color": muted,
        "ytick.color": muted,
        "xtick.labelcolor": text,
        "ytick.labelcolor": text,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 3,
        "ytick.major.size": 3,
        "axes.labelcolor": text,
        "text.color": text,
        "lines.linewidth": 1.2,
    }
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # seaborn 0.13.2 calls what pandas 3 and matplotlib 3.11 are about to drop.
        warnings.filterwarnings("ignore", module=r"seaborn\b")
        # The font draws letters that it lacks as boxes; the page has the name as text.
        warnings.filterwarnings("ignore", message="Glyph")
        yield


def _inline(svg: str, label: str) -> str:
    """Turn matplotlib's file into inline SVG: small, with unique ids, colours as variables."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(?<= d=")[^"]+', lambda found: _round_numbers(found.group()), svg)
    svg = re.sub(r'(?<= [xy]=")[^"]+', lambda found: _round_numbers(found.group()), svg)
    svg = re.sub(r'<g id="[a-z_]+\d*"', "<g", svg)  # nothing refers to groups
    own = hashlib.sha256(svg.encode()).hexdigest()[:8]
    svg = re.sub(r'\bid="', f'id="{own}-', svg)
    svg = re.sub(r'(url\(#|xlink:href="#)', rf"\g<1>{own}-", svg)
    for name, colour in _PLACEHOLDERS.items():
        svg = svg.replace(colour, f"var(--{name})")
    svg = re.sub(r"\s*\n\s*", " ", svg).replace("> <", "><").strip()
    box = re.search(r'viewBox="[^"]+"', svg)
    assert box is not None  # matplotlib always writes one
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'{box.group()} role="img" aria-label="{escape_attribute(label)}">'
    )
    return start + svg[svg.index(">") + 1 :]


def _round_numbers(numbers: str) -> str:
    return re.sub(r"-?\d+\.\d+", lambda found: f"{float(found.group()):.1f}", numbers)


def escape_attribute(text: str) -> str:
    """Escape a text for an attribute of SVG or HTML."""
    for character, entity in {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}.items():
        text = text.replace(character, entity)
    return text
