"""Try the command with what is hostile, and print what came out: `python -m tests.hostile`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from .attempts import Tried
from .children import adopt_orphans, load_everything
from .kinds import Kind


def main() -> int:
    """Try what is asked for; the exit status is 1 where something is wrong."""
    given = _arguments()
    os.environ["LAYERLAW_TRACEBACK"] = "1"  # where an error that nobody expected was raised
    adopt_orphans()
    load_everything()
    from .trying import try_one

    tried: list[Tried] = []
    begin = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stopped = True
    with suppress(KeyboardInterrupt):  # what was tried before is shown
        for kind, number in _chosen(given):
            one = try_one(kind, number, given.seed, given.keep)
            tried.append(one)
            if given.verbose:
                found = "; ".join(map(str, one.faults)) or one.ended
                print(f"{one.label}: {found} ({one.seconds:.1f} s)", file=sys.stderr, flush=True)
        stopped = False
    from .printing import as_json, show

    if given.json is not None:
        given.json.write_text(as_json(tried), encoding="utf-8")
    show(tried, given.seed)
    wrong = sum(bool(one.faults) for one in tried)
    seconds = time.monotonic() - begin
    print(
        f"\n{len(tried)} tried in {seconds:.0f} s with seed {given.seed}: {wrong} not as it should"
    )
    if stopped:
        print("stopped before the end")
        return 130
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        metavar="PART[/KIND]",
        help="files, expressions, options, layers or kills, or what a kind begins with; repeat",
    )
    parser.add_argument("--count", type=int, metavar="N", help="attempts of each part")
    parser.add_argument("--number", type=int, metavar="N", help="the one attempt of each kind")
    parser.add_argument("--sample", action="store_true", help="the short sample of the tests")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write each attempt as JSON")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the input of attempts there")
    parser.add_argument("--verbose", "-v", action="store_true", help="print each attempt")
    return parser.parse_args()


def _chosen(given: argparse.Namespace) -> Iterator[tuple[Kind, int]]:
    from .trying import PARTS, attempts, sample

    if given.sample:
        yield from sample()
        return
    for part in PARTS.values():
        wanted = [kind for kind in part.kinds if _is_wanted(kind, given.only)]
        if not wanted:
            continue
        if given.number is not None:
            yield from ((kind, given.number) for kind in wanted)
            continue
        share = max(part.whole * len(wanted) // len(part.kinds), 1)
        yield from attempts(wanted, share if given.count is None else given.count)


def _is_wanted(kind: Kind, only: Sequence[str] | None) -> bool:
    return not only or any(
        kind.label.startswith(one) if "/" in one else kind.part == one for one in only
    )


if __name__ == "__main__":
    sys.exit(main())
