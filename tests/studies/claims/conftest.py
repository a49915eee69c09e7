"""All statements put to the test, once for all tests of them."""

from __future__ import annotations

import pytest
from layerlaw.studies import claims
from layerlaw.studies.claims import JudgedStatement


@pytest.fixture(scope="session")
def checked() -> dict[str, JudgedStatement]:
    return {each.statement.id: each for each in claims.judge_statements()}
