"""The program that runs Extra-P: it reads a case from each line and writes a law in a line.

`baselines.ExtraP` runs this file with an interpreter that has Extra-P but not layerlaw; nothing
imports it. A case is [sizes, values]; a law is {constant, coefficients, powers, logarithms}, the
last three by term, or {failure} if Extra-P found none.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any


def law(sizes: list[list[float]], values: list[float]) -> dict[str, Any]:
    """Fit one case with Extra-P: sizes (points, axes), values (points,)."""
    from extrap.entities.callpath import Callpath
    from extrap.entities.coordinate import Coordinate
    from extrap.entities.experiment import Experiment
    from extrap.entities.measurement import Measurement
    from extrap.entities.metric import Metric
    from extrap.entities.parameter import Parameter
    from extrap.modelers.model_generator import ModelGenerator

    axes = len(sizes[0])
    experiment = Experiment()
    for axis in range(axes):
        experiment.add_parameter(Parameter(f"s{axis}"))
    where, what = Callpath("layer"), Metric("seconds")
    for size, value in zip(sizes, values):  # noqa: B905  # its interpreter may be an old one
        experiment.add_measurement(Measurement(Coordinate(*size), where, what, [value]))
    generator = ModelGenerator(experiment)
    generator.model_all()
    function = generator.models[where, what].hypothesis.function
    terms = [_exponents(term, axes) for term in function.compound_terms]
    return {
        "constant": float(function.constant_coefficient),
        "coefficients": [float(term.coefficient) for term in function.compound_terms],
        "powers": [powers for powers, _ in terms],
        "logarithms": [logarithms for _, logarithms in terms],
    }


def _exponents(term: Any, axes: int) -> tuple[list[float], list[float]]:
    """Return a term's exponents of the sizes and of their logarithms, each by axis."""
    powers, logarithms = [0.0] * axes, [0.0] * axes
    # With one parameter a term has no pairs: it is itself the factor of parameter 0.
    for axis, factor in getattr(term, "parameter_term_pairs", [(0, term)]):
        for simple in factor.simple_terms:
            kind = powers if simple.term_type == "polynomial" else logarithms
            kind[axis] += float(simple.exponent)
    return powers, logarithms


def main() -> None:
    """Answer each line of standard input with one line."""
    import extrap  # noqa: F401  # fail here if it is missing, not once for each case

    warnings.simplefilter("ignore")  # one for each axis with fewer than five sizes
    answers, sys.stdout = sys.stdout, sys.stderr  # other prints must not mix with answers
    for line in sys.stdin:
        try:
            answer = law(*json.loads(line))
        except Exception as error:
            answer = {"failure": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
