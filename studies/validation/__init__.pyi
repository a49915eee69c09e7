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
    LogLogLine as LogLogLine,
)
from .validation import (
    recover_exact_orders as recover_exact_orders,
    validate as validate,
)

__all__ = [
    "BaselineData",
    "Criterion",
    "LogLogLine",
    "baselines",
    "criteria",
    "markdown_page",
    "recover_exact_orders",
    "synthetic",
    "validate",
    "validation",
]
