"""Figures as SVG files: panels in a grid, in light colours, on an opaque background.

On a page the style sheet chooses the colours; a file shown as an image has no style sheet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .theme import colours, escape_attribute

_FILL = "#ffffff"  # on dark pages too
_GAP = 14.0  # between panels, in points


def panel_grid(panels: Sequence[str], columns: int, label: str) -> str:
    """Combine panels of `theme.render_panel` into one SVG file.

    Parameters
    ----------
    panels
        Inline SVG, in reading order.
    columns
        Panels in a row.
    label
        Text alternative for screen readers.
    """
    boxes = [_box(panel) for panel in panels]
    wide = max((width for width, _ in boxes), default=0)
    rows = [range(at, min(at + columns, len(panels))) for at in range(0, len(panels), columns)]
    placed, top = [], _GAP
    for row in rows:
        for place, at in enumerate(row):
            placed.append(_place(panels[at], _GAP + place * (wide + _GAP), top, *boxes[at]))
        top += max(boxes[at][1] for at in row) + _GAP
    across = _GAP + min(columns, len(panels)) * (wide + _GAP)
    body = _share_glyphs("\n".join(placed))
    for name, (light, _) in colours().items():
        body = body.replace(f"var(--{name})", light)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{across:g}" height="{top:g}" viewBox="0 0 {across:g} {top:g}" role="img" '
        f'aria-label="{escape_attribute(label)}">\n'
        f'<rect width="100%" height="100%" fill="{_FILL}"/>\n{body}\n</svg>\n'
    )


def _share_glyphs(svg: str) -> str:
    """Remove repeated definitions of a letter's shape: the panels share one font."""
    svg = re.sub(r'(id="|href="#)[0-9a-f]{8}-(DejaVuSans)', r"\1\2", svg)
    seen: set[str] = set()

    def first(found: re.Match[str]) -> str:
        known = found[1] in seen
        seen.add(found[1])
        return "" if known else found[0]

    svg = re.sub(r'<path id="(DejaVuSans[^"]*)"[^>]*?/>', first, svg)
    return svg.replace("<defs></defs>", "")


def _box(panel: str) -> tuple[float, float]:
    """Return width and height of a panel, in points."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', panel)
    assert found is not None  # `theme.render_panel` always writes one
    return float(found[1]), float(found[2])


def _place(panel: str, x: float, y: float, width: float, height: float) -> str:
    return panel.replace("<svg ", f'<svg x="{x:g}" y="{y:g}" width="{width}" height="{height}" ', 1)
