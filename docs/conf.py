"""Configure the documentation site: Sphinx with MyST, from the pages that GitHub shows too."""

import os
import re
from importlib.metadata import version as version_of
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent

project = "layerlaw"
author = "the layerlaw authors"
release = version = version_of("layerlaw")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.doctest",
]

# Headings can be linked to, as on GitHub.
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
# A page may begin with the output of a command, whose headings skip a level.
suppress_warnings = ["myst.header"]

#: An example may use the names that its module imports from other packages.
doctest_global_setup = """
from layerlaw import layers
from layerlaw.layers import *
from layerlaw.measure import *
from layerlaw.analysis import *
"""

default_role = "code"
autodoc_member_order = "groupwise"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_ivar = False
#: Heading of a "Returns" section that is a sentence instead of a type with its description.
RETURNED = "Return value"
napoleon_custom_sections = [RETURNED]
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = f"layerlaw {release}"
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}

#: Texts outside docs/ that are pages of the site too, each with its page.
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
}


def _relinked(text: str, folder: Path, page: Path) -> str:
    """Rewrite the links of a text in `folder` so that they work in the page that includes it."""

    def moved(found: re.Match[str]) -> str:
        link, _, anchor = found[1].partition("#")
        if not link or re.match(r"[a-z]+:", link):
            return found[0]
        target = (folder / link).resolve()
        if shown := PAGES.get(target.relative_to(ROOT).as_posix()):
            target = DOCS / shown
        link = Path(os.path.relpath(target, page.parent)).as_posix()
        return f"]({link}{'#' if anchor else ''}{anchor})"

    return re.sub(r"\]\(([^)\s]+)\)", moved, text)


def setup(app):
    """Connect the hooks that rewrite links and docstrings."""

    def page_read(app, name, source):
        page = DOCS / name
        source[0] = _relinked(source[0], page.parent, page)

    def included(app, path, name, source):
        source[0] = _relinked(source[0], (DOCS / path).resolve().parent, DOCS / name)

    def skipped(app, what, name, obj, skip, options):
        # A named tuple's fields are described once, by its docstring.
        return True if type(obj).__name__ == "_tuplegetter" else None

    def sentences(app, what, name, obj, options, lines):
        for at, line in enumerate(lines[:-2]):
            if line == "Returns" and lines[at + 1].startswith("---"):
                typed = len(lines) > at + 3 and lines[at + 3].startswith("    ")
                if not typed:
                    lines[at : at + 2] = [RETURNED, "-" * len(RETURNED)]

    app.connect("autodoc-process-docstring", sentences, priority=400)  # napoleon's is 500
    app.connect("autodoc-skip-member", skipped)
    app.connect("source-read", page_read)
    app.connect("include-read", included)
