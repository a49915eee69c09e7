"""A case (one layer at one point of its sizes) and a measurement of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal

from .metric import SECONDS

Status = Literal["ok", "invalid", "oom", "timeout", "error", "skipped"]

#: Options of how a pass is run. ``compile``: through torch.compile; ``tf32``: float32 products in
#: TF32; ``graph``: as one CUDA graph, without the cost of launching each kernel; ``flush``: with
#: the GPU's level-2 cache flushed beforehand.
OPTIONS = ("compile", "flush", "graph", "tf32")
#: The options that apply to GPUs only.
CUDA_OPTIONS = ("flush", "graph", "tf32")


@dataclass(frozen=True)
class Case:
    """One point to measure.

    Parameters
    ----------
    layer
        Its registered name.
    sizes
        The layer's axes, by letter: ``{"n": 256, "d": 64}``.
    batch
        Sequences per pass.
    dtype
        Name of the torch dtype of inputs and weights.
    device
        ``cpu`` or ``cuda``.
    threads
        Threads that torch may use within one operation.
    mode
        The pass that is measured: ``forward``, ``backward`` (the gradients only) or ``training``
        (both).
    options
        How the pass is run: some of `OPTIONS`.
    """

    layer: str
    sizes: Mapping[str, int]
    batch: int = 1
    dtype: str = "float32"
    device: str = "cpu"
    threads: int = 1
    mode: str = "forward"
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if unknown := [each for each in self.options if each not in OPTIONS]:
            raise ValueError(f"no option is called {unknown[0]!r}; there are: {', '.join(OPTIONS)}")
        object.__setattr__(self, "options", tuple(sorted(set(self.options))))

    @cached_property
    def key(self) -> str:
        """The case in one line, the same for equal cases whatever the order of their sizes.

        >>> Case("attention", {"n": 256, "d": 64}).key
        'attention d=64 n=256 batch=1 float32 cpu threads=1 forward'
        """
        sizes = " ".join(f"{letter}={self.sizes[letter]}" for letter in sorted(self.sizes))
        mode = "+".join([self.mode, *self.options])
        return (
            f"{self.layer} {sizes} batch={self.batch} {self.dtype} {self.device} "
            f"threads={self.threads} {mode}"
        )

    @classmethod
    def parse(cls, key: str) -> Case:
        """Read a case from its key, which other tools store as the name of a parameter.

        Raises
        ------
        ValueError
            If it is not the key of a case.

        Examples
        --------
        >>> Case.parse("attention d=64 n=256 batch=1 float32 cpu threads=1 forward").sizes
        {'d': 64, 'n': 256}
        """
        try:
            layer, *given, dtype, device, threads, mode = key.split(" ")
            numbers = {name: int(value) for name, value in (one.split("=") for one in given)}
            mode, *options = mode.split("+")
            case = cls(
                layer,
                batch=numbers.pop("batch"),
                sizes=numbers,
                dtype=dtype,
                device=device,
                threads=int(threads.removeprefix("threads=")),
                mode=mode,
                options=tuple(options),
            )
        except (ValueError, KeyError):
            case = None
        if case is None or case.key != key:
            raise ValueError(f"not the key of a case: {key!r}")
        return case

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.key

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name, as JSON holds them; ``Case(**fields)`` gives the case back."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True)
class Measurement:
    """The result of measuring one case once.

    Parameters
    ----------
    case
        The case.
    process
        Number of the process that measured it, counted from 0 within its run.
    round
        Number of the round, counted from 0 over the whole run.
    values
        The raw repeats, in seconds per pass; empty unless the status is ``ok``.
    status
        ``ok``; ``invalid`` where the output holds NaN or infinity; ``oom`` where memory ran out;
        ``timeout`` where it took too long; ``skipped`` where it was predicted that it would exceed
        a limit; ``error`` for any other exception.
    note
        Why it failed, or the share of subnormal numbers; empty otherwise.
    metric
        Name of the metric of the values.
    """

    case: Case
    process: int
    round: int
    values: tuple[float, ...] = ()
    status: Status = "ok"
    note: str = ""
    metric: str = SECONDS.name
