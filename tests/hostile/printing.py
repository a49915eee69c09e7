"""What came out of all attempts, as a table, and each fault with its smallest example."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .attempts import Criterion, Fault, Tried


@dataclass
class Group:
    """Attempts with one fault."""

    fault: Fault
    part: str
    tried: list[Tried] = field(default_factory=list)

    @property
    def smallest(self) -> Tried:
        """The attempt with the smallest input."""
        return min(self.tried, key=lambda one: (one.size, len(one.command), one.label))


def groups(tried: Iterable[Tried]) -> list[Group]:
    """Group attempts by part and fault, the most frequent first."""
    found: dict[tuple[str, Fault], Group] = {}
    for one in tried:
        part = one.label.partition("/")[0]
        for fault in one.faults:
            found.setdefault((part, fault), Group(fault, part)).tried.append(one)
    return sorted(found.values(), key=lambda group: (group.part, -len(group.tried)))


def summary(tried: Sequence[Tried]) -> Table:
    """Draw a row for each part: how many were tried, how they ended, what was wrong."""
    shown = Table(box=None, pad_edge=False)
    if not tried:
        return shown
    head = ("part", "tried", "taken", "refused", *Criterion, "most s", "most MiB")
    for column in head:
        shown.add_column(column, justify="left" if column == "part" else "right")
    parts: dict[str, list[Tried]] = defaultdict(list)
    for one in tried:
        parts[one.label.partition("/")[0]].append(one)
    for part, ones in parts.items():
        shown.add_row(*_row(part, ones))
    if len(parts) > 1:
        shown.add_row(*_row("all", tried))
    return shown


def _row(part: str, tried: Sequence[Tried]) -> list[str]:
    wrong = [sum(any(f.criterion == c for f in one.faults) for one in tried) for c in Criterion]
    return [
        part,
        str(len(tried)),
        str(sum(one.ended == "taken" for one in tried)),
        str(sum(one.ended == "refused" for one in tried)),
        *map(str, wrong),
        f"{max(one.seconds for one in tried):.1f}",
        f"{max(one.memory for one in tried):.0f}",
    ]


def show(tried: Sequence[Tried], seed: int) -> None:
    """Print the table, and each fault with its smallest example and how to make it again."""
    console = Console(width=180, highlight=False, markup=False, soft_wrap=True)
    console.print(summary(tried))
    for group in groups(tried):
        one = group.smallest
        name, _, number = one.label.rpartition(" #")
        seeded = f" --seed {seed}" if seed else ""
        console.print(Text(f"\n{group.part}: {group.fault} ({len(group.tried)})"))
        console.print(Text(f"  {_plain(one.command)}"))
        console.print(Text(f"  {_plain(one.said)}"))
        console.print(
            Text(f"  python -m tests.hostile --only {name!r} --number {number}{seeded} --keep kept")
        )


def _plain(text: str, most: int = 200) -> str:
    shown = text.encode("unicode_escape").decode()
    return shown if len(shown) <= most else f"{shown[: most // 2]} … {shown[-most // 2 :]}"


def as_json(tried: Iterable[Tried]) -> str:
    """Write what came out as JSON."""
    rows: list[Mapping[str, object]] = [
        {**asdict(one), "faults": [str(fault) for fault in one.faults]} for one in tried
    ]
    return json.dumps(rows, indent=1, ensure_ascii=True)
