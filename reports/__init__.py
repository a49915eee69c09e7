"""What a person reads: the summary, the page, its Markdown, the table and the laws.

Nothing here loads torch.
"""

from .checks import checks
from .coverage import common_size
from .predictions import Answer, answers
from .summary import SummaryRow, cost_name, in_order, summary
from .write import write_report

__all__ = [
    "Answer",
    "SummaryRow",
    "answers",
    "checks",
    "common_size",
    "cost_name",
    "in_order",
    "summary",
    "write_report",
]
