"""Measure twice while another process keeps a core busy, and hold the exponents side by side (A/A).

    python benchmarks/harness/repeatability.py

Once in rounds interleaved over points and layers, once point by point: what both differ by between
two runs tells what interleaving gains.
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

#: It ends with its parent, however that ends.
BUSY = """
import os
import numpy as np
a, parent = np.ones((256, 256), np.float32), os.getppid()
while os.getppid() == parent:
    a @ a
"""

Exponents = dict[tuple[str, str], float]


@contextmanager
def busy_core() -> Iterator[None]:
    """Keep one core busy with matrix products of another process."""
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", BUSY], env=one_thread)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def exponents(layers: list[str], profile: str, seed: int, *, interleaving: bool) -> Exponents:
    """Measure, fit, and give the exponent of each layer's axes."""
    controls = Controls(interleaving=interleaving)
    table = layerlaw.sweep(layers, profile=profile, seed=seed, controls=controls)
    return {
        (fit.series.layer, exponent.axis): exponent.estimate
        for fit in layerlaw.fit(table)
        for exponent in fit.law.exponents
    }


def main() -> None:
    """Print every difference, and what share of them is small."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layer", action="append", help="repeat; all textbook layers by default")
    parser.add_argument("--profile", default="standard")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--alone", action="store_true", help="without the busy process")
    parser.add_argument("--interleaved-only", action="store_true")
    given = parser.parse_args()
    layers = given.layer or [name for name in CORE if not get(name).native]
    kinds = (True,) if given.interleaved_only else (True, False)
    runs: dict[bool, list[Exponents]] = {kind: [] for kind in kinds}
    with nullcontext() if given.alone else busy_core():
        for again in range(2):
            for interleaving in kinds:
                seed = given.seed + again
                runs[interleaving].append(
                    exponents(layers, given.profile, seed, interleaving=interleaving)
                )
    for interleaving, (one, other) in runs.items():
        print("in rounds over all points" if interleaving else "point by point")
        apart = {key: abs(one[key] - other[key]) for key in one}
        for (layer, axis), difference in sorted(apart.items(), key=lambda item: -item[1]):
            pair = f"{one[layer, axis]:.3f} {other[layer, axis]:.3f}"
            print(f"  {layer:20} {axis}  {pair}  differ by {difference:.3f}")
        found = np.array(list(apart.values()))
        print(
            f"  {np.mean(found <= 0.05):.1%} of {len(found)} differ by at most 0.05; "
            f"median {np.median(found):.3f}, largest {found.max():.3f}"
        )


if __name__ == "__main__":
    main()
