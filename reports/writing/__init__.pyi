from . import (
    html as html,
    markdown as markdown,
)
from .markdown import (
    claims_page as claims_page,
    escape as escape,
    table as table,
)
from .write import (
    laws_json as laws_json,
    write_report as write_report,
    write_whole as write_whole,
)

__all__ = [
    "claims_page",
    "escape",
    "html",
    "laws_json",
    "markdown",
    "table",
    "write_report",
    "write_whole",
]
