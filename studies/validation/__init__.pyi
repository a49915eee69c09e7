from . import (
    markdown_page as markdown_page,
)
from .acceptance import (
    Bar as Bar,
    bars as bars,
)
from .baselines import (
    Line as Line,
    Points as Points,
)
from .validation import (
    recovered as recovered,
    validate as validate,
)

__all__ = [
    "Bar",
    "Line",
    "Points",
    "bars",
    "markdown_page",
    "recovered",
    "validate",
]
