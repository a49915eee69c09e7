"""Seconds until a layer's exponents are known within a precision: chosen points, or a whole grid.

    python benchmarks/harness/seconds_to_precision.py --others

Adaptively each point is chosen for what it adds; the fixed grid measures all of the same points in
rounds, and is fitted after each. With ``--others`` the times follow that pytest-benchmark and asv
take for their grids of the layer.
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


def chosen(todo: Plan, precision: float, budget: float) -> tuple[float, float, int, float]:
    """Seconds in all and of measuring alone, measurements and half-width of a planner's choice."""
    start = perf_counter()
    first = None
    planner = AdaptivePlanner(todo.cases, precision, budget)
    done = 0
    with Store() as store:
        for _ in execute_adaptively(planner, open_run(todo, store)):
            first = first or perf_counter()
            done += 1
    end = perf_counter()
    return end - start, end - (first or end), done, max(w.widest for w in planner.widths)


def whole(todo: Plan, precision: float, budget: float) -> tuple[float, float, int, float]:
    """Give the same of the whole grid, in rounds, until the intervals are as narrow."""
    start = perf_counter()
    first, half, made = None, float("inf"), []
    with Store() as store:
        run = open_run(todo, store)
        with open_executor(todo, run.add_process) as executor:
            for round in count():
                for case in todo.order(round):
                    made.append(executor.measure(round % todo.rounds, case))
                    first = first or perf_counter()
                (fit,) = layerlaw.fit(tidy_table(made, ""))
                half = max((e.high - e.low) / 2 for e in fit.law.exponents)
                if half <= precision or perf_counter() - start > budget:
                    break
    end = perf_counter()
    return end - start, end - (first or end), len(made), half


def others(layer: str) -> Iterator[tuple[str, float]]:
    """Give the seconds that pytest-benchmark and asv take with their defaults for their grids."""
    own = f"{layer} "  # a case's key begins with its layer
    asv = ["asv", "run", "--environment", "existing:same", "--dry-run", "--bench"]
    commands = {
        "pytest-benchmark": ["pytest", "-q", "-k", own, "benchmarks/pytest_benchmark"],
        "asv": [*asv, f"time_forward.*{own}"],
    }
    with TemporaryDirectory() as home:  # asv keeps there what it knows of the machine
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
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layer", default="attention")
    parser.add_argument("--precision", type=float, default=0.05)
    parser.add_argument("--profile", default="choice")
    parser.add_argument("--budget", type=float, default=60, help="seconds of each way at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--others", action="store_true", help="time asv and pytest-benchmark too")
    given = parser.parse_args()
    todo = plan(given.layer, profile=given.profile, seed=given.seed)
    ways = {
        "points chosen": chosen(todo, given.precision, given.budget),
        "whole grid": whole(todo, given.precision, given.budget),
    }
    print(f"{given.layer} to ±{given.precision:g}, {len(todo.cases)} points to choose from")
    for name, (seconds, measuring, done, half) in ways.items():
        print(
            f"  {name:16} {seconds:6.1f} s, {measuring:6.1f} s of them after the processes began; "
            f"{done} measurements, ±{half:.3f}"
        )
    if given.others:
        for name, seconds in others(given.layer):
            print(f"  {name:16} {seconds:6.1f} s")


if __name__ == "__main__":
    main()
