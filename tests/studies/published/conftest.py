"""The published tables, fitted once for all tests of them."""

import pytest
from layerlaw.studies.published import fitting

from tests.helpers.published import FOLDER

#: Its fits and the search for outliers in them take four times as long as all others.
SLOW = "deepbench"


@pytest.fixture(scope="session")
def fitted():
    """Fit every source but the slow one; by slug."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "SOURCES", [s for s in fitting.SOURCES if s.slug != SLOW])
        return {one.source.slug: one for one in fitting.fit_sources(FOLDER)}
