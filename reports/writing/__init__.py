"""Reports as files: report.html, report.md, table.csv and laws.json."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
