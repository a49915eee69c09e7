"""The results as tables: laws of decay, forget gates, receptive fields, training."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np

from ...analysis import NONE, Estimate, number
from ...reports import Table
from .decay import Decay, mean_interval
from .results import Dependencies, Gates, SignalDecay, TrainingEffect

_SYMBOLS = {"exponential": "λ", "power": "α", "gaussian": "σ"}
_FORMULAS = {"exponential": "exp(−λδ)", "power": "δ^(−α)", "gaussian": "exp(−δ²/2σ²)"}


def dependencies_tables(found: Dependencies) -> list[Table]:
    """Write all tables that have rows."""
    each = (initial_table(found), gates_table(found), fields_table(found), trained_table(found))
    return [table for table in each if table.rows]


def initial_table(found: Dependencies) -> Table:
    """Write the laws of the gradients at initialisation."""
    return Table(
        "At initialisation",
        ("layer", "law in δ", "falls to 1/2 at δ", "to 1 % at δ", "misfit"),
        [_signal_row(each) for each in found.initial],
        "The gradient of the last output with respect to each input position, ‖∂y_n/∂x_t‖, against "
        "the distance δ = n − t: its law with a 95 % interval over seeds, the distances at which "
        "the law falls to 1/2 and to 1 % of its value at δ = 1, and its misfit, the typical factor "
        "between law and norms.",
    )


def gates_table(found: Dependencies) -> Table:
    """Write an LSTM's forget gates and the derivative of its cell."""
    return Table(
        "Forget gates and the cell's derivative",
        (
            "lstm",
            "weights",
            "mean forget gate",
            "λ of ∏f",
            "λ of ∂C_n/∂C_t",
            "difference",
            "∏f leaves out",
        ),
        [_gates_row(each) for each in found.gates],
        "Along an LSTM's cell alone ∂C_n/∂C_t is the product of the forget gates ∏f; the true "
        "derivative also has the paths through the gates and h. λ is the mean exponential rate of "
        "each, with the difference λ of ∏f minus λ of ∂C_n/∂C_t. The last column is the share of "
        "the derivative that ∏f leaves out, at δ = 1 and at the largest δ.",
    )


def fields_table(found: Dependencies) -> Table:
    """Write the effective receptive fields of stacked convolutions."""
    return Table(
        "The effective receptive field",
        ("layers", "k", "width", "√(L(k² − 1)/12)", "reach", "farthest gradient"),
        [_field_row(each) for each in found.fields],
        "Stacks of the layer conv; the output is in the middle of a long sequence. Width: the "
        "standard deviation of the distance, weighted by the squared gradient, a mean over seeds. "
        "With independent weights the expected squared gradient is the distribution of a sum of L "
        "steps, each uniform over the k taps of the kernel: nearly Gaussian and √(L(k² − 1)/12) "
        "wide, while the reach is L(k − 1)/2 (Luo et al. 2016).",
    )


def trained_table(found: Dependencies) -> Table:
    """Write the laws before and after training, and the accuracies."""
    return Table(
        "After training",
        (
            "layer",
            "law before training",
            "law after training",
            "decrease of λ",
            "recalled",
            "from far",
        ),
        [_trained_row(each) for each in found.trainings],
        "Before and after a short training to name, at the end of a sequence, the one symbol in it "
        "among noise. The gradient is that with respect to the symbol's position. Recalled: the "
        "share of symbols named correctly. From far: the same for symbols in the first quarter of "
        "the sequence.",
    )


def signal_text(signal: SignalDecay) -> str:
    """Write the law of a signal, or the reason why there is none."""
    return law_text(signal.law) if signal.law else signal.why


def law_text(law: Decay) -> str:
    """Write a law with its interval: ``exp(−λδ), λ = 0.73 [0.66, 0.8]``."""
    symbol, rate = _SYMBOLS[law.shape], law.rate
    if law.shape == "gaussian" and rate.low > 0:
        rate = Estimate(*(1 / sqrt(2 * r) for r in (rate.estimate, rate.high, rate.low)))
    elif law.shape == "gaussian":
        symbol = "1/2σ²"
    words = {"none": "no decay", "grows": f"grows, {_FORMULAS[law.shape]}"}
    end = f"; 0 beyond δ = {law.support}" if law.support is not None else ""
    return f"{words.get(law.law, _FORMULAS[law.shape])}, {symbol} = {interval_text(rate)}{end}"


def interval_text(found: Estimate[float]) -> str:
    """Write an estimate with its interval, with minus signs instead of hyphens."""
    return str(found).replace("-", "−")


def distance_text(law: Decay | None, share: float) -> str:
    """Write the distance at which a law has fallen to a share, up to the largest measured one."""
    if law is None:
        return NONE
    end = law.farthest if law.support is None else law.support
    beyond = f"> {end}" if law.support is None else f"{end + 1}"  # beyond its support it is 0
    at = law.distance_at_share(share)
    if at.estimate > end:
        return beyond
    high = number(at.high) if at.high <= end else beyond
    return f"{number(at.estimate)} [{number(at.low)}, {high}]"


def _share(found: Estimate[float] | None) -> str:
    if found is None:
        return NONE
    return f"{found.estimate:.0%} [{max(found.low, 0):.0%}, {min(found.high, 1):.0%}]"


def _field_row(field: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        str(field["depth"]),
        str(field["k"]),
        interval_text(mean_interval(np.array(field["widths"]))),
        number(field["expected"]),
        str(field["reach"]),
        str(field["reached"]),
    )


def _signal_row(signal: SignalDecay) -> tuple[str, ...]:
    return (
        signal.label,
        signal_text(signal),
        distance_text(signal.law, 0.5),
        distance_text(signal.law, 0.01),
        f"{signal.law.misfit:.2f}×" if signal.law else NONE,
    )


def _trained_row(trained: TrainingEffect) -> tuple[str, ...]:
    return (
        trained.before.label,
        signal_text(trained.before),
        signal_text(trained.after),
        interval_text(trained.rate_decrease) if trained.rate_decrease else NONE,
        _share(trained.accuracy),
        _share(trained.far),
    )


def _gates_row(gates: Gates) -> tuple[str, ...]:
    intervals = (gates.mean_gate, gates.product_rate, gates.rate, gates.rate_decrease)
    left_out = f"{gates.near.estimate:.0%}, {gates.far.estimate:.0%}"
    return gates.variant, gates.state, *map(interval_text, intervals), left_out
