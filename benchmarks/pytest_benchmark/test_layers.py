"""Times of the core layers by pytest-benchmark, on the same cases as the asv suite.

No layer and no size is named here: `layers.CORE` and the grid's profile `asv` give them.
"""

from __future__ import annotations

import pytest
from layerlaw.measure import Case, Controls, plan
from layerlaw.measure.timing.workload import ready_pass


# A round of single calls would be as long as one interrupt, and a file of 50 000 of them large.
@pytest.mark.benchmark(min_time=0.005)
@pytest.mark.parametrize("case", [case.key for case in plan(profile="asv").cases])
def test_forward(benchmark, case):
    """One forward pass of each case."""
    todo = Case.parse(case)
    with Controls(threads=todo.threads).in_force(), ready_pass(todo) as (call, _):
        benchmark(call)
