from . import (
    discovery as discovery,
    hugging_face as hugging_face,
)
from .discovery import (
    import_module as import_module,
    layer as layer,
)
from .user_modules import (
    LayerError as LayerError,
    Own as Own,
)

__all__ = [
    "LayerError",
    "Own",
    "discovery",
    "hugging_face",
    "import_module",
    "layer",
]
