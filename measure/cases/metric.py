"""The metrics: name, title, unit, and the fields of a theory that each is compared with.

To add a metric, register it here and measure it in `runs.auxiliary`; tables, fits, reports and
figures read its entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Kind(Enum):
    """How the values of a metric are obtained."""

    TIMED = "timed"  # noisy; costs may overlap and change regimes
    MEASURED = "measured"  # peak memory, or the best of several rates
    COUNTED = "counted"  # without noise


@dataclass(frozen=True)
class Metric:
    """A metric: what a measured value means.

    Attributes
    ----------
    name
        Name in tables, stores and JSON.
    title
        Name in reports.
    unit
        Symbol of the unit, such as ``s``; multiples of ``B`` are binary. Empty for plain numbers.
    kind
        Whether it is timed, measured or counted.
    order
        Field of a layer's `Theory` with its order; empty if there is none.
    exact
        Field with its exact formula; empty if there is none.
    """

    name: str
    title: str
    unit: str = ""
    kind: Kind = Kind.MEASURED
    order: str = ""
    exact: str = ""


_METRICS: dict[str, Metric] = {}

#: The registered metrics by name, in the order of reports.
METRICS: Mapping[str, Metric] = MappingProxyType(_METRICS)


def register_metric(metric: Metric) -> Metric:
    """Register a metric.

    Raises
    ------
    ValueError
        If the name is taken.
    """
    if metric.name in _METRICS:
        raise ValueError(f"a metric is called {metric.name!r} already")
    _METRICS[metric.name] = metric
    return metric


def metric_of(name: str) -> Metric:
    """Look up a metric; an unregistered one is a plain number with its name as title.

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

#: Metrics that are only derived, to choose sizes: bytes saved for the gradients, peak memory.
KEPT_BYTES = register_metric(
    Metric("kept_bytes", "bytes saved for the gradients", "B", Kind.COUNTED, order="memory")
)
FORWARD_PEAK_BYTES = register_metric(Metric("forward_peak_bytes", "peak bytes, forward", "B"))
TRAINING_PEAK_BYTES = register_metric(Metric("training_peak_bytes", "peak bytes, training", "B"))

#: The parts of a pass: FLOPs of its matrix products, and seconds of these, of other operations and
#: of calls.
PRODUCT_FLOPS = register_metric(Metric("product_flops", "product flops", "FLOP", Kind.COUNTED))
PRODUCT_SECONDS = register_metric(Metric("product_seconds", "product seconds", "s", Kind.TIMED))
OTHER_SECONDS = register_metric(Metric("other_seconds", "other seconds", "s", Kind.TIMED))
CALL_SECONDS = register_metric(Metric("call_seconds", "call seconds", "s", Kind.TIMED))

#: Seconds of passes that check where layers cross over; no law is fitted to them.
CHECK_SECONDS = register_metric(Metric("check_seconds", "check seconds", "s", Kind.TIMED))

#: Peak rates of the machine: FLOP/s of products of n × n matrices, bytes/s for a working set of n
#: bytes.
PRODUCT_RATE = register_metric(Metric("product_rate", "rate of matrix products", "FLOP/s"))
BANDWIDTH = register_metric(Metric("bandwidth", "bandwidth", "B/s"))

#: Names of the metrics of a pass's parts.
PARTS = (PRODUCT_FLOPS.name, PRODUCT_SECONDS.name, OTHER_SECONDS.name, CALL_SECONDS.name)

#: Names of the metrics of the machine's peak rates.
CALIBRATION = (PRODUCT_RATE.name, BANDWIDTH.name)

#: Names of the metrics to which no law is fitted.
METRICS_WITHOUT_LAW = (*PARTS, CHECK_SECONDS.name, *CALIBRATION)
