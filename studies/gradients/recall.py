"""A task that needs a long memory: recall the one symbol, somewhere in a sequence of noise.

At one position, drawn evenly, stands one of `SYMBOLS` symbols; at all others but the last stands
noise, of as many symbols of its own; at the last a question mark, at which the symbol has to be
named. It is the memory task of Hochreiter & Schmidhuber 1997, section 5, with the place to be
remembered at every distance. It loads torch.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...layers import Sizes
from .jacobians import Network, Subject, build, geometric_mean, jacobian_norms

#: Symbols to be remembered, and as many that are noise; one more asks.
SYMBOLS = 8

_BATCH, _RATE, _CLIP = 32, 0.01, 1.0
_TESTS = 1024  # sequences that the accuracy is found on: ±1.5 % at most


class Recaller(nn.Module):
    """An embedding, a subject's network, and a readout at the last position."""

    def __init__(self, network: Network, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(2 * SYMBOLS + 1, width)  # unit normal, as torch draws it
        self.network = network
        self.readout = nn.Linear(width, SYMBOLS)

    def forward(self, tokens: Tensor) -> Tensor:  # (batch, n), whole numbers
        """Give the scores of all symbols, (batch, SYMBOLS)."""
        scores: Tensor = self.readout(self.network(self.embedding(tokens))[:, -1])
        return scores


def recaller(subject: Subject, sizes: Sizes, seed: int) -> Recaller:
    """Build a subject for the task in float32, the same for the same seed."""
    network = build(subject, sizes, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Recaller(network, sizes["d"]).float()


def sequences(where: Tensor, length: int, source: torch.Generator) -> tuple[Tensor, Tensor]:
    """Make sequences (batch, n) with the symbol at the positions `where`, and the symbols."""
    noise = torch.randint(SYMBOLS, 2 * SYMBOLS, (len(where), length), generator=source)
    symbols = torch.randint(SYMBOLS, (len(where),), generator=source)
    noise[:, -1] = 2 * SYMBOLS
    noise.scatter_(1, where[:, None], symbols[:, None])
    return noise, symbols


def train(model: Recaller, length: int, steps: int, seed: int) -> Iterator[int]:
    """Train a model with Adam (Kingma & Ba 2015) in place, yielding steps done, now and then.

    Gradients are clipped at norm 1 (Pascanu et al. 2013).
    """
    source = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=_RATE)
    for step in range(1, steps + 1):
        where = torch.randint(length - 1, (_BATCH,), generator=source)
        tokens, symbols = sequences(where, length, source)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(tokens), symbols)
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives no types
        nn.utils.clip_grad_norm_(model.parameters(), _CLIP)
        optimizer.step()
        if step % 50 == 0 or step == steps:
            yield step


@dataclass(frozen=True)
class Recall:
    """How a model does on the task.

    Attributes
    ----------
    accuracy
        Share of symbols named rightly, of all distances alike; by chance it is 1/SYMBOLS.
    far
        The same where the symbol lies in the first quarter of the sequence.
    norms
        ‖∂y_n/∂x_t‖ against the distance 0 … n − 1, with the symbol at position t: whether a change
        of what has to be remembered reaches the output. NaN at 0, where the question mark stands.
    """

    accuracy: float
    far: float
    norms: NDArray[np.float64]


def examine(model: Recaller, length: int, seed: int, repeats: int = 2) -> Recall:
    """Say how a model does on sequences that it has not seen."""
    source = torch.Generator().manual_seed(2**32 + seed)
    with torch.no_grad():
        where = torch.randint(length - 1, (_TESTS,), generator=source)
        tokens, symbols = sequences(where, length, source)
        right = (model(tokens).argmax(dim=-1) == symbols).double()
    tokens, places = at_every_distance(length, repeats, source)
    model = copy.deepcopy(model).double()
    norms = jacobian_norms(model.network, model.embedding(tokens))
    own = norms[np.arange(len(places)), places.numpy()].reshape(repeats, length - 1)
    return Recall(
        accuracy=float(right.mean()),
        far=float(right[where < length // 4].mean()),
        norms=np.concatenate([[np.nan], geometric_mean(own[:, ::-1])]),
    )


def at_every_distance(length: int, repeats: int, source: torch.Generator) -> tuple[Tensor, Tensor]:
    """Sequences with the symbol at each position in turn, and these positions."""
    where = torch.arange(length - 1).repeat(repeats)
    tokens, _ = sequences(where, length, source)
    return tokens, where


def embedded(model: Recaller, count: int, length: int, seed: int) -> Tensor:
    """Embed so many sequences of the task that the model has not seen, (count, n, d)."""
    source = torch.Generator().manual_seed(2**33 + seed)
    tokens, _ = sequences(torch.randint(length - 1, (count,), generator=source), length, source)
    with torch.no_grad():
        x: Tensor = model.embedding(tokens)
    return x
