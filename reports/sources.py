"""Published measurements that are fitted: their sources, what theory says, what papers state.

The numbers here are what others wrote: sizes that a paper states, the digits that it prints. What
the measurements say comes from the fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, log10

import numpy as np

from ..analysis.arrays import Array


@dataclass(frozen=True)
class Order:
    """A leading order, as SymPy reads it, and who gives it."""

    expression: str
    whose: str


@dataclass(frozen=True)
class Digit:
    """The last digit that a table prints.

    Attributes
    ----------
    unit
        One of it, in the printed unit.
    name, scale
        The printed unit, and how much of the metric's unit, or of its inverse, it is.
    rate
        Whether the table prints the inverse, such as steps per second.
    """

    unit: float
    name: str
    scale: float = 1.0
    rate: bool = False

    def half(self, values: Array) -> Array:
        """How far rounding may have moved each value, (points,), in the metric's unit."""
        slope = values**2 if self.rate else np.ones(len(values))
        return self.unit * self.scale / 2 * slope

    def printed(self, value: float) -> str:
        """Write a value in the metric's unit as the table prints it."""
        decimals = max(ceil(-log10(self.unit)), 0)
        return f"{(1 / value if self.rate else value) / self.scale:.{decimals}f} {self.name}"

    def __str__(self) -> str:
        return f"{self.unit:g} {self.name}"


@dataclass(frozen=True)
class Statement:
    """A crossing that a source states: from `low` to `high` on, `cheaper` costs less."""

    said: str
    whose: str
    cheaper: str
    dearer: str
    mode: str
    low: float
    high: float


@dataclass(frozen=True)
class Reading:
    """Another transcription of a printed value, which differs from the table's."""

    layer: str
    mode: str
    n: float
    value: float


@dataclass(frozen=True)
class Panel:
    """A panel of a source's figure.

    Attributes
    ----------
    title
        What stands above it.
    mode, metric
        Which laws it shows.
    layer
        One layer's law, with a curve for each value of the other sizes; all layers, if empty.
    axis, held
        The size along which it is drawn, and the sizes that are held.
    """

    title: str
    mode: str
    metric: str = "seconds"
    layer: str = ""
    axis: str = "n"
    held: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A file of published measurements.

    Attributes
    ----------
    file, slug
        The table, and the name of its figure.
    title, citation, hardware, precision
        For the reader.
    notes
        What to know before believing it, a sentence or two each.
    orders
        Theory's order by layer and metric; a layer that is not here has none.
    digits
        The last printed digit of each metric.
    panels
        Its figure.
    axes
        By layer, columns that are sizes as well.
    only
        By layer, the rows that make up its law, by a column's value: the others are single points.
    statements, readings
        What the source states of crossings, and values that were transcribed otherwise too.
    """

    file: str
    slug: str
    title: str
    citation: str
    hardware: str
    precision: str
    notes: Sequence[str]
    orders: Mapping[tuple[str, str], Order]
    digits: Mapping[str, Digit]
    panels: Sequence[Panel]
    axes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    only: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    statements: Sequence[Statement] = ()
    readings: Sequence[Reading] = ()


#: Names as the sources write them; a layer that is not here is called by its own.
NAMES = {
    "attention": "standard attention",
    "flash_attention": "FlashAttention",
    "linformer": "Linformer",
    "reformer": "Reformer",
    "block_sparse_flash_attention": "block-sparse FlashAttention",
    "retention_parallel": "retention, parallel",
    "retention_chunk": "retention, chunkwise",
    "retention_fused_chunk": "retention, fused chunkwise",
    "rnn": "RNN",
    "lstm": "LSTM",
    "gru": "GRU",
    "transformer": "Transformer",
    "local_attention": "local attention",
    "sinkhorn": "Sinkhorn Transformer",
    "synthesizer": "Synthesizer",
    "bigbird": "BigBird",
    "linear_transformer": "linear Transformer",
    "performer": "Performer",
}

_VASWANI = "Vaswani et al. 2017, table 1"
_FLASH = "Dao et al. 2022, theorem 1"
_RETENTION = "Sun et al. 2023; Yang et al. 2024"
_CROSS = "approximate attention begins to cross over with FlashAttention between 512 and 1024"
_OVERTAKES = "chunkwise retention overtakes FlashAttention-2 at about 1,400 to 1,750"
_READ_OFF = "read off the table by straight interpolation"


def _overtakes(layer: str) -> Statement:
    return Statement(_OVERTAKES, _READ_OFF, layer, "flash_attention", "forward", 1400, 1750)


def _recurrent(layer: str, title: str, axis: str, held: Mapping[str, float]) -> list[Panel]:
    return [
        Panel(f"{title}, {words}", mode, layer=layer, axis=axis, held=held)
        for mode, words in (
            ("forward", "forward"),
            ("backward_inputs", "gradient of inputs"),
            ("backward_weights", "gradient of weights"),
        )
    ]


SOURCES = (
    Source(
        file="flash-attention-2022.csv",
        slug="flash-attention",
        title="FlashAttention, 2022",
        citation="Dao, Fu, Ermon, Rudra, Ré 2022. FlashAttention: Fast and Memory-Efficient Exact "
        "Attention with IO-Awareness. NeurIPS. Appendix E.6, tables 18 (forward), 20 (forward and "
        "backward, called training here) and 21 (memory)",
        hardware="one NVIDIA A100 with 40 GB",
        precision="fp16; batch 16, 8 heads of 64",
        notes=(
            "n alone varies, so these laws say nothing of d.",
            "Times are printed in milliseconds with two decimals: the smallest have one digit.",
            "The fraction of blocks that block-sparse attention keeps is not in the table, so no "
            "order is expected of it; the paper speaks of n·√n or n·log n at long lengths.",
        ),
        orders={
            ("attention", "seconds"): Order("n**2*d", _VASWANI),
            ("attention", "peak_bytes"): Order("n**2", "Dao et al. 2022, section 2.2"),
            ("flash_attention", "seconds"): Order("n**2*d", _FLASH),
            ("flash_attention", "peak_bytes"): Order("n*d", f"{_FLASH}: inputs and outputs, and n"),
            ("linformer", "seconds"): Order("n*d", "Wang et al. 2020: projected to a fixed length"),
            ("reformer", "seconds"): Order("n*log(n)*d", "Kitaev et al. 2020: sorts its hashes"),
        },
        digits={
            "seconds": Digit(0.01, "ms", 1e-3),
            "peak_bytes": Digit(1, "MiB", 2.0**20),
        },
        panels=(
            Panel("time, forward", "forward"),
            Panel("time, forward and backward", "training"),
            Panel("peak memory", "training", metric="peak_bytes"),
        ),
        statements=(
            Statement(
                _CROSS,
                "Dao et al. 2022, section 4.3",
                "linformer",
                "flash_attention",
                "forward",
                512,
                1024,
            ),
            Statement(
                _CROSS,
                "Dao et al. 2022, section 4.3",
                "linformer",
                "flash_attention",
                "training",
                512,
                1024,
            ),
        ),
        readings=(Reading("flash_attention", "forward", 8192, 0.03554),),
    ),
    Source(
        file="flash-linear-attention-2024.csv",
        slug="flash-linear-attention",
        title="flash-linear-attention, 2024",
        citation="Yang, Zhang 2024. FLA: A Triton-Based Library for Hardware-Efficient "
        "Implementations of Linear Attention Mechanism. README of early 2024",
        hardware="one NVIDIA A100 with 80 GB",
        precision="batch 8, 32 heads of 128; the README names no type",
        notes=(
            "n alone varies. FlashAttention here is its second version (Dao 2023).",
            "Times are multiples of 1.024 µs, or of half of that: the clock's own step.",
            "Below n = 512 passes with gradients take about the same time at every length.",
        ),
        orders={
            ("flash_attention", "seconds"): Order("n**2*d", f"{_FLASH}; Dao 2023"),
            ("retention_parallel", "seconds"): Order("n**2*d", _RETENTION),
            ("retention_chunk", "seconds"): Order(
                "n*d**2", f"{_RETENTION}: chunks of fixed length"
            ),
            ("retention_fused_chunk", "seconds"): Order(
                "n*d**2", f"{_RETENTION}: chunks of fixed length"
            ),
        },
        digits={"seconds": Digit(1.024, "µs", 1e-6)},
        panels=(
            Panel("time, forward", "forward"),
            Panel("time, forward and backward", "training"),
        ),
        statements=(_overtakes("retention_chunk"), _overtakes("retention_fused_chunk")),
    ),
    Source(
        file="deepbench-v100.csv",
        slug="deepbench",
        title="DeepBench, 2017 to 2018",
        citation="Baidu Research. DeepBench: results of recurrent layers in training, Apache-2.0",
        hardware="one NVIDIA V100",
        precision="fp32",
        notes=(
            "n is the number of steps. The sizes are those of applications, not a grid: only the "
            "GRU's have several n for each d, with one batch. Those of the RNN and the LSTM vary "
            "d and the batch, which counts as a size here.",
            "The RNN has three widths and one n; the LSTM has three n, each with other widths.",
            "At these batches a step is a small matrix product whose weights are read anew, or "
            "kept on the chip, by kernels that switch with the size.",
        ),
        orders={
            ("rnn", "seconds"): Order("batch*n*d**2", _VASWANI),
            ("lstm", "seconds"): Order("batch*n*d**2", "Hochreiter & Schmidhuber 1997, section 4"),
            ("gru", "seconds"): Order("n*d**2", "Cho et al. 2014; " + _VASWANI),
        },
        digits={"seconds": Digit(0.001, "ms", 1e-3)},
        panels=(
            *_recurrent("gru", "GRU", "n", {}),
            *_recurrent("lstm", "LSTM, n = 25", "d", {"n": 25}),
            *_recurrent("rnn", "RNN, n = 50", "batch", {}),
        ),
        axes={"rnn": ("batch",), "lstm": ("batch",)},
        only={"gru": ("batch", 32)},
    ),
    Source(
        file="long-range-arena-2020.csv",
        slug="long-range-arena",
        title="Long Range Arena, 2020",
        citation="Tay et al. 2020. Long Range Arena: A Benchmark for Efficient Transformers. "
        "ICLR 2021. Table 2",
        hardware="TPU v3, 4 × 4 chips",
        precision="batch 32; the table names no type",
        notes=(
            "Whole models in training, not layers: embeddings, feed-forward layers and the "
            "optimiser are in every figure, so no order is expected and the laws are searched for.",
            "Four lengths, 1K to 4K, and laws of three or four free numbers: most say little, and "
            "that is the right answer. A polynomial that gives four rounded values exactly is no "
            "evidence either.",
            "The table prints steps per second with one decimal; a slow step is known to 4 %.",
        ),
        orders={},
        digits={
            "seconds": Digit(0.1, "steps per second", rate=True),
            "peak_bytes": Digit(0.01, "GB", 1e9),
        },
        panels=(
            Panel("time of a training step", "training"),
            Panel("peak memory", "training", metric="peak_bytes"),
        ),
    ),
)

#: Crossings that papers state of times which they only draw: nothing here can be held against them.
DRAWN = (
    ("Gu & Dao 2023 (Mamba)", "the scan is faster than FlashAttention-2 from n = 2K on"),
    ("Poli et al. 2023 (Hyena)", "as fast as attention at 2K, as FlashAttention at 4K to 8K"),
    ("Dao & Gu 2024 (Mamba-2)", "state-space duality is faster than FlashAttention-2 from 2K on"),
)
