"""Hold the harness against ``torch.utils.benchmark.Timer`` on the same callables, in one run.

    python benchmarks/harness/against_timer.py

Both time every case of a grid in turn, in rounds. It prints the ratio of their times over the grid,
and how much of the time of a sweep is not spent in passes.
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

#: Values of a round: as many seconds for both.
REPEATS = 5


def times(case: Case, *, first: str) -> dict[str, float]:
    """Time one case by both, beginning with one of them: the median of what each says."""
    with ready_pass(case) as (call, _):

        def ours() -> float:
            return float(np.median(time_repeats(call, clock_for(case.device), repeats=REPEATS)))

        def theirs() -> float:
            timer = Timer("call()", globals={"call": call}, num_threads=case.threads)
            return float(timer.blocked_autorange(min_run_time=REPEATS * 1e-3).median)

        both = {"ours": ours, "theirs": theirs}
        order = sorted(both, key=lambda name: name != first)
        return {name: both[name]() for name in order}


def against(cases: list[Case], rounds: int, seed: int) -> np.ndarray:
    """Ratio of the harness's time to the timer's, of each case: (cases,)."""
    found: dict[Case, list[dict[str, float]]] = {case: [] for case in cases}
    choose = random.Random(seed)
    with Controls().in_force():
        for _ in range(rounds):
            for case in choose.sample(cases, len(cases)):
                found[case].append(times(case, first=choose.choice(["ours", "theirs"])))
    # Of each the least of its rounds: disturbances only ever add time.
    return np.array(
        [min(t["ours"] for t in own) / min(t["theirs"] for t in own) for own in found.values()]
    )


def share(layers: list[str]) -> tuple[float, float, float, float]:
    """Seconds of a whole sweep: until its first measurement, in passes, waiting, and besides."""
    todo = plan(layers)
    with Store() as store:
        run = open_run(todo, store)
        started, begun = perf_counter(), inf
        with closing(execute(run)) as steps:
            for step in steps:
                begun = min(begun, perf_counter() - started)
                ran, waited = step.running, step.waited
        spent = perf_counter() - started
    return begun, ran, waited, spent - begun - ran - waited


def main() -> None:
    """Print both figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layer", action="append", help="repeat for several; all, by default")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    cases = list(plan(given.layer).cases)
    ratios = against(cases, given.rounds, given.seed)
    low, middle, high = np.quantile(ratios, [0.05, 0.5, 0.95])
    print(f"{len(ratios)} cases, {given.rounds} rounds")
    print(f"harness / Timer: median {middle:.3f}, 90 % of the cases {low:.3f} to {high:.3f}")
    begun, ran, waited, besides = share(list(dict.fromkeys(case.layer for case in cases)))
    print(f"a sweep: {begun:.1f} s until its first measurement, {ran:.1f} s in passes,")
    print(f"{waited:.1f} s waiting for calm, and {besides:.1f} s besides:")
    print(f"the harness adds {besides / ran:.1%} to the time in passes")


if __name__ == "__main__":
    main()
