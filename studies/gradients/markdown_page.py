"""docs/dependencies.md: measured gradients against distance, and the method."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, log

from ...analysis import join_words
from ...layers import DECAY, STEP, get, subs
from ...reports import escape_markdown, markdown_table as markdown_table
from .decay import rate_difference
from .mean_field import rnn_rate
from .results import AFTER, BEFORE, Dependencies, TrainingEffect
from .tables import dependencies_tables, initial_table, interval_text, trained_table

#: Decrease of λ = −log σ(b) when the forget bias b goes from 0 to 1: log σ(1) − log σ(0).
_BY_GATE = log(2) - log(1 + exp(-1))

_METHOD = (
    "**The gradient** (`studies/gradients/jacobians.py`). Weights have the initialisation of the "
    "registered layer, uniform within ±1/√fan-in; queries, keys and values are projected from x by "
    "further matrices initialised in the same way. The Jacobian ∂y_n/∂x_t (d × d) is computed "
    "exactly in float64: the batch has a copy of the sequence for each output element, each copy "
    "differentiates its own, and one backward pass gives all rows for all t. Its Frobenius norm is "
    "averaged over the sequences of a seed (geometric mean). The derivative of a causal layer's "
    "output with respect to later positions is rounding error; norms below 100 times that are left "
    "out. For a recurrent layer the Jacobian is a product of δ matrices, so its norm falls or "
    "grows exponentially (Bengio et al. 1994; Pascanu et al. 2013).",
    "**The law** (`studies/gradients/decay.py`). log g = a − b·f(δ) + error for each seed, from δ "
    "= 1 on, with f(δ) = δ (exponential), log δ (power) or δ² (Gaussian). Paths of adjacent "
    "distances have most operations in common, so errors are an AR(1) process, whose correlation "
    "is fitted together with the lines by maximum likelihood. The law with the largest likelihood "
    "is chosen; all three have the same number of parameters. Only seeds are independent, so the "
    "interval of b is Student's t interval over the b of the seeds. An interval that contains 0 "
    "means no decay. `misfit` is the typical factor between law and norms that is common to all "
    "seeds: 1.00× is a perfect fit. Tests simulate each law, with independent errors and with "
    "errors close to a random walk: 95 % of the intervals contain the truth, and the law is found.",
    "**The LSTM** (`studies/gradients/forget_gates.py`). ∂C_n/∂C_t is computed exactly in the same "
    "way, with h_t = o_t ∗ tanh(C_t) and all later states as functions of C_t, and compared with "
    "diag ∏ f_k, k = t + 1 … n (Hochreiter & Schmidhuber 1997; course text A6.3). With recurrent "
    "weights of 0 both are equal, which a test checks. A forget bias that starts at 1 was proposed "
    "by Gers et al. 2000 and Jozefowicz et al. 2015.",
    "**The training** (`studies/gradients/recall.py`). Tokens are embedded in d numbers and the "
    "layer's last output is read out. One of 8 symbols is at a position drawn uniformly, the last "
    "position has a question mark, and all others have one of 8 noise symbols. Adam with a "
    "learning rate of 0.01, batches of 32, gradients clipped at norm 1, not tuned for any layer: "
    "accuracies say what these steps reached, not what a layer can do. Convolutions and state "
    "spaces have no non-linearity here, as registered. Only `--train` trains again; otherwise the "
    "record keeps the last training with its date, seeds and machine.",
)


def dependencies_page(found: Dependencies, command: str, image: str) -> str:
    """Write docs/dependencies.md: results and method.

    Parameters
    ----------
    found
        The results of a record.
    command
        The command that makes the page again.
    image
        Path of the figure, relative to the page.
    """
    return "\n\n".join([*_sections(found, command, image), ""])


def _sections(found: Dependencies, command: str, image: str) -> Iterator[str]:
    yield "# How far a signal carries"
    yield (
        "Table 1 of Vaswani et al. 2017 says how many operations a signal passes between two "
        "positions ([counts.md](counts.md)). It does not say how much of the signal remains: here "
        "the gradient of the last output with respect to each input position is measured against "
        "the distance, and its law is fitted. This page is the output of"
    )
    yield f"    {command}"
    yield f"![The gradient of the last output against distance, by layer]({image})"
    remarks = {
        initial_table(found).title: _on_layers,
        trained_table(found).title: _on_training,
    }
    for table in dependencies_tables(found):
        yield f"## {table.title}"
        yield table.explanation
        yield markdown_table(table.head, table.rows)
        if table.title in remarks:
            yield "\n".join(f"- {remark}" for remark in remarks[table.title](found))
    yield "## Date, machine and settings"
    yield "\n".join(
        f"- {escape_markdown(label)}: {escape_markdown(value)}" for label, value in found.settings
    )
    yield "## How it is measured"
    yield from _METHOD


def _on_layers(found: Dependencies) -> Iterator[str]:
    """Compare the laws of layers with theory, in sentences."""
    known = {each.label: each.law for each in found.initial if each.law}
    length = found.initial[0].norms.shape[1]
    if "rnn" in known:
        yield (
            f"`rnn`: mean-field theory of wide networks gives λ = {rnn_rate():.3f} for these "
            "weights and inputs (Schoenholz et al. 2017; Chen et al. 2018); measured "
            f"{interval_text(known['rnn'].rate)}."
        )
    zero, one = (known.get(f"lstm, forget bias {bias}") for bias in (0, 1))
    if zero and one:
        yield (
            "`lstm`: a forget bias of 1 instead of 0 reduces λ by "
            f"{interval_text(rate_difference(zero, one))}. Forget gates of σ(1) instead of σ(0) "
            f"alone would reduce it by log σ(1) − log σ(0) = {_BY_GATE:.3f}."
        )
    if "dilated_stack" in known:
        depth = int(subs(get("dilated_stack").tied_theory().depth, {"n": length}))
        yield (
            f"`dilated_stack`: {depth} layers, ⌈log₃ n⌉, reach all {length} positions, each by one "
            "path through the same number of matrices, so the distance does not matter."
        )
    for label in known:
        if label.startswith("retention"):
            yield f"`{label}`: γ = {DECAY:g} per step corresponds to λ = {-log(DECAY):.4f}."
        if label.startswith("ssm"):
            yield (
                f"`{label}`: states decay by exp(−Δ exp(A)) per step, with A near 0, so λ is near "
                f"Δ = {STEP:g}; at large distances slow modes dominate, and λ is a little smaller."
            )
    flat = [f"`{label}`" for label, law in known.items() if law.law == "none"]
    if flat:
        over = max(law.farthest for law in known.values() if law.law == "none")
        yield f"No decay over {over} positions: {join_words(flat)}."


def _on_training(found: Dependencies) -> Iterator[str]:
    """Describe what training changed, in sentences."""
    for words, some in (
        (
            "Gradients decay more slowly after training",
            [e for e in found.trainings if _rate_changed(e, 1)],
        ),
        (
            "Gradients decay faster after training",
            [e for e in found.trainings if _rate_changed(e, -1)],
        ),
    ):
        if some:
            changes = [
                f"`{each.before.label}` (decrease of λ: {interval_text(each.rate_decrease)})"
                for each in some
                if each.rate_decrease
            ]
            yield f"{words}: {join_words(changes)}."
    yield "By chance alone one interval in twenty does not contain 0."
    before, after = (
        {each.variant: each for each in found.gates if each.state == state}
        for state in (BEFORE, AFTER)
    )
    for variant, each in after.items():
        yield (
            f"`lstm`, {variant}: training changes the mean forget gate from "
            f"{interval_text(before[variant].mean_gate)} to {interval_text(each.mean_gate)}."
        )
    yield (
        "A gradient measures the response to small changes of the input. A network that stores a "
        "symbol robustly responds less to small changes, not more: Bengio et al. 1994 show that "
        "gradients vanish where a recurrent network latches. So a symbol that is recalled need not "
        "have a large gradient, and where a softmax without 1/√d saturates, as in `attention`, the "
        "gradient is large or small by chance."
    )


def _rate_changed(each: TrainingEffect, sign: int) -> bool:
    """Return whether λ fell (1) or rose (−1), with an interval that does not contain 0."""
    return each.rate_decrease is not None and (
        each.rate_decrease.low > 0 if sign > 0 else each.rate_decrease.high < 0
    )
