from . import (
    discovery as discovery,
    hugging_face as hugging_face,
)
from .discovery import (
    import_module as import_module,
    layer as layer,
)
from .errors import LayerError as LayerError
from .findings import known_findings as known_findings, made_findings as made_findings
from .input_specification import InputSpecification as InputSpecification
from .user_modules import (
    UserLayer as UserLayer,
)

__all__ = [
    "InputSpecification",
    "LayerError",
    "UserLayer",
    "discovery",
    "hugging_face",
    "import_module",
    "known_findings",
    "layer",
    "made_findings",
]
