"""docs/dependencies.md: gradients against distance, as they were measured, and how."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, log

from ...analysis import join_words
from ...layers import DECAY, STEP, get, subs
from ...reports import escape, table as markdown_table
from .decay import slower
from .mean_field import rnn_rate
from .results import AFTER, BEFORE, Dependencies, Trained
from .tables import dependencies_tables, initial_table, interval_text, trained_table

#: What a forget bias of 1 takes from −log of a gate whose other inputs are 0: log σ(1) − log σ(0).
_BY_GATE = log(2) - log(1 + exp(-1))

_METHOD = (
    "**The gradient** (`studies/gradients/jacobians.py`). Weights are the registered layer's own: "
    "uniform within ±1/√fan-in, a layer's queries, keys and values each from x by one more such "
    "matrix. The Jacobian ∂y_n/∂x_t (d × d) is computed exactly in float64 and its Frobenius norm "
    "taken: a sequence stands in the batch once for each output, and each copy takes its own "
    "derivative, so one pass back gives all rows for all t. The value of a seed is the geometric "
    "mean over its sequences. What a causal layer's output seems to depend on after its own "
    "position is rounding, and norms within 100 times of it are left out. For a recurrent layer "
    "the Jacobian is a product of δ matrices, so its norm falls or grows exponentially (Bengio et "
    "al. 1994; Pascanu et al. 2013).",
    "**The law** (`studies/gradients/decay.py`). log g = a − b·f(δ) + error for each seed, from δ "
    "= 1 on, with f(δ) = δ (exponential), log δ (power) or δ² (Gaussian). Errors at neighbouring "
    "distances are alike, since their ways are: they are an AR(1) process whose correlation is "
    "found with the lines by maximum likelihood. The law is the likeliest; all three have as many "
    "parameters. Only seeds are independent of one another, so the interval of b is Student's "
    "over the seeds' own b, whatever errors do within a seed. A law whose interval holds 0 is no "
    "decay. `law off by` is what all seeds leave alike: 1.00× means that the law describes the "
    "mean. Tests simulate each law, with independent errors and with ones that hardly differ from "
    "a random walk: the intervals hold the truth in 95 %, and the law is found.",
    "**The LSTM** (`studies/gradients/forget_gates.py`). ∂C_n/∂C_t by the same way, exactly, of "
    "h_t = o_t ∗ tanh(C_t) and everything after it; beside it diag ∏ f_k, k = t + 1 … n "
    "(Hochreiter & Schmidhuber 1997; course text A6.3). With recurrent weights of zero both are "
    "equal, which a test holds. That the forget gate's bias should begin at 1 is Gers et al. 2000 "
    "and Jozefowicz et al. 2015.",
    "**The training** (`studies/gradients/recall.py`). Tokens are embedded in d numbers and the "
    "layer's last output is read out; one of 8 symbols stands at a position drawn evenly, all "
    "others hold one of 8 that mean nothing, the last asks. Adam at 0.01, batches of 32, "
    "gradients clipped at 1, nothing tuned to a layer: accuracies say what these steps gave, not "
    "what a layer can do. Convolutions and state spaces are linear in this task as they are "
    "registered, without anything between them. Training is repeated by `--train` alone; "
    "otherwise the record keeps the last one with its date, seeds and machine.",
)


def page(found: Dependencies, command: str, image: str) -> str:
    """Write docs/dependencies.md: the results, and how they are made.

    Parameters
    ----------
    found
        What a record says.
    command
        What makes the page again.
    image
        Where the figure lies, from the page.
    """
    return "\n\n".join([*_sections(found, command, image), ""])


def _sections(found: Dependencies, command: str, image: str) -> Iterator[str]:
    yield "# How far a signal carries"
    yield (
        "Table 1 of Vaswani et al. 2017 says how many operations a signal has to go through "
        "between two positions ([counts.md](counts.md)). What is left of it on the way is another "
        "question: here the gradient of the last output with respect to each input position is "
        "measured against the distance, and its law is found. This page is the output of"
    )
    yield f"    {command}"
    yield f"![The gradient of the last output against distance, by layer]({image})"
    remarks = {
        initial_table(found).title: _on_layers,
        trained_table(found).title: _on_training,
    }
    for table in dependencies_tables(found):
        yield f"## {table.title}"
        yield table.explained
        yield markdown_table(table.head, table.rows)
        if table.title in remarks:
            yield "\n".join(f"- {remark}" for remark in remarks[table.title](found))
    yield "## When and on what"
    yield "\n".join(f"- {escape(label)}: {escape(value)}" for label, value in found.how)
    yield "## How it is measured"
    yield from _METHOD


def _on_layers(found: Dependencies) -> Iterator[str]:
    """Say what can be said of the layers that are there, with numbers."""
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
            "`lstm`: a forget bias of 1 takes "
            f"{interval_text(slower(zero, one))} from λ. By gates at σ(1) instead of σ(0) alone, "
            f"log σ(1) − log σ(0), it would be {_BY_GATE:.3f}."
        )
    if "dilated_stack" in known:
        depth = int(subs(get("dilated_stack").tied_theory().depth, {"n": length}))
        yield (
            f"`dilated_stack`: {depth} layers, ⌈log₃ n⌉, reach all {length} positions, each by one "
            "way through as many matrices, so all distances are alike."
        )
    for label in known:
        if label.startswith("retention"):
            yield f"`{label}`: γ = {DECAY:g} a step would be λ = {-log(DECAY):.4f}."
        if label.startswith("ssm"):
            yield (
                f"`{label}`: states fade by exp(−Δ exp(A)) a step, with A near 0: λ near Δ = "
                f"{STEP:g}. Slow modes outlast fast ones, so far away it is a little less."
            )
    flat = [f"`{label}`" for label, law in known.items() if law.law == "none"]
    if flat:
        over = max(law.farthest for law in known.values() if law.law == "none")
        yield f"No decay over {over} positions: {join_words(flat)}."


def _on_training(found: Dependencies) -> Iterator[str]:
    """Say what training changed, with numbers."""
    for words, some in (
        ("Gradients fade more slowly after training", [e for e in found.trained if _less(e, 1)]),
        ("Gradients fade faster after training", [e for e in found.trained if _less(e, -1)]),
    ):
        if some:
            changes = [
                f"`{each.before.label}` (λ less by {interval_text(each.less)})"
                for each in some
                if each.less
            ]
            yield f"{words}: {join_words(changes)}."
    yield "By chance alone one interval in twenty leaves out 0."
    before, after = (
        {each.variant: each for each in found.gates if each.state == state}
        for state in (BEFORE, AFTER)
    )
    for variant, each in after.items():
        yield (
            f"`lstm`, {variant}: training takes the mean forget gate from "
            f"{interval_text(before[variant].mean_gate)} to {interval_text(each.mean_gate)}."
        )
    yield (
        "A gradient is about small changes of the input. A network that holds a symbol against "
        "noise answers small changes less, not more: Bengio et al. 1994 show that gradients vanish "
        "where a recurrent network latches. So what is recalled need not have a large gradient, "
        "and where a softmax without 1/√d saturates, as in `attention`, it is large or small by "
        "chance."
    )


def _less(each: Trained, sign: int) -> bool:
    """Whether λ fell (1) or rose (−1), with an interval that leaves 0 out."""
    return each.less is not None and (each.less.low > 0 if sign > 0 else each.less.high < 0)
