from . import (
    calibration as calibration,
    stabilisation as stabilisation,
)
from .calibration import (
    calibrate as calibrate,
    uncalibrated as uncalibrated,
)
from .clocks import (
    Call as Call,
    Clock as Clock,
    MIN_SECONDS as MIN_SECONDS,
    Metered as Metered,
    clock_for as clock_for,
    time_repeats as time_repeats,
)
from .modes import (
    MODES as MODES,
    followed as followed,
    forward as forward,
)
from .noise_gate import (
    NoiseGate as NoiseGate,
    SLOW as SLOW,
    UsualTime as UsualTime,
    WaitBudget as WaitBudget,
)
from .options import (
    precision as precision,
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
    no_collection as no_collection,
)
from .workload import (
    measure as measure,
    prepare as prepare,
)

__all__ = [
    "Call",
    "Clock",
    "Controls",
    "MIN_SECONDS",
    "MODES",
    "Metered",
    "NoiseGate",
    "PassCache",
    "SLOW",
    "UsualTime",
    "WaitBudget",
    "calibrate",
    "calibration",
    "clock_for",
    "followed",
    "forward",
    "give_back_memory",
    "measure",
    "no_collection",
    "peak_bytes",
    "precision",
    "prepare",
    "stabilisation",
    "time_repeats",
    "uncalibrated",
]
