from .breakpoint import (
    Breakpoint as Breakpoint,
    CapacityBreakpoint as CapacityBreakpoint,
)
from .candidates import (
    candidate_sides as candidate_sides,
)
from .credible import (
    credible_range as credible_range,
    credible_range_text as credible_range_text,
)
from .screening import (
    screen_slope_breaks as screen_slope_breaks,
    screen_steps as screen_steps,
)
from .slope_breaks import (
    SlopeBreak as SlopeBreak,
    candidate_slope_breaks as candidate_slope_breaks,
)
from .step_terms import (
    StepTerm as StepTerm,
    neighbouring_steps as neighbouring_steps,
)

__all__ = [
    "Breakpoint",
    "CapacityBreakpoint",
    "SlopeBreak",
    "StepTerm",
    "candidate_sides",
    "candidate_slope_breaks",
    "credible_range",
    "credible_range_text",
    "neighbouring_steps",
    "screen_slope_breaks",
    "screen_steps",
]
