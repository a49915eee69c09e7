"""Where tables that others published lie; tests that need them skip by name where they do not."""

from pathlib import Path

import pytest

FOLDER = next(
    (
        p / "shared" / "published"
        for p in Path(__file__).parents
        if (p / "shared" / "published").is_dir()
    ),
    None,
)
needs_published = pytest.mark.skipif(
    FOLDER is None, reason="the folder shared/published is not there"
)
