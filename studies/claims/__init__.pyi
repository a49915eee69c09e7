from . import (
    costs as costs,
)
from .record import (
    CLAIMS_FILE as CLAIMS_FILE,
    ClaimsError as ClaimsError,
    Record as Record,
)
from .section import (
    claims_page as claims_page,
    claims_section as claims_section,
    evidence_table as evidence_table,
)
from .statement import (
    Bearing as Bearing,
    Evidence as Evidence,
    JudgedStatement as JudgedStatement,
    Setting as Setting,
    Statement as Statement,
    StatementVerdict as StatementVerdict,
    claim as claim,
    judge_statements as judge_statements,
    statements as statements,
)

__all__ = [
    "CLAIMS_FILE",
    "Bearing",
    "ClaimsError",
    "Evidence",
    "JudgedStatement",
    "Record",
    "Setting",
    "Statement",
    "StatementVerdict",
    "claim",
    "claims_page",
    "claims_section",
    "costs",
    "evidence_table",
    "judge_statements",
    "statements",
]
