from . import (
    baselines as baselines,
    markdown_page as markdown_page,
    synthetic as synthetic,
    validation as validation,
)
from .acceptance import (
    Criterion as Criterion,
    criteria as criteria,
)
from .baselines import (
    BaselineData as BaselineData,
    Line as Line,
)
from .validation import (
    recovered as recovered,
    validate as validate,
)

__all__ = [
    "BaselineData",
    "Criterion",
    "Line",
    "baselines",
    "criteria",
    "markdown_page",
    "recovered",
    "synthetic",
    "validate",
    "validation",
]
