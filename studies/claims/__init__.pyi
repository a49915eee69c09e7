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
    Evidence as Evidence,
    JudgedStatement as JudgedStatement,
    Setting as Setting,
    Statement as Statement,
    StatementVerdict as StatementVerdict,
    check as check,
    claim as claim,
    statements as statements,
)

__all__ = [
    "FILE",
    "Bearing",
    "ClaimsError",
    "Evidence",
    "JudgedStatement",
    "Record",
    "Setting",
    "Statement",
    "StatementVerdict",
    "check",
    "claim",
    "costs",
    "presentation",
    "statements",
]
