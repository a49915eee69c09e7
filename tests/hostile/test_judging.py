"""What breaks is seen: the judge by itself, and calls that break each limit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile.attempts import Attempt, Criterion, Outcome
from tests.hostile.judging import judge

TRACEBACK = """Traceback (most recent call last):
  File "/x/layerlaw/analysis/tables/readers.py", line 9, in _load
    raise ValueError
ValueError: x
"""


@pytest.mark.parametrize(
    ("outcome", "criterion"),
    [
        (Outcome(1, "", TRACEBACK), Criterion.TRACEBACK),
        (Outcome(1, "", TRACEBACK.replace("ValueError", "MemoryError")), Criterion.MEMORY),
        (Outcome(-11, "", ""), Criterion.STATUS),
        (Outcome(3, "", "layerlaw: x"), Criterion.STATUS),
        (Outcome(2, "", ""), Criterion.MESSAGE),
        (Outcome(2, "", "layerlaw: one line\nand another\n"), Criterion.MESSAGE),
        (Outcome(2, "", f"layerlaw: it is too long {'x' * 300}\n"), Criterion.MESSAGE),
        (Outcome(2, "", "layerlaw: there is \x1b[2J in it\n"), Criterion.MESSAGE),
        (Outcome(2, "law\n", "layerlaw: this is said too late\n"), Criterion.MESSAGE),
        (Outcome(0, '{"value": NaN}', ""), Criterion.MESSAGE),
        (
            Outcome(0, "{}", "/x/numpy/core.py:9: RuntimeWarning: overflow\n  x\n"),
            Criterion.MESSAGE,
        ),
        (Outcome(0, "{}", "", overdue="it waits"), Criterion.TIME),
        (Outcome(0, "{}", "", memory=9999.0), Criterion.MEMORY),
        (Outcome(0, "{}", "", processes=("sleep 600",)), Criterion.PROCESSES),
        (Outcome(0, "{}", "", made=("left.txt",)), Criterion.FILES),
        (Outcome(0, "{}", "", changed=("table.csv",)), Criterion.FILES),
    ],
)
def test_each_criterion_is_seen(outcome, criterion):
    (fault,) = judge(Attempt(("fit", "table.csv", "--json", "-")), outcome)
    assert fault.criterion == criterion


@pytest.mark.parametrize(("status", "refusal"), [(0, True), (2, False)])
def test_what_is_valid_is_taken_and_what_is_not_is_refused(status, refusal):
    said = "layerlaw: table.csv: row 3 is short\n" if status == 2 else ""
    (fault,) = judge(Attempt(("fit", "table.csv"), refusal), Outcome(status, "", said))
    assert fault.criterion == Criterion.WRONG


def test_a_refusal_in_one_line_is_no_fault():
    said = "layerlaw: table.csv: row 3, column n: 'x' is not a number\n"
    assert judge(Attempt(("fit", "table.csv"), True), Outcome(2, "", said)) == ()


BREAKS = """
import json, os, subprocess, tempfile
from pathlib import Path
from tests.hostile.attempts import Attempt, Limits
from tests.hostile.children import adopt_orphans, forked
from tests.hostile.judging import judge

def daemon():
    if os.fork() == 0:
        os.setsid()
        subprocess.Popen(["sleep", "600"])
        os._exit(0)

def read(path):
    path.chmod(0)
    path.read_text()

calls = {
    "processes left": daemon,
    "files left": lambda: Path("left").touch(),
    "memory": lambda: bytearray(2**31),
    "time": lambda: [None for _ in iter(int, 1)],
    "tracebacks": lambda: read(Path("input")),
    "exit status": os.abort,
}
adopt_orphans()
found = {}
for name, call in calls.items():
    folder = Path(tempfile.mkdtemp())
    (folder / "input").touch()
    attempt = Attempt((), call=call, limits=Limits(1.0, memory=256))
    found[name] = [fault.criterion for fault in judge(attempt, forked(attempt, folder))]
print(json.dumps(found))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of processes are Linux's")
def test_calls_that_break_a_limit_are_seen_from_outside():
    done = subprocess.run(
        [sys.executable, "-c", BREAKS],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert all(name in faults for name, faults in found.items()), found
