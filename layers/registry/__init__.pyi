from . import (
    lookup as lookup,
    stacking as stacking,
)
from .lookup import (
    BrokenLayer as BrokenLayer,
    find as find,
    get as get,
    import_path as import_path,
    inputs_told as inputs_told,
    is_external as is_external,
    isolated_registry as isolated_registry,
    names as names,
    override_layers as override_layers,
    source_digest as source_digest,
    tell_inputs as tell_inputs,
    told_inputs as told_inputs,
)
from .selection import (
    CORE as CORE,
    select_layers as select_layers,
)

__all__ = [
    "CORE",
    "BrokenLayer",
    "find",
    "get",
    "import_path",
    "inputs_told",
    "is_external",
    "isolated_registry",
    "lookup",
    "names",
    "override_layers",
    "select_layers",
    "source_digest",
    "stacking",
    "tell_inputs",
    "told_inputs",
]
