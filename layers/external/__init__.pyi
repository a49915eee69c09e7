from . import (
    discovery as discovery,
    hugging_face as hugging_face,
)
from .discovery import (
    bring as bring,
    layer as layer,
)
from .user_modules import (
    LayerError as LayerError,
    Own as Own,
)

__all__ = [
    "LayerError",
    "Own",
    "bring",
    "discovery",
    "hugging_face",
    "layer",
]
