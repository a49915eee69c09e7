"""Strategies of Hypothesis: valid input, changed in a few places."""

import copy
import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

#: Text that programs stumble over: controls, halves of characters, names that mean something.
STRANGE = (
    *("", " ", "\0", "\x1b[2J", "\r", "\u202e", "\ud800", "x" * 5_000, "nan", "inf", "None"),
    *("=1+1", "../x", "[red]x[/red]", "{0}", "%s", "<b>", "a,b", 'a"b', "a\nb", "1", "1e5", "n"),
)
texts = st.one_of(st.sampled_from(STRANGE), st.text(max_size=12))
numbers = st.one_of(
    st.integers(-3, 300),
    st.integers(),
    st.floats(),
    st.sampled_from([10**18, 2**63, -(2**63) - 1, 10**400, 1e308, 5e-324, -0.0]),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the paths to all that a JSON value contains."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    return [path for key in keys for path in ((*above, key), *places(value[key], (*above, key)))]


def _parent(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        value = value[key]
    return value


@st.composite
def changed_json(draw: Callable[..., Any], whole: Any) -> bytes:
    """Draw a JSON value as text, some of whose parts are others, missing, or exchanged."""
    made = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 3))):
        found = places(made)
        if not found:
            break
        path = draw(st.sampled_from(found))
        parent, key = _parent(made, path), path[-1]
        match draw(st.sampled_from(["replace", "number", "delete", "exchange", "rename", "nest"])):
            case "replace":
                parent[key] = draw(values)
            case "number":
                parent[key] = draw(numbers)
            case "delete":
                del parent[key]
            case "exchange":
                parent[key] = copy.deepcopy(_at(made, draw(st.sampled_from(found))))
            case "rename" if isinstance(parent, dict):
                parent[draw(texts)] = parent.pop(key)
            case "nest":
                for _ in range(draw(st.sampled_from([1, 40, 150]))):
                    parent[key] = [parent[key]]
    text = json.dumps(made).encode()
    return draw(changed_bytes(text)) if draw(st.integers(0, 4)) == 0 else text


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    return _parent(value, path)[path[-1]]


@st.composite
def changed_bytes(draw: Callable[..., Any], whole: bytes) -> bytes:
    """Draw bytes: some flipped, a part cut out, put in between or put behind."""
    made = bytearray(whole)
    at = st.integers(0, max(len(whole) - 1, 0))
    match draw(st.sampled_from(["flip", "truncate", "cut", "insert", "repeat", "zero"])):
        case "flip":
            for _ in range(draw(st.integers(1, 8))):
                made[draw(at)] ^= draw(st.integers(1, 255))
        case "truncate":
            del made[draw(at) :]
        case "cut":
            begin = draw(at)
            del made[begin : begin + draw(st.integers(1, 200))]
        case "insert":
            begin = draw(at)
            made[begin:begin] = draw(st.binary(min_size=1, max_size=20))
        case "repeat":
            begin = draw(at)
            made[begin:begin] = made[begin : begin + draw(st.integers(1, 400))]
        case "zero":
            begin = draw(at)
            end = min(begin + draw(st.integers(1, 2_000)), len(made))
            made[begin:end] = bytes(end - begin)
    return bytes(made)
