"""Compare the harness with ``torch.utils.benchmark.Timer`` on the same callables, in one run.

    python benchmarks/harness/against_timer.py

Both time every case of a grid in turn, in rounds. The script prints the ratio of their times over
the grid, and how many seconds of a sweep are not spent in passes.
"""

from __future__ import annotations

import argparse
import random
from contextlib import closing
from math import inf
from time import perf_counter

import numpy as np
from layerlaw.measure import Case, Controls, Store, execute, open_run, plan
from layerlaw.measure.timing.clocks import clock_for, time_repeats
from layerlaw.measure.timing.workload import ready_pass
from torch.utils.benchmark import Timer

#: Repeats in a round, of 1 ms or more each; the timer gets as many milliseconds.
REPEATS = 5


def times(case: Case, *, first: str) -> dict[str, float]:
    """Time one case with both, beginning with `first`; return the median of each in seconds."""
    with ready_pass(case) as (call, _):

        def ours() -> float:
            return float(np.median(time_repeats(call, clock_for(case.device), repeats=REPEATS)))

        def theirs() -> float:
            timer = Timer("call()", globals={"call": call}, num_threads=case.threads)
            return float(timer.blocked_autorange(min_run_time=REPEATS * 1e-3).median)

        timers = {"ours": ours, "theirs": theirs}
        order = sorted(timers, key=lambda name: name != first)
        return {name: timers[name]() for name in order}


def time_ratios(cases: list[Case], rounds: int, seed: int) -> np.ndarray:
    """Return the ratio of the harness's time to the timer's for each case: (cases,)."""
    by_case: dict[Case, list[dict[str, float]]] = {case: [] for case in cases}
    generator = random.Random(seed)
    with Controls().in_force():
        for _ in range(rounds):
            for case in generator.sample(cases, len(cases)):
                by_case[case].append(times(case, first=generator.choice(["ours", "theirs"])))
    # The minimum over the rounds, because disturbances only add time.
    return np.array(
        [min(t["ours"] for t in own) / min(t["theirs"] for t in own) for own in by_case.values()]
    )


def sweep_seconds(layers: list[str]) -> tuple[float, float, float, float]:
    """Return the seconds of a sweep: before its first measurement, in passes, waiting, other."""
    with Store() as store:
        run = open_run(plan(layers), store)
        started, first = perf_counter(), inf
        with closing(execute(run)) as steps:
            for step in steps:
                first = min(first, perf_counter() - started)
                running, waiting = step.running, step.waited
        total = perf_counter() - started
    return first, running, waiting, total - first - running - waiting


def main() -> None:
    """Print the ratios of times, and the seconds of a sweep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layer", action="append", help="may be repeated; by default all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cases = list(plan(options.layer).cases)
    ratios = time_ratios(cases, options.rounds, options.seed)
    low, middle, high = np.quantile(ratios, [0.05, 0.5, 0.95])
    print(f"{len(ratios)} cases, {options.rounds} rounds")
    print(f"harness / Timer: median {middle:.3f}, 90 % of the cases {low:.3f} to {high:.3f}")
    layers = list(dict.fromkeys(case.layer for case in cases))
    first, running, waiting, other = sweep_seconds(layers)
    print(f"a sweep: {first:.1f} s before its first measurement, {running:.1f} s in passes,")
    print(f"{waiting:.1f} s waiting at the noise gate, and {other:.1f} s of other work:")
    print(f"the harness adds {other / running:.1%} to the time in passes")


if __name__ == "__main__":
    main()
