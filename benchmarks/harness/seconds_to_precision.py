"""Measure the seconds until a layer's exponents have a given precision, with two choices of points.

    python benchmarks/harness/seconds_to_precision.py --others

The adaptive choice takes each point for the information it adds; the whole grid measures all of
these points in rounds, with a fit after each. ``--others`` adds the times that pytest-benchmark and
asv take for their grids of the layer.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import layerlaw
from layerlaw.experiments.adaptive import AdaptivePlanner
from layerlaw.measure import Plan, Store, open_run, plan, tidy_table
from layerlaw.measure.runs.execution import execute_adaptively
from layerlaw.measure.workers.executor import open_executor

ROOT = Path(__file__).parents[2]


def adaptive_choice(
    run_plan: Plan, precision: float, budget: float
) -> tuple[float, float, int, float]:
    """Choose points one by one; return seconds, seconds of measuring, measurements, half-width."""
    start = perf_counter()
    first = None
    planner = AdaptivePlanner(run_plan.cases, precision, budget)
    measurements = 0
    with Store() as store:
        for _ in execute_adaptively(planner, open_run(run_plan, store)):
            first = first or perf_counter()
            measurements += 1
    end = perf_counter()
    return end - start, end - (first or end), measurements, max(w.widest for w in planner.widths)


def whole_grid(run_plan: Plan, precision: float, budget: float) -> tuple[float, float, int, float]:
    """Measure all points in rounds until the intervals are as narrow; return the same figures."""
    start = perf_counter()
    first, half, measurements = None, float("inf"), []
    with Store() as store:
        run = open_run(run_plan, store)
        with open_executor(run_plan, run.add_process) as executor:
            for round in count():
                for case in run_plan.order(round):
                    measurements.append(executor.measure(round % run_plan.rounds, case))
                    first = first or perf_counter()
                (fit,) = layerlaw.fit(tidy_table(measurements, ""))
                half = max((e.high - e.low) / 2 for e in fit.law.exponents)
                if half <= precision or perf_counter() - start > budget:
                    break
    end = perf_counter()
    return end - start, end - (first or end), len(measurements), half


def other_tools(layer: str) -> Iterator[tuple[str, float]]:
    """Yield the seconds that pytest-benchmark and asv take for their grids, with their defaults."""
    key = f"{layer} "  # a case's key begins with its layer
    asv = ["asv", "run", "--environment", "existing:same", "--dry-run", "--bench"]
    commands = {
        "pytest-benchmark": ["pytest", "-q", "-k", key, "benchmarks/pytest_benchmark"],
        "asv": [*asv, f"time_forward.*{key}"],
    }
    with TemporaryDirectory() as home:  # asv writes its description of the machine there
        run = partial(
            subprocess.run,
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "HOME": home},
        )
        run([sys.executable, "-m", "asv", "machine", "--yes"])
        for name, command in commands.items():
            start = perf_counter()
            run([sys.executable, "-m", *command])
            yield name, perf_counter() - start


def main() -> None:
    """Print a line for each choice of points, and for each other tool."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layer", default="attention")
    parser.add_argument("--precision", type=float, default=0.05)
    parser.add_argument("--profile", default="choice")
    parser.add_argument("--budget", type=float, default=60, help="limit of each choice, in seconds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--others", action="store_true", help="also time asv and pytest-benchmark")
    options = parser.parse_args()
    run_plan = plan(options.layer, profile=options.profile, seed=options.seed)
    choices = {
        "adaptive choice": adaptive_choice(run_plan, options.precision, options.budget),
        "whole grid": whole_grid(run_plan, options.precision, options.budget),
    }
    print(f"{options.layer} to ±{options.precision:g}, {len(run_plan.cases)} points to choose from")
    for name, (seconds, measuring, measurements, half) in choices.items():
        print(
            f"  {name:16} {seconds:6.1f} s, {measuring:6.1f} s of them after the workers started; "
            f"{measurements} measurements, ±{half:.3f}"
        )
    if options.others:
        for name, seconds in other_tools(options.layer):
            print(f"  {name:16} {seconds:6.1f} s")


if __name__ == "__main__":
    main()
