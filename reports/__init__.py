"""What a person reads: the summary, the page, its Markdown, the table and the laws.

Nothing here loads torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
