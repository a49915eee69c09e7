"""The error of layers that are not ours."""

from __future__ import annotations

from ...errors import LayerlawError


class LayerError(LayerlawError, ValueError):
    """An external layer cannot be used; the message is one line with the reason."""
