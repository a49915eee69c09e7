from . import (
    registration as registration,
)
from .base import (
    Layer as Layer,
    Native as Native,
    Shape as Shape,
    Sizes as Sizes,
    Textbook as Textbook,
    observing_sizes as observing_sizes,
)
from .lazy_torch import (
    torch as torch,
)
from .modules import (
    EmbeddedModule as EmbeddedModule,
    OwnModule as OwnModule,
    StackModule as StackModule,
    TextbookModule as TextbookModule,
)
from .precision import (
    positions as positions,
    wide as wide,
)
from .random_tensors import (
    row_length as row_length,
)
from .registration import (
    register as register,
    registered as registered,
)
from .sliding_windows import (
    windows as windows,
)
from .theory import (
    LEVELS as LEVELS,
    SYMBOLS as SYMBOLS,
    TABLE_1 as TABLE_1,
    N as N,
    Theory as Theory,
    V as V,
    c as c,
    d as d,
    evaluate as evaluate,
    f as f,
    g as g,
    h as h,
    is_known as is_known,
    k as k,
    m as m,
    n as n,
    r as r,
    subs as subs,
    without_negative_terms as without_negative_terms,
    without_rounding as without_rounding,
)

__all__ = [
    "LEVELS",
    "SYMBOLS",
    "TABLE_1",
    "EmbeddedModule",
    "Layer",
    "N",
    "Native",
    "OwnModule",
    "Shape",
    "Sizes",
    "StackModule",
    "Textbook",
    "TextbookModule",
    "Theory",
    "V",
    "c",
    "d",
    "evaluate",
    "f",
    "g",
    "h",
    "is_known",
    "k",
    "m",
    "n",
    "observing_sizes",
    "positions",
    "r",
    "register",
    "registered",
    "registration",
    "row_length",
    "subs",
    "torch",
    "wide",
    "windows",
    "without_negative_terms",
    "without_rounding",
]
