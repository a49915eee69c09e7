from . import (
    numbers as numbers,
)
from .formulas import (
    formula_text as formula_text,
    plain_formula as plain_formula,
)
from .numbers import (
    NONE as NONE,
    number as number,
    number_list as number_list,
    percent as percent,
    signed as signed,
    without_noise as without_noise,
)
from .units import (
    join_words as join_words,
    metric_title as metric_title,
    quantity as quantity,
    sizes_text as sizes_text,
)

__all__ = [
    "NONE",
    "formula_text",
    "join_words",
    "metric_title",
    "number",
    "number_list",
    "numbers",
    "percent",
    "plain_formula",
    "quantity",
    "signed",
    "sizes_text",
    "without_noise",
]
