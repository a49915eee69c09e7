"""Measure twice while another process keeps a core busy, and compare the exponents (A/A).

    python benchmarks/harness/repeatability.py

It does so with rounds interleaved over points and layers, and point by point. How far the two runs
of each differ shows what interleaving gains.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import layerlaw
import numpy as np
from layerlaw.layers import CORE, get
from layerlaw.measure import Controls

#: The program of the busy process, which ends when its parent has ended.
BUSY_PROGRAM = """
import os
import numpy as np
a, parent = np.ones((256, 256), np.float32), os.getppid()
while os.getppid() == parent:
    a @ a
"""

Exponents = dict[tuple[str, str], float]


@contextmanager
def busy_core() -> Iterator[None]:
    """Keep one core busy with matrix products in another process."""
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", BUSY_PROGRAM], env=one_thread)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def exponents(layers: list[str], profile: str, seed: int, *, interleaving: bool) -> Exponents:
    """Measure, fit, and return the exponent of each axis of each layer."""
    controls = Controls(interleaving=interleaving)
    table = layerlaw.sweep(layers, profile=profile, seed=seed, controls=controls)
    return {
        (fit.series.layer, exponent.axis): exponent.estimate
        for fit in layerlaw.fit(table)
        for exponent in fit.law.exponents
    }


def main() -> None:
    """Print every difference, and the share of those of at most 0.05."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--layer", action="append", help="may be repeated; by default all textbook layers"
    )
    parser.add_argument("--profile", default="standard")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--alone", action="store_true", help="without the busy process")
    parser.add_argument("--interleaved-only", action="store_true")
    options = parser.parse_args()
    layers = options.layer or [name for name in CORE if not get(name).native]
    kinds = (True,) if options.interleaved_only else (True, False)
    runs: dict[bool, list[Exponents]] = {kind: [] for kind in kinds}
    with nullcontext() if options.alone else busy_core():
        for repetition in range(2):
            for interleaving in kinds:
                seed = options.seed + repetition
                runs[interleaving].append(
                    exponents(layers, options.profile, seed, interleaving=interleaving)
                )
    for interleaving, (first, second) in runs.items():
        print("in rounds over all points" if interleaving else "point by point")
        differences = {key: abs(first[key] - second[key]) for key in first}
        for (layer, axis), difference in sorted(differences.items(), key=lambda item: -item[1]):
            pair = f"{first[layer, axis]:.3f} {second[layer, axis]:.3f}"
            print(f"  {layer:20} {axis}  {pair}  differ by {difference:.3f}")
        values = np.array(list(differences.values()))
        print(
            f"  {np.mean(values <= 0.05):.1%} of {len(values)} differ by at most 0.05; "
            f"median {np.median(values):.3f}, largest {values.max():.3f}"
        )


if __name__ == "__main__":
    main()
