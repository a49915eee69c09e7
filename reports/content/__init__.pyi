from . import (
    counts as counts,
)
from .counts import (
    reasons_of as reasons_of,
)
from .crossings import (
    crossing_interval as crossing_interval,
    crossings_table as crossings_table,
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
from .law_names import (
    in_order as in_order,
    labels as labels,
)
from .predictions import (
    Answer as Answer,
    answers as answers,
)
from .report_content import (
    Content as Content,
    build_content as build_content,
)
from .roofline import (
    calibrated_under as calibrated_under,
    roofline_table as roofline_table,
    rooflines as rooflines,
)
from .sections import (
    Block as Block,
    Figure as Figure,
    Finding as Finding,
    Findings as Findings,
    Fold as Fold,
    Heading as Heading,
    Pairs as Pairs,
    Paragraph as Paragraph,
    Section as Section,
    VerdictStyle as VerdictStyle,
)
from .slopes import (
    labelled_gaps as labelled_gaps,
    slopes_table as slopes_table,
)
from .summaries import (
    Summary as Summary,
    SummaryRow as SummaryRow,
    cost_name as cost_name,
    summarise as summarise,
    summary_rows as summary_rows,
)
from .tables import (
    Table as Table,
)
from .theory import (
    TheoryRow as TheoryRow,
    theory_rows as theory_rows,
)

__all__ = [
    "Answer",
    "Block",
    "Content",
    "DerivedRow",
    "Figure",
    "Finding",
    "Findings",
    "Fold",
    "Heading",
    "Pairs",
    "Paragraph",
    "Section",
    "Summary",
    "SummaryRow",
    "Table",
    "Term",
    "TheoryRow",
    "VerdictStyle",
    "answers",
    "build_content",
    "calibrated_under",
    "cost_name",
    "counts",
    "crossing_interval",
    "crossings_table",
    "derived_dict",
    "derived_rows",
    "head",
    "in_order",
    "labelled_gaps",
    "labels",
    "law_text",
    "overlap_text",
    "reasons_of",
    "roofline_table",
    "rooflines",
    "slopes_table",
    "summarise",
    "summary_rows",
    "sums",
    "theory_rows",
    "theory_text",
]
