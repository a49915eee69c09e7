"""Read what was measured: tidy CSV, asv's result folder, pytest-benchmark's JSON."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from .table import read_csv


def read(path: Path) -> pd.DataFrame:
    """Read a file or folder of measurements as tidy rows."""
    return read_csv(path)
