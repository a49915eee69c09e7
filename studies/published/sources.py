"""The sources of published measurements, with theory's orders and the crossings that papers state.

All numbers here are from the papers: the sizes of a crossing, the last printed digits. Everything
else on the page comes from the fits.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...measure import PEAK_BYTES, SECONDS
from .source import MODES, Digit, Order, Panel, Source, StatedCrossing, Transcription

_NAMES = {
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

#: Models whose time grows steeply, and the others, each in a panel.
_STEEP = ("transformer", "synthesizer", "bigbird", "reformer")
_FLAT = ("local_attention", "linformer", "sinkhorn", "linear_transformer", "performer")

_VASWANI = "Vaswani et al. 2017, table 1"
_FLASH = "Dao et al. 2022, theorem 1"
_RETENTION = "Sun et al. 2023; Yang et al. 2024"
_CROSS = "approximate attention begins to cross over with FlashAttention between 512 and 1024"
_OVERTAKES = "chunkwise retention overtakes FlashAttention-2 at about 1,400 to 1,750"
_READ_OFF = "read off the same table, so it tests the laws by their own points"


def _overtakes(layer: str) -> StatedCrossing:
    return StatedCrossing(_OVERTAKES, _READ_OFF, layer, "flash_attention", "forward", 1400, 1750)


def _recurrent(layer: str, title: str, axis: str, fixed: Mapping[str, float]) -> list[Panel]:
    return [
        Panel(f"{title}, {MODES.get(mode, mode)}", mode, layers=(layer,), axis=axis, fixed=fixed)
        for mode in ("forward", "backward_inputs", "backward_weights")
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
            "Only n varies, so these laws say nothing about d.",
            "Times are printed in milliseconds with two decimals: the smallest have one digit.",
            "The table does not give the fraction of blocks that block-sparse attention computes, "
            "so no order is expected; the paper mentions n·√n or n·log n at large n.",
        ),
        orders={
            ("attention", SECONDS.name): Order("n**2*d", _VASWANI),
            ("attention", PEAK_BYTES.name): Order("n**2", "Dao et al. 2022, section 2.2"),
            ("flash_attention", SECONDS.name): Order("n**2*d", _FLASH),
            ("flash_attention", PEAK_BYTES.name): Order(
                "n*d", f"{_FLASH}: inputs and outputs, and n"
            ),
            ("linformer", SECONDS.name): Order(
                "n*d", "Wang et al. 2020: projected to a fixed length"
            ),
            ("reformer", SECONDS.name): Order("n*log(n)*d", "Kitaev et al. 2020: sorts hashes"),
        },
        digits={
            SECONDS.name: Digit(0.01, "ms", 1e-3),
            PEAK_BYTES.name: Digit(1, "MiB", 2.0**20),
        },
        panels=(
            Panel("time, forward", "forward"),
            Panel("time, forward and backward", "training"),
            Panel("peak memory", "training", metric=PEAK_BYTES.name),
        ),
        names=_NAMES,
        statements=(
            StatedCrossing(
                _CROSS,
                "Dao et al. 2022, section 4.3",
                "linformer",
                "flash_attention",
                "forward",
                512,
                1024,
            ),
            StatedCrossing(
                _CROSS,
                "Dao et al. 2022, section 4.3",
                "linformer",
                "flash_attention",
                "training",
                512,
                1024,
            ),
        ),
        transcriptions=(Transcription("flash_attention", "forward", 8192, 0.03554),),
    ),
    Source(
        file="flash-linear-attention-2024.csv",
        slug="flash-linear-attention",
        title="flash-linear-attention, 2024",
        citation="Yang, Zhang 2024. FLA: A Triton-Based Library for Hardware-Efficient "
        "Implementations of Linear Attention Mechanism. README of early 2024",
        hardware="one NVIDIA A100 with 80 GB",
        precision="batch 8, 32 heads of 128; the README does not state the data type",
        notes=(
            "Only n varies. FlashAttention here is its second version (Dao 2023).",
            "Times are multiples of 1.024 µs, or of half of that: the resolution of the clock.",
            "Below n = 512 forward and backward passes take about the same time at every length.",
        ),
        orders={
            ("flash_attention", SECONDS.name): Order("n**2*d", f"{_FLASH}; Dao 2023"),
            ("retention_parallel", SECONDS.name): Order("n**2*d", _RETENTION),
            ("retention_chunk", SECONDS.name): Order(
                "n*d**2", f"{_RETENTION}: chunks of fixed length"
            ),
            ("retention_fused_chunk", SECONDS.name): Order(
                "n*d**2", f"{_RETENTION}: chunks of fixed length"
            ),
        },
        digits={SECONDS.name: Digit(1.024, "µs", 1e-6)},
        panels=(
            Panel("time, forward", "forward"),
            Panel("time, forward and backward", "training"),
        ),
        names=_NAMES,
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
            "GRU has several n for each d, with one batch size. For the RNN and the LSTM d and the "
            "batch size vary, so the batch size is an axis of their laws.",
            "The RNN has three widths and one n; the LSTM has three n, each with different widths. "
            "The GRU's only point with another batch size is left out; two of its widths have a "
            "single n and are fitted but not drawn.",
            "At these batch sizes a step is a small matrix product, whose weights are read again "
            "in each step or stay on the chip, by kernels that change with the size.",
        ),
        orders={
            ("rnn", SECONDS.name): Order("batch*n*d**2", _VASWANI),
            ("lstm", SECONDS.name): Order(
                "batch*n*d**2", "Hochreiter & Schmidhuber 1997, section 4"
            ),
            ("gru", SECONDS.name): Order("n*d**2", "Cho et al. 2014; " + _VASWANI),
        },
        digits={SECONDS.name: Digit(0.001, "ms", 1e-3)},
        panels=(
            *_recurrent("gru", "GRU", "n", {}),
            *_recurrent("lstm", "LSTM, n = 25", "d", {"n": 25}),
            *_recurrent("rnn", "RNN, n = 50", "batch", {}),
        ),
        names=_NAMES,
        axes={"rnn": ("batch",), "lstm": ("batch",)},
        row_filters={"gru": ("batch", 32)},
    ),
    Source(
        file="long-range-arena-2020.csv",
        slug="long-range-arena",
        title="Long Range Arena, 2020",
        citation="Tay et al. 2020. Long Range Arena: A Benchmark for Efficient Transformers. "
        "ICLR 2021. Table 2",
        hardware="TPU v3, 4 × 4 chips",
        precision="batch 32; the table does not state the data type",
        notes=(
            "Training steps of whole models, not layers: every value includes embeddings, "
            "feed-forward layers and the optimiser, so no order is expected and laws are searched "
            "for.",
            "Four lengths, 1K to 4K, for laws of three or four parameters: most intervals are "
            "wide, as they should be. A polynomial that gives four rounded values exactly is no "
            "evidence either.",
            "The table prints steps per second with one decimal, so slow steps are known to 4 %.",
        ),
        orders={},
        digits={
            SECONDS.name: Digit(0.1, "steps per second", rate=True),
            PEAK_BYTES.name: Digit(0.01, "GB", 1e9),
        },
        modes={"training": "training step"},
        panels=(
            Panel("time of a training step", "training", layers=_STEEP),
            Panel("peak memory", "training", metric=PEAK_BYTES.name, layers=_STEEP),
            Panel("time of a training step, the others", "training", layers=_FLAT),
            Panel("peak memory, the others", "training", metric=PEAK_BYTES.name, layers=_FLAT),
        ),
        names=_NAMES,
    ),
)

#: Papers that state a crossing but only plot their times, and the statement.
PLOTTED_ONLY = (
    ("Gu & Dao 2023 (Mamba)", "the scan is faster than FlashAttention-2 from n = 2K on"),
    ("Poli et al. 2023 (Hyena)", "as fast as attention at 2K, as FlashAttention at 4K to 8K"),
    ("Dao & Gu 2024 (Mamba-2)", "state-space duality is faster than FlashAttention-2 from 2K on"),
)

#: Papers cited above that are not the source of a table.
PAPERS = (
    "Cho et al. 2014. Learning phrase representations using RNN encoder–decoder. EMNLP.",
    "Dao 2023. FlashAttention-2: faster attention with better parallelism and work partitioning.",
    "Dao, Gu 2024. Transformers are SSMs. ICML.",
    "Gu, Dao 2023. Mamba: linear-time sequence modeling with selective state spaces.",
    "Hochreiter, Schmidhuber 1997. Long short-term memory. Neural Computation 9.",
    "Kitaev, Kaiser, Levskaya 2020. Reformer: the efficient Transformer. ICLR.",
    "Poli et al. 2023. Hyena hierarchy: towards larger convolutional language models. ICML.",
    "Sun et al. 2023. Retentive network: a successor to Transformer for large language models.",
    "Vaswani et al. 2017. Attention is all you need. NeurIPS.",
    "Wang et al. 2020. Linformer: self-attention with linear complexity.",
    "Yang et al. 2024. Gated linear attention Transformers with hardware-efficient training. ICML.",
)
