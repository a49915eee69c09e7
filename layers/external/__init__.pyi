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
    UserLayer as UserLayer,
)

__all__ = [
    "LayerError",
    "UserLayer",
    "discovery",
    "hugging_face",
    "import_module",
    "layer",
]
