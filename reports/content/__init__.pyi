from . import (
    counts as counts,
)
from .counts import (
    COUNTS_EXPLAINED as COUNTS_EXPLAINED,
    COUNTS_HEAD as COUNTS_HEAD,
    reasons_of as reasons_of,
)
from .derivations import (
    DerivedRow as DerivedRow,
    derived_dict as derived_dict,
    derived_rows as derived_rows,
    head as head,
)
from .formulas import (
    Term as Term,
    law_text as law_text,
    overlap_text as overlap_text,
    sums as sums,
    theory_text as theory_text,
)
from .predictions import (
    Answer as Answer,
    answers as answers,
)
from .report_content import (
    Content as Content,
    content as content,
)
from .roofline import (
    ROOFLINE_EXPLAINED as ROOFLINE_EXPLAINED,
    ROOFLINE_HEAD as ROOFLINE_HEAD,
    Roofs as Roofs,
    Speeds as Speeds,
    roofs_info as roofs_info,
    share_rows as share_rows,
    speeds_info as speeds_info,
)
from .slopes import (
    Gaps as Gaps,
    SLOPES_EXPLAINED as SLOPES_EXPLAINED,
    SLOPES_HEAD as SLOPES_HEAD,
    gap_rows as gap_rows,
    gaps_info as gaps_info,
)
from .summaries import (
    SummaryRow as SummaryRow,
    cost_name as cost_name,
    in_order as in_order,
    labels as labels,
    summary as summary,
)
from .theory import (
    TheoryRow as TheoryRow,
    theory_rows as theory_rows,
)

__all__ = [
    "Answer",
    "COUNTS_EXPLAINED",
    "COUNTS_HEAD",
    "Content",
    "DerivedRow",
    "Gaps",
    "ROOFLINE_EXPLAINED",
    "ROOFLINE_HEAD",
    "Roofs",
    "SLOPES_EXPLAINED",
    "SLOPES_HEAD",
    "Speeds",
    "SummaryRow",
    "Term",
    "TheoryRow",
    "answers",
    "content",
    "cost_name",
    "counts",
    "derived_dict",
    "derived_rows",
    "gap_rows",
    "gaps_info",
    "head",
    "in_order",
    "labels",
    "law_text",
    "overlap_text",
    "reasons_of",
    "roofs_info",
    "share_rows",
    "speeds_info",
    "summary",
    "sums",
    "theory_rows",
    "theory_text",
]
