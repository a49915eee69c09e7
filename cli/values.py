"""Options whose value is a number, a choice or a folder: each states its limits.

A value beyond them is refused before anything is computed, in a line that names the option, the
value and the limits. typer would print the limits without the value, or the value in full.
"""

from __future__ import annotations

import os
import re
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import typer

from ..errors import LayerlawError
from ..messages import message_line, quoted

Choice = TypeVar("Choice", bound=Enum)

#: The largest seed: torch takes 64 bits, and records keep it as a signed number.
LARGEST_SEED = 2**63 - 1

#: The longest time that an option takes: 10 days.
MOST_SECONDS = 864_000.0

#: Characters of a text that can be a number; a longer one is none that an option takes.
_LONGEST_NUMBER = 400

#: Characters of a path in a message.
_LONGEST_PATH = 120

_WHOLE = re.compile(r"[+-]?[0-9]+(?:_[0-9]+)*(?:\.0*)?")


class UsageError(LayerlawError):
    """An option or argument that cannot be used; the message is one line."""


def whole_number(*names: str, least: int, most: int, **given: Any) -> Any:
    """Declare an option that takes whole numbers from `least` to `most`.

    Parameters
    ----------
    names
        The option's names, the one that messages use first.
    least, most
        The smallest and the largest value.
    given
        Further arguments of `typer.Option`, such as `help`.

    Raises
    ------
    UsageError
        For another value, when the command is called.
    """
    parse = partial(_parse_whole_number, names[0], least, most)
    return typer.Option(*names, min=least, max=most, parser=parse, **given)


def number(*names: str, least: float, most: float, **given: Any) -> Any:
    """Declare an option that takes numbers from `least` to `most`, as `whole_number` does."""
    parse = partial(_parse_number, names[0], least, most)
    return typer.Option(*names, min=least, max=most, parser=parse, **given)


def choice(choices: type[Choice], *names: str, **given: Any) -> Any:
    """Declare an option that takes the values of an enumeration, as `whole_number` does."""
    return typer.Option(*names, parser=partial(_parse_choice, names[0], choices), **given)


def output_file(*names: str, **given: Any) -> Any:
    """Declare an option that takes a file to write; the command calls `require_file`."""
    return typer.Option(*names, parser=partial(_parse_path, names[0], "file"), **given)


def folder(*names: str, **given: Any) -> Any:
    """Declare an option that takes a folder to write into, made where there is none.

    The command calls `require_folder` before it computes what it writes.
    """
    return typer.Option(*names, parser=partial(_parse_path, names[0], "folder"), **given)


def _parse_whole_number(name: str, least: int, most: int, value: str | int) -> int:
    text = str(value).strip()
    if len(text) <= _LONGEST_NUMBER and _WHOLE.fullmatch(text):
        whole = int(text.partition(".")[0])
        if least <= whole <= most:
            return whole
    raise UsageError(f"{name} {quoted(str(value))}: give a whole number from {least} to {most}")


def _parse_number(name: str, least: float, most: float, value: str | float) -> float:
    if (real := parse_number(str(value), least, most)) is not None:
        return real
    raise UsageError(f"{name} {quoted(str(value))}: give a number from {least:g} to {most:g}")


def parse_number(text: str, least: float, most: float) -> float | None:
    """Parse a number within limits; None if the text is no such number."""
    if len(text) > _LONGEST_NUMBER or not text.isascii():  # float reads digits of every script
        return None
    try:
        real = float(text)
    except ValueError:
        return None
    return real + 0.0 if least <= real <= most else None  # neither NaN nor -0


def _parse_choice(name: str, choices: type[Choice], value: str | Choice) -> Choice:
    if isinstance(value, choices):
        return value
    known = {str(one.value): one for one in choices}
    if value not in known:
        raise UsageError(f"{name} {quoted(str(value))}: give {' or '.join(known)}")
    return known[value]


def _parse_path(name: str, what: str, value: str | Path) -> Path:
    text = str(value)
    if isinstance(value, str) and not text.strip():
        raise UsageError(f"{name} {quoted(str(value))}: give the name of a {what}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{name} {quoted(text)}: the name of a {what} must be UTF-8") from None
    return Path(value)


def require_folder(name: str, path: Path) -> Path:
    """Return the folder if it is one that can be written, or can be made.

    Nothing is made, so that what is refused later leaves nothing.

    Raises
    ------
    UsageError
        If it or a folder that it lies in is a file, a device or not writable.
    """
    shown = _shown(path)
    for place in (path, *path.parents):
        try:
            place.lstat()
        except (FileNotFoundError, NotADirectoryError):  # of the latter a parent is the file
            continue
        except OSError as error:
            raise UsageError(f"{name} {shown}: {error.strerror}") from None
        what = "it" if place == path else _shown(place)
        if not place.is_dir():
            raise UsageError(f"{name} {shown}: {what} is not a folder")
        if not os.access(place, os.W_OK | os.X_OK):
            raise UsageError(f"{name} {shown}: {what} is not writable")
        break
    return path


def require_file(name: str, path: Path) -> Path:
    """Return the file if it can be written; its folder must be there, and nothing is made.

    Raises
    ------
    UsageError
        If it is a folder or a circle of links, or its folder is none that can be written.
    """
    shown = _shown(path)
    if not path.parent.is_dir():
        raise UsageError(f"{name} {shown}: there is no folder {_shown(path.parent)}")
    try:
        path.stat()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise UsageError(f"{name} {shown}: {error.strerror}") from None
    if path.is_dir():
        raise UsageError(f"{name} {shown}: it is a folder; name a file in it")
    if Path(os.path.realpath(path)).is_fifo():  # unlike that of >(…), it waits for a reader
        raise UsageError(f"{name} {shown}: it is a named pipe; pipe the output of - instead")
    if not path.exists() or path.is_file():  # a device is written directly
        require_folder(name, path.parent)
    return path


def _shown(path: Path) -> str:
    """Quote a path, whose end tells more than its middle."""
    return f"'{message_line(str(path), _LONGEST_PATH)}'"
