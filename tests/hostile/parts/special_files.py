"""What is no regular file, or cannot be opened, in place of a file."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from random import Random

from ..attempts import Attempt, Limits
from ..kinds import Makers

KINDS = Makers()


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _longer_loop(path: Path) -> None:
    other = path.with_name(f"other-{path.name}")
    other.symlink_to(path.name)
    path.symlink_to(other.name)


def _unreadable(path: Path) -> None:
    path.write_text("layer,device,mode,metric,n,d,value\n")
    path.chmod(0)


def _locked_folder(path: Path) -> None:
    path.mkdir()
    (path / "x.json").write_text("{}")
    path.chmod(0)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        before = Path.cwd()
        os.chdir(path.parent)  # a socket's name may not be long
        try:
            made.bind(path.name)
        finally:
            os.chdir(before)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(200 * 2**30)


def _folder_with(name: str, make: Callable[[Path], object]) -> Callable[[Path], object]:
    def put(path: Path) -> None:
        path.mkdir()
        make(path / name)

    return put


SPECIAL: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "empty": lambda path: path.touch(),
    "folder": lambda path: path.mkdir(),
    "pipe": lambda path: os.mkfifo(path),
    "socket": _socket,
    "/dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "/dev/null": lambda path: path.symlink_to("/dev/null"),
    "/dev/urandom": lambda path: path.symlink_to("/dev/urandom"),
    "terminal": lambda path: path.symlink_to("/dev/tty"),
    "memory of the process": lambda path: path.symlink_to("/proc/self/mem"),
    "loop of links": _loop,
    "loop of two links": _longer_loop,
    "link to nothing": lambda path: path.symlink_to("nowhere"),
    "link to its folder": lambda path: path.symlink_to("."),
    "unreadable": _unreadable,
    "unreadable folder": _locked_folder,
    "200 GiB": _sparse,
    "folder of a pipe": _folder_with("x.json", lambda path: os.mkfifo(path)),
    "folder of a loop": _folder_with("x.json", _loop),
    "folder of unreadable": _folder_with("x.json", _unreadable),
    "folder of folders": _folder_with("x.json", lambda path: path.mkdir()),
    "folder of /dev/zero": _folder_with("x.json", lambda path: path.symlink_to("/dev/zero")),
    "store that is a pipe": _folder_with("measurements.sqlite", lambda path: os.mkfifo(path)),
    "store that is a folder": _folder_with("measurements.sqlite", lambda path: path.mkdir()),
    "store that is a loop": _folder_with("measurements.sqlite", _loop),
    "store that is unreadable": _folder_with("measurements.sqlite", _unreadable),
    "store that is /dev/zero": _folder_with(
        "measurements.sqlite", lambda path: path.symlink_to("/dev/zero")
    ),
}


def _maker(make: Callable[[Path], object]) -> Callable[[Random, Path], Attempt]:
    def maker(rng: Random, folder: Path) -> Attempt:
        name = rng.choice(("table.csv", "results.json", "table", "result.zip"))
        make(folder / name)
        command = rng.choice(("fit", "fit", "report", "predict", "published"))
        at = ("--at", "n=9") if command == "predict" else ()
        return Attempt((command, name, *at), refusal=True, limits=Limits(6))

    return maker


for _name, _make in SPECIAL.items():
    KINDS.add(f"in place of a file: {_name}", _maker(_make))


@KINDS("in place of a file: names")
def _names(rng: Random, folder: Path) -> Attempt:
    names = (
        *(
            "",
            "-",
            ".",
            "..",
            "/",
            "~",
            "x" * 5000,
            "a/" * 3000 + "x.csv",
            "\x1b[2Jx.csv",
            "\u202e",
        ),
        *("x\ny.csv", "http://127.0.0.1:1/x.csv", "file:///etc/passwd", "s3://b/x.csv", "*.csv"),
        *("\udcff.csv", "/proc/self/environ", "/etc/shadow", "/proc/self/fd/0", "x.csv/y", "[/b]"),
    )
    command = rng.choice(("fit", "report", "predict", "published"))
    at = ("--at", "n=9") if command == "predict" else ()
    return Attempt((command, *at, "--", rng.choice(names)), refusal=True, limits=Limits(6))
