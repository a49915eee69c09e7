from . import (
    registration as registration,
)
from .base import (
    Layer as Layer,
    Native as Native,
    Textbook as Textbook,
    observing_sizes as observing_sizes,
)
from .input_tensors import (
    BATCH as BATCH,
    InputTensor as InputTensor,
    Kind as Kind,
    make_tensors as make_tensors,
)
from .lazy_torch import (
    torch as torch,
)
from .modules import (
    Arrangement as Arrangement,
    EmbeddedModule as EmbeddedModule,
    StackModule as StackModule,
    TextbookModule as TextbookModule,
    UserModule as UserModule,
)
from .precision import (
    at_least_float32 as at_least_float32,
    positions as positions,
)
from .random_tensors import (
    row_length as row_length,
)
from .registration import (
    register as register,
    registered as registered,
    registry as registry,
)
from .sliding_windows import (
    windows as windows,
)
from .theory import (
    LEVELS as LEVELS,
    SYMBOLS as SYMBOLS,
    TABLE_1 as TABLE_1,
    N as N,
    Shape as Shape,
    Sizes as Sizes,
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
    "BATCH",
    "LEVELS",
    "SYMBOLS",
    "TABLE_1",
    "Arrangement",
    "EmbeddedModule",
    "InputTensor",
    "Kind",
    "Layer",
    "N",
    "Native",
    "Shape",
    "Sizes",
    "StackModule",
    "Textbook",
    "TextbookModule",
    "Theory",
    "UserModule",
    "V",
    "at_least_float32",
    "c",
    "d",
    "evaluate",
    "f",
    "g",
    "h",
    "is_known",
    "k",
    "m",
    "make_tensors",
    "n",
    "observing_sizes",
    "positions",
    "r",
    "register",
    "registered",
    "registration",
    "registry",
    "row_length",
    "subs",
    "torch",
    "windows",
    "without_negative_terms",
    "without_rounding",
]
