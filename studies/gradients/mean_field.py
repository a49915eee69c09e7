"""Mean-field theory of gradients in wide recurrent networks with random weights."""

from __future__ import annotations

from math import log

import numpy as np

#: Nodes of the Gauss–Hermite quadrature, and iterations until the variance has converged.
_NODES, _STEPS = 80, 200


def rnn_rate(state: float = 1 / 3, signal: float = 1 / 3) -> float:
    """Compute the rate λ at which the gradient of h_t = tanh(U x_t + W h_{t−1}) decays, large d.

    The argument of tanh is normal with variance q, the fixed point of q = signal + state · E
    tanh²(z), z ~ N(0, q), and each step multiplies the squared gradient by state · E tanh′²(z)
    (Schoenholz et al. 2017; Chen et al. 2018 for recurrent networks).

    Parameters
    ----------
    state, signal
        d times the variance of W's entries; m times the variance of U's entries times that of an
        input. Weights uniform within ±1/√fan-in and unit-normal inputs give 1/3 each.

    >>> round(rnn_rate(), 3)
    0.783
    >>> round(rnn_rate(signal=0.0), 3) == round(log(3) / 2, 3)  # tanh is linear
    True
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / weights.sum()
    q = state + signal
    for _ in range(_STEPS):
        q = signal + state * float(weights @ np.tanh(np.sqrt(q) * nodes) ** 2)
    slopes = 1 - np.tanh(np.sqrt(q) * nodes) ** 2
    return -log(state * float(weights @ slopes**2)) / 2
