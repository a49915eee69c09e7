"""Let the contract's assertions say what they compared, as those of a test do."""

import pytest

pytest.register_assert_rewrite("tests.layers.contract", "tests.layers.contract_cases")
