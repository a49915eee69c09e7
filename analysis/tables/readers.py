"""Read measurements: tables of text, asv's result folder, pytest-benchmark's JSON.

Each benchmark in another tool's file becomes rows of a tidy table. Its parameter ``case`` is the
key of a case; without it, parameters called ``layer``, ``n``, ``d``, ``k``, ``batch`` and so on
become columns, so that any suite can be fitted.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from ...measure import FILE_LIMIT, load_json, unpacked_name
from .asv_results import read_asv_file, read_asv_folder
from .delimited import read_csv
from .pytest_results import read_pytest_file
from .schema import tidy
from .table_error import TableError

#: Attribute of a table that was read from a file: the file's path.
FILE = "file"


def read(path: Path, limit: float = FILE_LIMIT) -> pd.DataFrame:
    """Read a file or folder of measurements as tidy rows.

    Parameters
    ----------
    path
        A table of text; asv's result folder, one machine's folder in it, or one file of results;
        or a JSON file of pytest-benchmark. A file may be compressed by gzip, bzip2 or xz.
    limit
        Largest size of a file in MiB.

    Returns
    -------
    pandas.DataFrame
        A table's rows, with the columns that a minimal one leaves out. Of the others, a row per
        recorded sample in seconds or bytes, or the tool's own summary where it recorded no samples;
        benchmarks that failed, were skipped or have no parameters are left out.

    Raises
    ------
    TableError
        If the file cannot be read; the message is one line and names it.
    """
    frame = _read(path, limit)
    frame.attrs[FILE] = str(path)
    return frame


def _read(path: Path, limit: float) -> pd.DataFrame:
    if os.path.isdir(path):  # where Path.is_dir raises, the file itself gives a better reason
        return read_asv_folder(path, limit)
    name = unpacked_name(path)
    if name.suffix.lower() != ".json":
        return tidy(read_csv(path, limit), str(path), name.stem)
    content = load_json(path, limit, TableError)
    if "result_columns" in content:
        return read_asv_file(path, content, limit)
    if "benchmarks" in content and "machine_info" in content:
        return read_pytest_file(path, content)
    raise TableError(f"{path}: has no results of asv (version 2) or pytest-benchmark")
