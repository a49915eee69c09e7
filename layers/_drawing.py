"""Random numbers for weights and inputs, of which there may be many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

#: Numbers that are drawn at most; what needs more repeats them. To draw a number takes 3 to 4 ns,
#: and to copy it a tenth: in a sweep drawing took a fifth as long as the passes. It is a prime, so
#: that no row is like the one below it.
MOST = 2**18 + 3


def drawn(shape: Sequence[int], draw: Callable[[int], Tensor]) -> Tensor:
    """Fill a shape with the numbers that `draw` gives, a row of so many as it is asked for."""
    count = prod(shape)
    if count <= MOST:
        return draw(count).view(*shape)
    return draw(MOST).repeat(ceil(count / MOST))[:count].view(*shape)
