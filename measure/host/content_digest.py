"""Digests of JSON content, by which stores recognise runs and machines."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def digest(content: Any) -> str:
    """Return a digest of 12 hexadecimal digits of JSON content, whatever the order of its keys.

    Examples
    --------
    >>> digest({"n": 256, "d": 64}) == digest({"d": 64, "n": 256})
    True
    """
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
