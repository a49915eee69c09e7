from . import (
    costs as costs,
    presentation as presentation,
)
from .record import (
    ClaimsError as ClaimsError,
    FILE as FILE,
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
    "Bearing",
    "ClaimsError",
    "Evidence",
    "FILE",
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
