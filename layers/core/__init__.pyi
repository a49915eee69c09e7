from . import (
    registry as registry,
    stacking as stacking,
)
from .base import (
    Layer as Layer,
    Native as Native,
    Shape as Shape,
    Sizes as Sizes,
    Textbook as Textbook,
    seen as seen,
)
from .lazy_torch import (
    torch as torch,
)
from .modules import (
    EmbeddedModule as EmbeddedModule,
    OwnModule as OwnModule,
    TextbookModule as TextbookModule,
)
from .precision import (
    positions as positions,
    wide as wide,
)
from .random_tensors import (
    row_length as row_length,
)
from .registry import (
    BrokenLayer as BrokenLayer,
    digest as digest,
    find as find,
    get as get,
    import_path as import_path,
    is_external as is_external,
    names as names,
    overriding as overriding,
    register as register,
    registered as registered,
)
from .selection import (
    CORE as CORE,
    chosen as chosen,
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
    "CORE",
    "LEVELS",
    "SYMBOLS",
    "TABLE_1",
    "BrokenLayer",
    "EmbeddedModule",
    "Layer",
    "N",
    "Native",
    "OwnModule",
    "Shape",
    "Sizes",
    "Textbook",
    "TextbookModule",
    "Theory",
    "V",
    "c",
    "chosen",
    "d",
    "digest",
    "evaluate",
    "f",
    "find",
    "g",
    "get",
    "h",
    "import_path",
    "is_external",
    "is_known",
    "k",
    "m",
    "n",
    "names",
    "overriding",
    "positions",
    "r",
    "register",
    "registered",
    "registry",
    "row_length",
    "seen",
    "stacking",
    "subs",
    "torch",
    "wide",
    "windows",
    "without_negative_terms",
    "without_rounding",
]
