"""The metrics: name, title, unit, and the fields of a theory that each is held against.

To add a metric, register it here; tables, fits, reports and figures look up the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Kind(Enum):
    """How the values of a metric come about."""

    TIMED = "timed"  # with noise: costs that may overlap, change regimes, and err
    MEASURED = "measured"  # read from a meter of memory, or the best of several rates
    COUNTED = "counted"  # without any noise


@dataclass(frozen=True)
class Metric:
    """What a value says.

    Attributes
    ----------
    name
        As tables, stores and JSON have it.
    title
        As a reader knows it.
    unit
        Symbol of the unit, as ``s``; of bytes, ``B``, multiples are binary. Empty for a number.
    kind
        Whether it is timed, measured or counted.
    order
        Field of a layer's `Theory` that has its order; empty where none has.
    exact
        Field that has it exactly, where it is a formula; empty where none has.
    """

    name: str
    title: str
    unit: str = ""
    kind: Kind = Kind.MEASURED
    order: str = ""
    exact: str = ""


_METRICS: dict[str, Metric] = {}

#: The metrics that are known, by name, in the order in which a report shows them.
METRICS: Mapping[str, Metric] = MappingProxyType(_METRICS)


def register_metric(metric: Metric) -> Metric:
    """Make a metric known.

    Raises
    ------
    ValueError
        If another has its name.
    """
    if metric.name in _METRICS:
        raise ValueError(f"a metric is called {metric.name!r} already")
    _METRICS[metric.name] = metric
    return metric


def metric_of(name: str) -> Metric:
    """Look up a metric; one that is not known is a plain number, with its name for a title.

    >>> metric_of("seconds").unit, metric_of("joules_per_token").title
    ('s', 'joules per token')
    """
    return _METRICS.get(name) or Metric(name, name.replace("_", " "))


SECONDS = register_metric(Metric("seconds", "time", "s", Kind.TIMED, order="time"))
FLOPS = register_metric(
    Metric("flops", "FLOPs", "FLOP", Kind.COUNTED, order="flops", exact="flops")
)
PARAMETERS = register_metric(
    Metric("parameters", "parameters", "", Kind.COUNTED, order="parameters", exact="parameters")
)
SEQUENTIAL_OPS = register_metric(
    Metric(
        "sequential_ops",
        "sequential operations",
        "",
        Kind.COUNTED,
        order="sequential_ops",
        exact="depth",
    )
)
PATH_LENGTH = register_metric(
    Metric("path_length", "path length", "", Kind.COUNTED, order="path_length", exact="distance")
)

#: Its order depends on the pass: see `Layer.peak_memory`.
PEAK_BYTES = register_metric(Metric("peak_bytes", "peak memory", "B"))

#: Derived alone, to choose sizes by: bytes saved for the gradients, and peaks of memory.
KEPT_BYTES = register_metric(
    Metric("kept_bytes", "bytes saved for the gradients", "B", Kind.COUNTED, order="memory")
)
FORWARD_PEAK_BYTES = register_metric(Metric("forward_peak_bytes", "peak bytes, forward", "B"))
TRAINING_PEAK_BYTES = register_metric(Metric("training_peak_bytes", "peak bytes, training", "B"))

#: What a pass consists of: FLOPs of its products, and seconds of these, of its other operations
#: and of its calls.
PRODUCT_FLOPS = register_metric(Metric("product_flops", "product flops", "FLOP", Kind.COUNTED))
PRODUCT_SECONDS = register_metric(Metric("product_seconds", "product seconds", "s", Kind.TIMED))
OTHER_SECONDS = register_metric(Metric("other_seconds", "other seconds", "s", Kind.TIMED))
CALL_SECONDS = register_metric(Metric("call_seconds", "call seconds", "s", Kind.TIMED))

#: Seconds of passes that check where layers cross over; no law is fitted to them.
CHECK_SECONDS = register_metric(Metric("check_seconds", "check seconds", "s", Kind.TIMED))

#: What the machine can do at its best: FLOP/s of products whose matrices have the side n, bytes/s
#: of a working set of n bytes.
PRODUCT_RATE = register_metric(Metric("product_rate", "rate of matrix products", "FLOP/s"))
BANDWIDTH = register_metric(Metric("bandwidth", "bandwidth", "B/s"))

#: What passes consist of, beside the metrics that laws are fitted to.
PARTS = (PRODUCT_FLOPS.name, PRODUCT_SECONDS.name, OTHER_SECONDS.name, CALL_SECONDS.name)

#: What the machine can do.
CALIBRATION = (PRODUCT_RATE.name, BANDWIDTH.name)

#: Names of the metrics to which no law is fitted.
AUXILIARY = (*PARTS, CHECK_SECONDS.name, *CALIBRATION)
