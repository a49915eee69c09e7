from . import (
    lookup as lookup,
    stacking as stacking,
)
from .lookup import (
    BrokenLayer as BrokenLayer,
    digest as digest,
    find as find,
    get as get,
    import_path as import_path,
    is_external as is_external,
    isolated_registry as isolated_registry,
    names as names,
    overriding as overriding,
)
from .selection import (
    CORE as CORE,
    chosen as chosen,
)

__all__ = [
    "CORE",
    "BrokenLayer",
    "chosen",
    "digest",
    "find",
    "get",
    "import_path",
    "is_external",
    "isolated_registry",
    "lookup",
    "names",
    "overriding",
    "stacking",
]
