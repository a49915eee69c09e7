from . import (
    calibration as calibration,
    stabilisation as stabilisation,
)
from .calibration import (
    calibrate as calibrate,
    uncalibrated_conditions as uncalibrated_conditions,
)
from .clocks import (
    MIN_SECONDS as MIN_SECONDS,
    Call as Call,
    Clock as Clock,
    RunningTimeClock as RunningTimeClock,
    clock_for as clock_for,
    time_repeats as time_repeats,
)
from .modes import (
    MODES as MODES,
    forward as forward,
    require_gradients as require_gradients,
    restored as restored,
)
from .noise_gate import (
    SLOW_FACTOR as SLOW_FACTOR,
    NoiseGate as NoiseGate,
    UsualTime as UsualTime,
    WaitBudget as WaitBudget,
)
from .options import (
    float32_precision as float32_precision,
)
from .pass_cache import (
    PassCache as PassCache,
)
from .peak_memory import (
    peak_bytes as peak_bytes,
)
from .stabilisation import (
    Controls as Controls,
    give_back_memory as give_back_memory,
    no_garbage_collection as no_garbage_collection,
)
from .workload import (
    measure as measure,
    prepare_pass as prepare_pass,
)

__all__ = [
    "MIN_SECONDS",
    "MODES",
    "SLOW_FACTOR",
    "Call",
    "Clock",
    "Controls",
    "NoiseGate",
    "PassCache",
    "RunningTimeClock",
    "UsualTime",
    "WaitBudget",
    "calibrate",
    "calibration",
    "clock_for",
    "float32_precision",
    "forward",
    "give_back_memory",
    "measure",
    "no_garbage_collection",
    "peak_bytes",
    "prepare_pass",
    "require_gradients",
    "restored",
    "stabilisation",
    "time_repeats",
    "uncalibrated_conditions",
]
