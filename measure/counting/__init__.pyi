from . import (
    flops as flops,
)
from .aten_operations import (
    ELEMENTWISE as ELEMENTWISE,
    FUSED as FUSED,
    POOLS as POOLS,
    PRODUCTS as PRODUCTS,
    REDUCTIONS as REDUCTIONS,
    TRANSFORMS as TRANSFORMS,
    VECTORS as VECTORS,
    is_free as is_free,
    operation_name as operation_name,
)
from .counts import (
    COUNTED as COUNTED,
    COUNTED_SIZES as COUNTED_SIZES,
    count as count,
    count_parameters as count_parameters,
    counting_grid as counting_grid,
    path_length as path_length,
)
from .critical_path import (
    longest_chain as longest_chain,
    trace as trace,
)
from .dispatch_mode import (
    DispatchMode as DispatchMode,
)
from .flops import (
    count_flops as count_flops,
)
from .reachability import (
    furthest_position as furthest_position,
    layers_needed as layers_needed,
    reach as reach,
    shortest_path as shortest_path,
)
from .saved_tensors import (
    count_saved as count_saved,
)
from .user_rules import (
    RuleError as RuleError,
    flop_rule as flop_rule,
)

__all__ = [
    "COUNTED",
    "COUNTED_SIZES",
    "ELEMENTWISE",
    "FUSED",
    "POOLS",
    "PRODUCTS",
    "REDUCTIONS",
    "TRANSFORMS",
    "VECTORS",
    "DispatchMode",
    "RuleError",
    "count",
    "count_flops",
    "count_parameters",
    "count_saved",
    "counting_grid",
    "flop_rule",
    "flops",
    "furthest_position",
    "is_free",
    "layers_needed",
    "longest_chain",
    "operation_name",
    "path_length",
    "reach",
    "shortest_path",
    "trace",
]
