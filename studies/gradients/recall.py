"""The recall task, which needs a long memory: name the one symbol in a sequence of noise.

One position, drawn uniformly, has one of `SYMBOLS` symbols; the last has a question mark, where the
symbol has to be named; all others have one of `SYMBOLS` noise symbols. It is the memory task of
Hochreiter & Schmidhuber 1997, section 5, with the symbol at any distance. It loads torch.
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
from .jacobians import Network, Subject, build_network, geometric_mean, jacobian_norms

#: Number of symbols, and of noise symbols; the question mark is one more token.
SYMBOLS = 8

_BATCH, _RATE, _CLIP = 32, 0.01, 1.0
_TESTS = 1024  # sequences for the accuracy, whose standard error is 1.6 % at most


class Recaller(nn.Module):
    """An embedding, a subject's network, and a readout at the last position."""

    def __init__(self, network: Network, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(2 * SYMBOLS + 1, width)  # unit normal, torch's default
        self.network = network
        self.readout = nn.Linear(width, SYMBOLS)

    def forward(self, tokens: Tensor) -> Tensor:  # (batch, n), whole numbers
        """Compute the scores of all symbols, (batch, SYMBOLS)."""
        scores: Tensor = self.readout(self.network(self.embedding(tokens))[:, -1])
        return scores


def build_recaller(subject: Subject, sizes: Sizes, seed: int) -> Recaller:
    """Build a model of a subject in float32, the same for the same seed."""
    network = build_network(subject, sizes, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Recaller(network, sizes["d"]).float()


def draw_sequences(where: Tensor, length: int, source: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw sequences (batch, n) with symbols at the positions `where`; return both."""
    noise = torch.randint(SYMBOLS, 2 * SYMBOLS, (len(where), length), generator=source)
    symbols = torch.randint(SYMBOLS, (len(where),), generator=source)
    noise[:, -1] = 2 * SYMBOLS
    noise.scatter_(1, where[:, None], symbols[:, None])
    return noise, symbols


def train(model: Recaller, length: int, steps: int, seed: int) -> Iterator[int]:
    """Train a model in place with Adam (Kingma & Ba 2015); yield the steps done every 50 steps.

    Gradients are clipped at norm 1 (Pascanu et al. 2013).
    """
    source = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=_RATE)
    for step in range(1, steps + 1):
        where = torch.randint(length - 1, (_BATCH,), generator=source)
        tokens, symbols = draw_sequences(where, length, source)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(tokens), symbols)
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types here
        nn.utils.clip_grad_norm_(model.parameters(), _CLIP)
        optimizer.step()
        if step % 50 == 0 or step == steps:
            yield step


@dataclass(frozen=True)
class Recall:
    """A model's accuracy on the task, and its gradients.

    Attributes
    ----------
    accuracy
        Share of symbols named correctly, over all distances; by chance it is 1/SYMBOLS.
    far
        The same for symbols in the first quarter of the sequence.
    norms
        ‖∂y_n/∂x_t‖ by distance 0 … n − 1, with the symbol at position t: how a change of the
        symbol's embedding reaches the output. NaN at 0, the position of the question mark.
    """

    accuracy: float
    far: float
    norms: NDArray[np.float64]


def evaluate_recall(model: Recaller, length: int, seed: int, repeats: int = 2) -> Recall:
    """Evaluate a model on new sequences."""
    source = torch.Generator().manual_seed(2**32 + seed)
    with torch.no_grad():
        where = torch.randint(length - 1, (_TESTS,), generator=source)
        tokens, symbols = draw_sequences(where, length, source)
        right = (model(tokens).argmax(dim=-1) == symbols).double()
    tokens, places = sequences_at_every_distance(length, repeats, source)
    model = copy.deepcopy(model).double()
    norms = jacobian_norms(model.network, model.embedding(tokens))
    own = norms[np.arange(len(places)), places.numpy()].reshape(repeats, length - 1)
    return Recall(
        accuracy=float(right.mean()),
        far=float(right[where < length // 4].mean()),
        norms=np.concatenate([[np.nan], geometric_mean(own[:, ::-1])]),
    )


def sequences_at_every_distance(
    length: int, repeats: int, source: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draw sequences with the symbol at each position in turn; return both."""
    where = torch.arange(length - 1).repeat(repeats)
    tokens, _ = draw_sequences(where, length, source)
    return tokens, where


def embedded_sequences(model: Recaller, count: int, length: int, seed: int) -> Tensor:
    """Draw new sequences of the task and embed them, (count, n, d)."""
    source = torch.Generator().manual_seed(2**33 + seed)
    tokens, _ = draw_sequences(
        torch.randint(length - 1, (count,), generator=source), length, source
    )
    with torch.no_grad():
        x: Tensor = model.embedding(tokens)
    return x
