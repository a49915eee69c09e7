"""Time the core layers with pytest-benchmark, on the cases of the asv suite.

`layers.CORE` gives the layers, and the profile `asv` their sizes.
"""

from __future__ import annotations

import pytest
from layerlaw.measure import Case, Controls, plan
from layerlaw.measure.timing.workload import ready_pass


# With single calls, a round would last no longer than an interrupt, and the file would be large.
@pytest.mark.benchmark(min_time=0.005)
@pytest.mark.parametrize("case", [case.key for case in plan(profile="asv").cases])
def test_forward(benchmark, case):
    """Time one forward pass of each case."""
    parsed = Case.parse(case)
    with Controls(threads=parsed.threads).in_force(), ready_pass(parsed) as (call, _):
        benchmark(call)
