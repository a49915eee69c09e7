from . import (
    costs as costs,
    presentation as presentation,
)
from .record import (
    FILE as FILE,
    ClaimsError as ClaimsError,
    Record as Record,
)
from .statement import (
    Bearing as Bearing,
    Checked as Checked,
    Evidence as Evidence,
    Setting as Setting,
    Statement as Statement,
    Verdict as Verdict,
    check as check,
    claim as claim,
    statements as statements,
)

__all__ = [
    "FILE",
    "Bearing",
    "Checked",
    "ClaimsError",
    "Evidence",
    "Record",
    "Setting",
    "Statement",
    "Verdict",
    "check",
    "claim",
    "costs",
    "presentation",
    "statements",
]
