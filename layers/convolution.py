"""Convolutions along the sequence, each as one matrix product."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sympy import Integer, ceiling, log, oo

from .core import TABLE_1, Textbook, Theory, d, k, m, n, register, torch, windows

if TYPE_CHECKING:
    from torch import Tensor


@register
class Convolution(Textbook):
    """Convolution of stride 1 and "same" padding (k−1)/2, as in the course text, A6.4; k is odd.

    Every window of k positions is laid out as one row ("unfolded"), so that the convolution is
    a product with W, whose columns run over the window's positions and, within each, over
    the channels. The rows overlap: together they hold k copies of the input.
    """

    name = "conv"
    title = "convolution (unfolded)"
    formula = "y_t = W · [x_{t−(k−1)/2}; …; x_{t+(k−1)/2}]"
    axes = ("n", "d", "k")
    integer_expressions = ((k - 1) / 2,)
    weights = {"W": (d, k * d)}
    theory = Theory(
        time=n * k * d**2,
        flops=2 * n * k * d**2,
        parameters=k * d**2,
        memory=n * k * d,
        sequential_ops=Integer(1),
        path_length=n / k,
        temporaries=n * k * d + (n + k) * d,
        depth=Integer(1),
        distance=ceiling(2 * (n - 1) / (k - 1)),
        sources={
            "time": f"course text A6.4; {TABLE_1}",
            "flops": "one product (n × kd)(kd × d); the padding is multiplied too",
            "parameters": "d kernels of k × d, course text A6.4",
            "memory": "the unfolded input, saved for the gradient of W",
            "sequential_ops": TABLE_1,
            "path_length": "Vaswani et al. 2017, section 4: contiguous kernels, stacked",
            "temporaries": "the unfolded and the padded input",
            "depth": "one product; padding and windows are copies",
            "distance": "each layer, one product, reaches (k−1)/2 positions further; k ≥ 3",
        },
    )

    def forward(self, x: Tensor, W: Tensor) -> Tensor:  # x (batch, n, d), W (d, k·d)
        size = W.shape[1] // x.shape[-1]  # k
        seen = windows(x, size).mT  # (batch, n, k, d), a view
        return seen.flatten(2) @ W.mT  # (batch, n, k·d) @ (k·d, d) -> (batch, n, d)


@register
class ConvolutionProduct(Textbook):
    """Second phase of `conv`: its product, given every window as a row."""

    name = "conv_product"
    title = "convolution's product"
    formula = "y_t = W · r_t, r_t = [x_{t−(k−1)/2}; …; x_{t+(k−1)/2}]"
    axes = ("n", "d", "k")
    inputs = {"rows": (n, k * d)}
    weights = {"W": (d, k * d)}
    theory = Theory(
        time=n * k * d**2,
        flops=2 * n * k * d**2,
        parameters=k * d**2,
        memory=n * k * d,
        sequential_ops=Integer(1),
        path_length=oo,
        depth=Integer(1),
        distance=oo,
        sources={
            "time": "course text A6.4: d kernels of k × d at n positions",
            "flops": "one product (n × kd)(kd × d)",
            "parameters": "d kernels of k × d, course text A6.4",
            "memory": "the rows, saved for the gradient of W",
            "sequential_ops": TABLE_1,
            "path_length": "each row separately: the windows are unfolded before",
            "depth": "one product",
            "distance": "each row separately",
        },
    )

    def forward(self, rows: Tensor, W: Tensor) -> Tensor:  # (batch, n, k·d), (d, k·d)
        return rows @ W.mT  # (batch, n, d)


@register
class DilatedStack(Textbook):
    """Causal convolutions with dilations 1, k, k², …, as many as connect the last position to all.

    WaveNet's stack (van den Oord et al. 2016) without its gates: ⌈log_k n⌉ layers, since n − 1 has
    that many digits to the base k. Windows centred on each position, as in Table 1, would take
    ⌈log_k(2n − 1)⌉.
    """

    name = "dilated_stack"
    title = "dilated convolutions (stack)"
    formula = "y_t = W_l · [x_{t−(k−1)kˡ}; …; x_{t−kˡ}; x_t], l = 0 … ⌈log_k n⌉ − 1"
    ties = {"k": 3}
    weights = {"W": (ceiling(log(n, k)), d, k * d)}
    least = {"n": 2, "k": 2}
    causal = True
    theory = Theory(
        time=n * k * d**2 * log(n, k),
        flops=2 * n * k * d**2 * ceiling(log(n, k)),
        parameters=k * d**2 * ceiling(log(n, k)),
        memory=n * k * d * log(n, k),
        sequential_ops=log(n, k),
        path_length=log(n, k),
        temporaries=n * k * d + 2 * n * d + (k - 1) * d * k ** (ceiling(log(n, k)) - 1),
        depth=ceiling(log(n, k)),
        distance=ceiling(log(n, k)),
        sources={
            "time": "Vaswani et al. 2017, section 4: log_k n layers; van den Oord et al. 2016",
            "flops": "as conv, for each layer; the padding is multiplied too",
            "parameters": "as conv, for each layer",
            "memory": "the unfolded input of each layer, saved for the gradient of W",
            "sequential_ops": "one layer after another",
            "path_length": "Vaswani et al. 2017, section 4: dilated",
            "temporaries": "the input of the last layer, padded and unfolded",
            "depth": "one product per layer",
            "distance": "one product per layer, also for digits that are 0",
        },
    )

    def forward(self, x: Tensor, W: Tensor) -> Tensor:  # x (batch, n, d), W (layers, d, k·d)
        length, size = x.shape[1], W.shape[2] // W.shape[1]  # n, k
        for level, weight in enumerate(W):
            gap = size**level
            padded = torch.nn.functional.pad(x, (0, 0, (size - 1) * gap, 0))
            shifted = [padded[:, j * gap : j * gap + length] for j in range(size)]
            x = torch.cat(shifted, dim=-1) @ weight.mT  # (batch, n, k·d) -> (batch, n, d)
        return x


@register
class SeparableConvolution(Textbook):
    """Depthwise-separable convolution: each channel along the positions, then 1×1 over channels."""

    name = "separable_conv"
    title = "depthwise-separable convolution"
    formula = "y_t = P Σ_j w_j ⊙ x_{t+j−(k−1)/2}"
    axes = ("n", "d", "k")
    integer_expressions = ((k - 1) / 2,)
    weights = {"w": (d, k), "P": (d, d)}
    theory = Theory(
        time=2 * n * k * d + 2 * n * d**2,
        flops=2 * n * k * d + 2 * n * d**2,
        parameters=k * d + d**2,
        memory=n * d,
        sequential_ops=Integer(1),
        path_length=n / k,
        temporaries=(2 * n + k) * d,
        depth=Integer(2),
        distance=2 * ceiling(2 * (n - 1) / (k - 1)),
        sources={
            "time": "Vaswani et al. 2017, section 4; Chollet 2017",
            "flops": "k multiply-adds for each number, one product (n × d)(d × d)",
            "parameters": "one kernel of k for each channel, and d × d",
            "memory": "the input and the depthwise output, saved for the weights' gradients",
            "sequential_ops": "Vaswani et al. 2017, section 4",
            "path_length": "as conv",
            "temporaries": "the padded input and the depthwise output",
            "depth": "two convolutions",
            "distance": "each layer, two products, reaches (k−1)/2 positions further; k ≥ 3",
        },
    )

    def forward(self, x: Tensor, w: Tensor, P: Tensor) -> Tensor:  # (batch, n, d), (d, k), (d, d)
        width, size = w.shape
        along = torch.nn.functional.conv1d(  # torch's depthwise kernel, channels first
            x.mT, w.unsqueeze(1), padding=(size - 1) // 2, groups=width
        )
        return along.mT @ P.mT  # (batch, n, d)


@register
class Convolution1x1(Textbook):
    """1×1 convolution: each position separately, from m channels to d (course text A6.1).

    It is the position-wise dense layer without bias.
    """

    name = "conv_1x1"
    title = "1×1 convolution"
    formula = "y_t = W x_t"
    inputs = {"x": (n, m)}
    ties = {"m": d}
    weights = {"W": (d, m)}
    theory = Theory(
        time=n * d * m,
        flops=2 * n * d * m,
        parameters=d * m,
        memory=n * m,
        sequential_ops=Integer(1),
        path_length=oo,
        depth=Integer(1),
        distance=oo,
        sources={
            "time": "course text A6.1 and A6.4 with k = 1",
            "flops": "one product (n × m)(m × d)",
            "parameters": "course text A6.1: W changes the number of channels from m to d",
            "memory": "the input, saved for the gradient of W",
            "sequential_ops": TABLE_1,
            "path_length": "a kernel of width 1 never leaves its position",
            "depth": "one product",
            "distance": "a kernel of width 1 never leaves its position",
        },
    )

    def forward(self, x: Tensor, W: Tensor) -> Tensor:  # x (batch, n, m)
        return x @ W.mT  # (batch, n, d)
