"""A short id of content, by which stores recognise runs, and runs their machine."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def digest(content: Any) -> str:
    """Short id of anything JSON can hold, the same for the same content.

    Examples
    --------
    >>> digest({"n": 256, "d": 64}) == digest({"d": 64, "n": 256})
    True
    """
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
