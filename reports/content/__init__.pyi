from . import (
    counts as counts,
)
from .counts import (
    count_reasons as count_reasons,
)
from .crossings import (
    crossing_interval as crossing_interval,
    crossings_table as crossings_table,
)
from .derivations import (
    DerivedRow as DerivedRow,
    derivation_summary as derivation_summary,
    derived_dict as derived_dict,
    derived_line as derived_line,
    derived_rows as derived_rows,
)
from .formulas import (
    Term as Term,
    law_text as law_text,
    overlap_text as overlap_text,
    term_sums as term_sums,
    theory_text as theory_text,
)
from .law_names import (
    law_labels as law_labels,
    sort_by_registry as sort_by_registry,
)
from .predictions import (
    Prediction as Prediction,
    predict_laws as predict_laws,
)
from .report_content import (
    Content as Content,
    build_content as build_content,
)
from .roofline import (
    calibration_label as calibration_label,
    roofline_table as roofline_table,
    rooflines as rooflines,
)
from .sections import (
    Block as Block,
    Collapsible as Collapsible,
    Figure as Figure,
    Finding as Finding,
    Findings as Findings,
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
    "Block",
    "Collapsible",
    "Content",
    "DerivedRow",
    "Figure",
    "Finding",
    "Findings",
    "Heading",
    "Pairs",
    "Paragraph",
    "Prediction",
    "Section",
    "Summary",
    "SummaryRow",
    "Table",
    "Term",
    "TheoryRow",
    "VerdictStyle",
    "build_content",
    "calibration_label",
    "cost_name",
    "count_reasons",
    "counts",
    "crossing_interval",
    "crossings_table",
    "derivation_summary",
    "derived_dict",
    "derived_line",
    "derived_rows",
    "labelled_gaps",
    "law_labels",
    "law_text",
    "overlap_text",
    "predict_laws",
    "roofline_table",
    "rooflines",
    "slopes_table",
    "sort_by_registry",
    "summarise",
    "summary_rows",
    "term_sums",
    "theory_rows",
    "theory_text",
]
