"""Bidirectional recurrent layers: the states of a forward and a backward pass, concatenated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from .core import Textbook, Theory, d, m, n, register, torch
from .recurrent import GRU, LSTM, ElmanRNN

if TYPE_CHECKING:
    from torch import Tensor


def _both(theory: Theory) -> Theory:
    """Return the theory of two layers of a kind that run independently of each other."""
    return replace(
        theory,
        time=2 * theory.time,
        flops=2 * theory.flops,
        parameters=2 * theory.parameters,
        memory=2 * theory.memory,
        temporaries=2 * n * d,
        sources={
            **theory.sources,
            "time": "Schuster & Paliwal 1997: two layers of the kind",
            "flops": "two layers of the kind",
            "parameters": "two layers of the kind",
            "memory": "two layers of the kind",
            "temporaries": "both outputs, until they are joined",
        },
    )


class Bidirectional(Textbook):
    """Two recurrent layers, one from the first position on, one from the last position back.

    Attributes
    ----------
    layer
        The recurrent layer; each direction has its own weights.
    """

    layer: ClassVar[Textbook]
    inputs = {"x": (n, m)}
    output = (n, 2 * d)
    ties = {"m": d}

    def __init_subclass__(cls) -> None:
        cls.weights = {
            f"{name}_{way}": shape
            for way in ("there", "back")
            for name, shape in cls.layer.weights.items()
        }
        cls.formula = f"[h_t; h'_t], h' from the end; {cls.layer.formula}"
        cls.theory = _both(cls.layer.theory)

    def forward(self, x: Tensor, **weights: Tensor) -> Tensor:  # x (batch, n, m)
        def states(x: Tensor, way: str) -> Tensor:
            own = {name: weights[f"{name}_{way}"] for name in self.layer.weights}
            return self.layer.forward(x, **own)  # (batch, n, d)

        there, back = states(x, "there"), states(x.flip(1), "back").flip(1)
        return torch.cat([there, back], dim=-1)  # (batch, n, 2d)


@register
class BidirectionalRNN(Bidirectional):
    """Elman's recurrent layer in both directions."""

    name = "birnn"
    title = "bidirectional (Elman)"
    layer = ElmanRNN()


@register
class BidirectionalLSTM(Bidirectional):
    """The LSTM in both directions."""

    name = "bilstm"
    title = "bidirectional (LSTM)"
    layer = LSTM()


@register
class BidirectionalGRU(Bidirectional):
    """The GRU in both directions."""

    name = "bigru"
    title = "bidirectional (GRU)"
    layer = GRU()
