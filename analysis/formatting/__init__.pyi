from . import (
    numbers as numbers,
)
from .formulas import (
    written as written,
)
from .numbers import (
    NONE as NONE,
    number as number,
    signed as signed,
    without_noise as without_noise,
)
from .units import (
    called as called,
    listed as listed,
    quantity as quantity,
    sizes as sizes,
)

__all__ = [
    "NONE",
    "called",
    "listed",
    "number",
    "numbers",
    "quantity",
    "signed",
    "sizes",
    "without_noise",
    "written",
]
