"""docs/published.md is what the tables give, and says what they say."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from layerlaw.reports.figures.image import panel_grid
from layerlaw.reports.figures.theme import render_panel, theme_colour
from layerlaw.studies.published.figures import figure
from layerlaw.studies.published.fitting import fit_sources
from layerlaw.studies.published.markdown_page import render as render_page
from layerlaw.studies.published.source import Digit
from layerlaw.studies.published.sources import SOURCES

from tests.helpers.numbers import assert_says_the_same
from tests.helpers.published import FOLDER, needs_published

DOCS = Path(__file__).parents[3] / "docs"


def sections(page):
    """Give the text below each heading of a page."""
    _, *parts = re.split(r"^## ", page, flags=re.MULTILINE)
    return dict(part.split("\n", 1) for part in parts)


@pytest.fixture(scope="module")
def page(fitted):
    return sections(render_page(list(fitted.values())))


@pytest.fixture(scope="module")
def committed():
    return sections((DOCS / "published.md").read_text(encoding="utf-8"))


@needs_published
def test_the_page_says_of_each_source_what_its_table_gives(fitted, page, committed):
    for one in fitted.values():
        assert_says_the_same(page[one.source.title], committed[one.source.title])
    assert page["Papers"] == committed["Papers"]


@needs_published
def test_the_known_slip_of_the_long_range_arena_is_found(page):
    rows = [row for text in page.values() for row in text.splitlines()]
    (row,) = (r for r in rows if r.startswith("| Synthesizer | time, training step | n = 3072 "))
    assert row.endswith("| yes |")


@needs_published
@pytest.mark.nightly
def test_the_whole_page_is_what_the_tables_give(committed):
    page = sections(render_page(fit_sources(FOLDER)))
    assert page.keys() == committed.keys()
    for title, text in page.items():
        assert_says_the_same(text, committed[title])


@needs_published
def test_every_source_has_its_laws_and_its_figure(fitted):
    for one in fitted.values():
        judged = {(f.series.layer, f.series.metric) for f in one.fits if f.judgement is not None}
        assert judged == set(one.source.orders)
        assert {f.series.metric for f in one.fits} == set(one.source.digits)
        svg = figure(one.source, one.fits)
        assert svg == figure(one.source, one.fits)
        assert svg.count("<svg ") == 1 + len(one.source.panels)


@needs_published
def test_printed_values_are_whole_numbers_of_their_last_digit(fitted):
    for one in fitted.values():
        for fit in one.fits:
            digit, values = one.source.digits[fit.series.metric], fit.series.values
            printed = (1 / values if digit.rate else values) / digit.scale / digit.unit
            # The clock of one source has half steps too: medians of an even number of times.
            assert np.abs(2 * printed - np.round(2 * printed)).max() < 0.02


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.slug)
def test_every_committed_figure_is_a_drawing_on_an_opaque_ground(source):
    path = DOCS / source.image
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    assert root[0].tag.endswith("rect")
    assert root[0].attrib["fill"] == "#ffffff"
    assert "var(--" not in path.read_text(encoding="utf-8")
    assert path.stat().st_size < 400_000
    assert source.image in (DOCS / "published.md").read_text(encoding="utf-8")


def test_panels_share_the_shapes_of_their_letters():
    def draw(axes):
        axes.plot([1, 2], [1, 2], color=theme_colour("line0"))
        axes.set_title("a & b")

    panel = render_panel(draw, 1.0, "a line")
    svg = panel_grid([panel, panel, panel], 2, 'say "it"')
    root = ElementTree.fromstring(svg)
    assert root.attrib["aria-label"] == 'say "it"'
    ids = [each.attrib["id"] for each in root.iter() if "DejaVu" in each.attrib.get("id", "")]
    assert ids
    assert len(ids) == len(set(ids))


def test_digits_are_written_as_the_table_prints_them():
    steps = Digit(0.1, "steps per second", rate=True)
    assert steps.write(1 / 6.6) == "6.6 steps per second"
    assert steps.rounding_error(np.array([0.5])) == pytest.approx([0.0125])
    milliseconds = Digit(0.01, "ms", 1e-3)
    assert milliseconds.write(0.03354) == "33.54 ms"
    assert milliseconds.rounding_error(np.array([1.0, 2.0])) == pytest.approx([5e-6, 5e-6])
    assert str(Digit(1, "MiB", 2.0**20)) == "1 MiB"
