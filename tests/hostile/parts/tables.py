"""Hostile tables: CSV of every dialect, valid in one way and wrong in another."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from random import Random

from .. import valid
from ..attempts import Attempt, Limits
from ..kinds import Makers
from ..mutations import CONTROLS, HUGE, NAMES, NOT_FINITE, NOT_NUMBERS, OF_BYTES
from ..valid import Cells

KINDS = Makers()

Change = Callable[[Cells, Random], object]


def attempt(rng: Random, name: str, refusal: bool | None = None, expect: bool = True) -> Attempt:
    """Have a table read: mostly by `fit`, at times by a command that does more with it."""
    theory = ("--expect", "mine=n*d**2") if expect else ()
    match rng.randrange(12):
        case 0:
            arguments = ("report", name, "--out", "out", *theory)
            return Attempt(arguments, refusal, makes=("out",), limits=Limits(20))
        case 1:
            return Attempt(("predict", name, "--at", "n=99", "--at", "d=9", *theory), refusal)
        case 2 | 3:
            return Attempt(("fit", name, "--json", "-", *theory), refusal)
    return Attempt(("fit", name, *theory), refusal)


def _of_cells(
    name: str, *, refusal: bool | None = None, expect: bool = True
) -> Callable[..., Change]:
    """Register a change of a table's cells as a kind."""

    def add(change: Change) -> Change:
        def make(rng: Random, folder: Path) -> Attempt:
            cells = valid.table(rng)
            change(cells, rng)
            text = valid.text(cells).encode("utf-8", "surrogatepass")
            (folder / "table.csv").write_bytes(text)
            return attempt(rng, "table.csv", refusal, expect)

        KINDS.add(f"table: {name}", make)
        return change

    return add


def _of_bytes(name: str, content: Callable[[Random], bytes], refusal: bool | None) -> None:
    """Register a whole file as a kind."""

    def make(rng: Random, folder: Path) -> Attempt:
        (folder / "table.csv").write_bytes(content(rng))
        return attempt(rng, "table.csv", refusal)

    KINDS.add(f"table: {name}", make)


def _quoted(rng: Random, separator: str, decimal: str = ".") -> bytes:
    head, *rows = valid.table(rng)
    column = head.index("value")
    for row in rows:
        row[column] = row[column].replace(".", decimal)
    return valid.text([head, *rows], separator).encode()


# Dialects: the same table, which has to be read.
_of_bytes("semicolons", lambda rng: _quoted(rng, ";"), refusal=False)
_of_bytes("tabs", lambda rng: _quoted(rng, "\t"), refusal=False)
_of_bytes("semicolons, decimal commas", lambda rng: _quoted(rng, ";", ","), refusal=False)
_of_bytes("tabs, decimal commas", lambda rng: _quoted(rng, "\t", ","), refusal=False)
_of_bytes("CRLF", lambda rng: valid.text(valid.table(rng), end="\r\n").encode(), refusal=False)
_of_bytes("decimal commas between commas", lambda rng: _quoted(rng, ",", ","), refusal=True)


@KINDS("table: minimal columns")
def _minimal_columns(rng: Random, folder: Path) -> Attempt:
    rows = "".join(f"{n},{n * 1e-6}\n" for n in (16, 32, 64, 128, 256))
    (folder / "table.csv").write_text(f"n,seconds\n{rows}")
    further = rng.choice(((), ("--json", "-"), ("--expect", "table=n*log(n)")))
    return Attempt(("fit", "table.csv", *further), False)  # its layer is called after the file


for _name, _mutation in OF_BYTES.items():
    _of_bytes(
        _name,
        lambda rng, mutate=_mutation: mutate(valid.text(valid.table(rng)).encode(), rng),
        refusal=None,
    )

_EMPTY = (b"", b"\n", b"\n" * 1000, b"\xef\xbb\xbf", b",,,,\n", b" ", b'""', b"layer\n", b"\0" * 99)
_of_bytes("empty", lambda rng: rng.choice(_EMPTY), refusal=True)
_of_bytes("head alone", lambda rng: valid.text(valid.table(rng)[:1]).encode(), refusal=True)
_of_bytes("noise", lambda rng: rng.randbytes(rng.choice((10, 1000, 100_000))), refusal=True)
_of_bytes("a cell of 10 MB", lambda rng: _with_cell(rng, "x" * 10**7), refusal=None)
_of_bytes("200,000 columns", lambda rng: _wide(rng, 200_000), refusal=None)
_of_bytes("many layers", lambda rng: _tall(rng, rng.choice((100, 2_000))), refusal=None)


def _with_cell(rng: Random, cell: str) -> bytes:
    cells = valid.table(rng)
    cells[rng.randrange(len(cells))][rng.randrange(4)] = cell
    return valid.text(cells).encode()


def _wide(rng: Random, columns: int) -> bytes:
    head, *rows = valid.table(rng)
    head += [f"c{at}" for at in range(columns)]
    return valid.text([head, *(row + ["1"] * columns for row in rows[:4])]).encode()


def _tall(rng: Random, layers: int) -> bytes:
    head, *rows = valid.table(rng)
    return valid.text([head, *([f"l{at}", *rows[0][1:]] for at in range(layers))]).encode()


@_of_cells("extra cells in all rows", refusal=True)
def _(cells: Cells, rng: Random) -> None:
    for row in cells[1:]:
        row.extend(["5"] * rng.choice((1, 1, 2)))


@_of_cells("extra cells in one row", refusal=True)
def _(cells: Cells, rng: Random) -> None:
    rng.choice(cells[1:]).extend(["5"] * rng.choice((1, 2, 100)))


@_of_cells("missing cells in one row", refusal=True)
def _(cells: Cells, rng: Random) -> None:
    del rng.choice(cells[1:])[rng.choice((-1, 1)) :]  # a row without any is a blank line


@_of_cells("duplicate column", refusal=True)
def _(cells: Cells, rng: Random) -> None:
    column = rng.randrange(len(cells[0]))
    for row in cells:
        row.append(row[column])


@_of_cells("reserved or strange column")
def _(cells: Cells, rng: Random) -> None:
    names = ("index", "level_0", "__class__", "file", "by", "sizes", "law", "Unnamed: 0", "T")
    name = rng.choice((*names, *(n.replace("\n", " ").replace(",", " ") for n in NAMES)))
    for at, row in enumerate(cells):
        row.append(name if at == 0 else rng.choice("12"))


@_of_cells("column left out", refusal=True)
def _(cells: Cells, rng: Random) -> None:
    """Leave out what was measured, or all sizes."""
    for name in rng.choice((("value",), ("n", "d", "k"))):
        if name in cells[0]:
            column = cells[0].index(name)
            for row in cells:
                del row[column]


@_of_cells("names of columns written otherwise")
def _(cells: Cells, rng: Random) -> None:
    column = rng.randrange(len(cells[0]))
    written = rng.choice((str.upper, str.title, lambda name: f" {name} ", lambda name: f'"{name}"'))
    cells[0][column] = written(cells[0][column])


def _put(cells: Cells, column: str, text: str, rng: Random, *, all: bool = False) -> None:
    at = cells[0].index(column)
    rows = cells[1:]
    for row in rows if all else [rng.choice(rows)]:
        row[at] = text


@_of_cells("no number", refusal=True)
def _(cells: Cells, rng: Random) -> None:
    word = rng.choice([text for text in NOT_NUMBERS if "," not in text])
    _put(cells, rng.choice(("n", "d", "value")), word, rng)


@_of_cells("value not finite", refusal=True)
def _(cells: Cells, rng: Random) -> None:
    _put(cells, "value", rng.choice(NOT_FINITE), rng, all=rng.random() < 0.3)


@_of_cells("size not finite")
def _(cells: Cells, rng: Random) -> None:
    _put(cells, rng.choice("nd"), rng.choice(NOT_FINITE), rng, all=rng.random() < 0.3)


@_of_cells("huge number")
def _(cells: Cells, rng: Random) -> None:
    where = rng.choice(("n", "d", "value"))
    _put(cells, where, rng.choice(HUGE), rng, all=rng.random() < 0.3)


@_of_cells("zero or negative", refusal=True)
def _(cells: Cells, rng: Random) -> None:
    _put(cells, rng.choice(("n", "d", "value")), rng.choice(("0", "-1", "-0.0", "-1e9")), rng)


@_of_cells("sizes of one and below")
def _(cells: Cells, rng: Random) -> None:
    at, factor = cells[0].index(rng.choice("nd")), rng.choice((1 / 32, 1 / 256, 1e-3, 1e-9))
    for row in cells[1:]:
        row[at] = repr(float(row[at]) * factor)


@_of_cells("empty cells")
def _(cells: Cells, rng: Random) -> None:
    column = rng.choice(cells[0])
    _put(cells, column, rng.choice(("", " ", '""', "NA", "null")), rng, all=rng.random() < 0.5)


@_of_cells("strange name of a layer", expect=False)
def _(cells: Cells, rng: Random) -> None:
    name = rng.choice(NAMES).replace('"', '""')
    _put(cells, rng.choice(("layer", "device", "mode", "metric")), f'"{name}"', rng, all=True)


@_of_cells("control characters", expect=False)
def _(cells: Cells, rng: Random) -> None:
    character = rng.choice(CONTROLS)
    if rng.random() < 0.3:
        cells[0][rng.randrange(len(cells[0]))] += character
    else:
        _put(cells, rng.choice(("layer", "device", "value", "n")), f"x{character}y", rng, all=True)


@_of_cells("unbalanced quotes")
def _(cells: Cells, rng: Random) -> None:
    row = rng.choice(cells)
    row[rng.randrange(len(row))] += rng.choice(('"', "'", '"""', '"x'))
    row[0] = rng.choice(('"', "")) + row[0]


@_of_cells("one point or few")
def _(cells: Cells, rng: Random) -> None:
    del cells[rng.randint(2, 4) :]


@_of_cells("rows repeated")
def _(cells: Cells, rng: Random) -> None:
    cells += [list(rng.choice(cells[1:])) for _ in range(rng.choice((5, 500)))]


@_of_cells("values without a law")
def _(cells: Cells, rng: Random) -> None:
    at = cells[0].index("value")
    ways = (lambda: "1", lambda: repr(rng.lognormvariate(0, 9)), lambda: "1e-29", lambda: "1e29")
    way = rng.choice(ways)
    for row in cells[1:]:
        row[at] = way()


@_of_cells("status, round and repeat of other types")
def _(cells: Cells, rng: Random) -> None:
    column = rng.choice(("status", "round", "repeat", "process", "k", "batch"))
    cell = rng.choice(("x", "-1", "1.5", "nan", "", "error", "9" * 30, "ok "))
    if column not in cells[0]:
        for at, row in enumerate(cells):
            row.append(column if at == 0 else cell)
    else:
        _put(cells, column, cell, rng, all=rng.random() < 0.5)


@KINDS("table: twenty axes")
def _twenty_axes(rng: Random, folder: Path) -> Attempt:
    cells = valid.table(rng)
    names = [f"axis{at}" for at in range(rng.choice((5, 20)))]
    for at, row in enumerate(cells):
        row += names if at == 0 else [str(rng.choice((1, 2, 4))) for _ in names]
    (folder / "table.csv").write_text(valid.text(cells))
    axes = [part for name in names for part in ("--axis", name)]
    return Attempt(("fit", "table.csv", *axes), limits=Limits(30))


@KINDS("table: compressed")
def _compressed(rng: Random, folder: Path) -> Attempt:
    name = f"table.csv{rng.choice(('.gz', '.bz2', '.xz', '.zip', '.zst', '.tar'))}"
    whole = gzip.compress(valid.text(valid.table(rng)).encode())
    kinds = (whole, whole[:50], b"", rng.randbytes(99), gzip.compress(bytes(3 * 10**8), 9))
    (folder / name).write_bytes(rng.choice(kinds))
    return attempt(rng, name)
