from .locations import (
    Border as Border,
    Gradual as Gradual,
    sides as sides,
)
from .slope_breaks import (
    Bend as Bend,
    bends as bends,
    places as places,
)
from .step_terms import (
    Stepped as Stepped,
    enclosing as enclosing,
    nearby as nearby,
    steps as steps,
    surely as surely,
)

__all__ = [
    "Bend",
    "Border",
    "Gradual",
    "Stepped",
    "bends",
    "enclosing",
    "nearby",
    "places",
    "sides",
    "steps",
    "surely",
]
