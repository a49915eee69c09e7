"""Try kinds of attempts: each in a folder of its own, in a process of its own, judged."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .attempts import Maker, Tried
from .children import begun, end_descendants, forked
from .judging import ended, judge
from .kinds import Kind, Makers, chance, spread
from .parts import expressions, json_files, kills, layers, options, special_files, stores, tables

#: Every so many attempts one is made in a new Python: to begin it takes seconds.
BEGUN = 40


def _trier(part: str, name: str, maker: Maker) -> Kind:
    def try_one(label: str, number: int, rng: Random, folder: Path) -> Tried:
        inside = folder / "in"
        inside.mkdir()
        attempt = maker(rng, inside)
        size = _size(inside) + sum(map(len, attempt.arguments))
        if attempt.disk is None and attempt.call is None and rng.randrange(BEGUN) == 0:
            outcome = begun(attempt, inside)
        else:
            outcome = forked(attempt, inside)
        stores.release()
        return Tried(
            label,
            attempt.command,
            ended(outcome),
            judge(attempt, outcome),
            outcome.seconds,
            outcome.memory,
            (outcome.stderr or outcome.stdout)[-300:],
            size,
        )

    return Kind(part, name, try_one)


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_symlink())


def _kinds(part: str, *makers: Makers) -> list[Kind]:
    return [_trier(part, name, maker) for each in makers for name, maker in each.by_name.items()]


@dataclass(frozen=True)
class Part:
    """What is tried of one sort.

    Parameters
    ----------
    kinds
        The ways in which it is hostile.
    whole, sample
        Attempts that make it whole, and those of the short sample.
    """

    kinds: Sequence[Kind]
    whole: int
    sample: int


#: Every part by its name.
PARTS: Mapping[str, Part] = {
    "files": Part(
        _kinds("files", tables.KINDS, json_files.KINDS, special_files.KINDS, stores.KINDS),
        whole=1200,
        sample=45,
    ),
    "expressions": Part(_kinds("expressions", expressions.KINDS), whole=560, sample=25),
    "options": Part(_kinds("options", options.KINDS), whole=300, sample=20),
    "layers": Part(layers.KINDS, whole=len(layers.KINDS), sample=0),
    "kills": Part(kills.KINDS, whole=110, sample=1),
}

#: Begins of kinds that the sample leaves out: what they do depends on the machine, or takes long.
_LONG = (
    *("files/store: bytes", "files/store: trunc", "files/store: zero", "files/store: header"),
    *("files/archive: bytes flipped", "files/table: twenty", "files/store: a table that has no"),
    *(
        "files/archive: member",
        "files/table: many",
        "files/archive: formulas",
        "files/asv file: gig",
    ),
    *("options/run", "options/doctor", "options/validate", "options/explain", "options/claims"),
    *("expressions/nested", "expressions/products", "kills/worker", "kills/forkserver"),
    *("kills/parent while starting", "kills/parent while measuring", "files/dependencies.json"),
)


def sample() -> Iterator[tuple[Kind, int]]:
    """Give the attempts of the short sample, the same ones each time."""
    for part in PARTS.values():
        kinds = [kind for kind in part.kinds if not kind.label.startswith(_LONG)]
        yield from attempts(kinds, part.sample)


def attempts(kinds: Sequence[Kind], count: int) -> Iterator[tuple[Kind, int]]:
    """Give so many kinds with numbers, in an order by chance that is always the same."""
    shuffled = list(kinds)
    Random(0).shuffle(shuffled)
    return spread(shuffled, count)


def name_of(kind: Kind, number: int) -> str:
    """Name an attempt."""
    return f"{kind.label} #{number}"


def try_one(kind: Kind, number: int, seed: int, keep: Path | None = None) -> Tried:
    """Try one attempt of a kind; in `keep` its folder is kept, by the name of the attempt."""
    label = name_of(kind, number)
    with _folder(None if keep is None else keep / re.sub(r"\W+", "-", label)) as folder:
        try:
            return kind.try_one(label, number, chance(seed, kind, number), folder)
        finally:
            end_descendants(0)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="hostile-")).resolve() if keep is None else keep.resolve()
    if made.exists():
        _remove(made)
    made.mkdir(parents=True)
    try:
        yield made
    finally:
        if keep is None:
            _remove(made)


def _remove(folder: Path) -> None:
    for parent, folders, _ in os.walk(folder):
        for name in folders:
            with suppress(OSError):
                Path(parent, name).chmod(0o700)  # not through links: those raise or stay
    shutil.rmtree(folder, ignore_errors=True)
