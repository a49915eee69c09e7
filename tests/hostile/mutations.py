"""Mutations of bytes, of JSON and of text, by chance with a seed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

#: Control sequences of a terminal, and characters that turn or hide what stands beside them.
CONTROLS = (
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x08\x08\x08",
    "\r",
    "\x00",
    "\x7f",
    "\u202e",
    "\x9b31m",
)

#: Names that programs stumble over.
NAMES = (
    *("", " ", "x" * 10_000, "../../../tmp/x", "[/]", "[red]x[/red]", "{0}{x}", "%s%n", "<b>x</b>"),
    *("\u202exn", "\u0000", "nan", "None", "=1+1", "-", "--json", "a,b", 'a"b', "a\nb", "a\tb"),
    *("4*rnn", "rnn*4", "nowhere.py:X", "os:system", "transformers:x", "attention", "\ud83d\ude00"),
    *("ｎ", "n\u0301", "1", "1e5", "true"),
)

#: Numbers that are none, or none that can be used, as text.
NOT_FINITE = ("nan", "NaN", "inf", "-inf", "Infinity", "-Infinity", "1e400", "-1e400")
HUGE = (
    *("9" * 400, "9" * 5000, "1e308", "1e-320", "1e-400", "1" + "0" * 100_000, "0." + "0" * 5000),
    *("9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e30000000"),
)
NOT_NUMBERS = (
    "abc",
    "1,5",
    "1_000",
    "0x10",
    "1.2.3",
    "١٢",
    "１２",
    "1e",
    "--1",
    "1 2",
    "True",
    "½",
)

_JSON_TYPES: tuple[Any, ...] = (
    *(None, True, False, "", "x", [], {}, [[]], [None], {"": None}, -1, 0, 1.5, "1", [1, "x"]),
    {"n": 1},
)


def truncated(content: bytes, rng: Random) -> bytes:
    """Cut off the end, as where a disk was full."""
    return content[: rng.randrange(len(content))]


def flipped(content: bytes, rng: Random, most: int = 8) -> bytes:
    """Change some bytes."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, most)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def zeroed(content: bytes, rng: Random) -> bytes:
    """Put zeros over a part, as where a machine lost power."""
    begin = rng.randrange(len(content))
    length = rng.randint(1, max(len(content) // 4, 1))
    return (content[:begin] + bytes(length) + content[begin + length :])[: len(content)]


def inserted(content: bytes, part: bytes, rng: Random) -> bytes:
    """Put something in between."""
    at = rng.randrange(len(content) + 1)
    return content[:at] + part + content[at:]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Give every container of a JSON value with a key or index of it."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def _replaced(value: Any, by: Any, rng: Random, numbers: bool = False) -> Any:
    changed = copy.deepcopy(value)
    found = [
        (container, key)
        for container, key in places(changed)
        if not numbers or type(container[key]) in (int, float)
    ]
    container, key = rng.choice(found)
    container[key] = by
    return changed


def wrong_type(value: Any, rng: Random) -> str:
    """Put a value of another type somewhere."""
    return json.dumps(_replaced(value, rng.choice(_JSON_TYPES), rng))


def everywhere(value: Any, rng: Random) -> str:
    """Put one wrong value under one key wherever the key stands."""
    changed = copy.deepcopy(value)
    keys = sorted({key for _, key in places(changed) if isinstance(key, str)})
    wanted, by = rng.choice(keys), rng.choice(_JSON_TYPES)
    for container, key in list(places(changed)):
        if key == wanted:
            container[key] = by
    return json.dumps(changed)


def missing(value: Any, rng: Random) -> str:
    """Leave a key or an element out."""
    changed = copy.deepcopy(value)
    container, key = rng.choice(list(places(changed)))
    del container[key]
    return json.dumps(changed)


def not_finite(value: Any, rng: Random) -> str:
    """Put NaN or infinity in place of a number."""
    text = rng.choice(("NaN", "Infinity", "-Infinity", "1e400", "-1e400"))
    return _number(value, text, rng)


def huge_number(value: Any, rng: Random) -> str:
    """Put a number of many digits, or beyond what a float holds, in place of one."""
    return _number(value, rng.choice(HUGE[:4] + HUGE[5:6] + HUGE[7:]), rng)


def negative_number(value: Any, rng: Random) -> str:
    """Put zero or a negative number in place of one."""
    return _number(value, rng.choice(("0", "-1", "-0.0", "-1e30")), rng)


def _number(value: Any, text: str, rng: Random) -> str:
    mark = "a number stands here"
    return json.dumps(_replaced(value, mark, rng, numbers=True)).replace(f'"{mark}"', text)


def nested(value: Any, rng: Random) -> str:
    """Put arrays or objects that are nested deep somewhere."""
    deep, mark = rng.choice((100, 1_000, 100_000)), "depth stands here"
    begin, end = rng.choice((("[", "]"), ('{"a":', "}")))
    within = begin * deep + "1" + end * deep
    return json.dumps(_replaced(value, mark, rng)).replace(f'"{mark}"', within)


def control_characters(value: Any, rng: Random) -> str:
    """Put control characters into a text or a key."""
    changed = copy.deepcopy(value)
    character = rng.choice((*CONTROLS, "\ud800"))
    texts = [
        (container, key)
        for container, key in places(changed)
        if isinstance(container[key], str) or isinstance(key, str)
    ]
    container, key = rng.choice(texts)
    if isinstance(container[key], str):
        container[key] += character
    else:
        container[f"{key}{character}"] = container.pop(key)
    return json.dumps(changed)


def strange_name(value: Any, rng: Random) -> str:
    """Put a name that programs stumble over in place of a text."""
    changed = copy.deepcopy(value)
    texts = [(one, key) for one, key in places(changed) if isinstance(one[key], str)]
    container, key = rng.choice(texts)
    container[key] = rng.choice(NAMES)
    return json.dumps(changed)


def duplicate_keys(value: Any, rng: Random) -> str:
    """Write a key of an object twice, with another value."""
    written = json.dumps(value)
    starts = [at for at, character in enumerate(written) if character == "{"]
    at = rng.choice(starts) + 1
    key = rng.choice(sorted({key for _, key in places(value) if isinstance(key, str)}))
    extra = f"{json.dumps(key)}: {json.dumps(rng.choice(_JSON_TYPES))}"
    both = f"{extra}, {extra}"
    return written[:at] + (both if written[at] == "}" else f"{both}, ") + written[at:]


def another_top(value: Any, rng: Random) -> str:
    """Put something else in place of the whole."""
    return rng.choice(
        ("[]", "{}", "1", '"x"', "null", "true", "NaN", f"[{json.dumps(value)}]", "\0", "[" * 9)
    )


def trailing(value: Any, rng: Random) -> str:
    """Put something behind the end."""
    return json.dumps(value) + rng.choice(("}", "garbage", json.dumps(value), "\0" * 100, ","))


#: Mutations of a JSON value that give text, by name.
OF_JSON = {
    "wrong type": wrong_type,
    "wrong type everywhere": everywhere,
    "missing key": missing,
    "not finite": not_finite,
    "huge number": huge_number,
    "negative number": negative_number,
    "nested deep": nested,
    "control characters": control_characters,
    "strange name": strange_name,
    "duplicate keys": duplicate_keys,
    "another top": another_top,
    "trailing text": trailing,
}
#: Mutations of bytes.
OF_BYTES = {
    "truncated": truncated,
    "bytes flipped": flipped,
    "zeros": zeroed,
    "null byte": lambda content, rng: inserted(content, b"\0", rng),
    "not UTF-8": lambda content, rng: inserted(content, b"\xff\xc3\x28", rng),
    "UTF-16": lambda content, rng: content.decode("utf-8", "replace").encode("utf-16"),
    "byte order mark": lambda content, rng: b"\xef\xbb\xbf" * rng.randint(1, 2) + content,
}
