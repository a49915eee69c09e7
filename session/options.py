"""What decides a run: the options of `layerlaw run`, for Python as for the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ..analysis import MARGIN
from ..errors import LayerlawError
from ..measure import Controls, Plan, plan

_GIB = 2**30


class OptionError(LayerlawError, ValueError):
    """Options that do not go together; the message names them."""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What a run is to do; each has the name and the meaning of the command's option.

    Parameters
    ----------
    layers
        One name, several, or None for the layers of the textbook and torch's own.
    profile
        How much is measured: ``quick``, ``standard``, ``full`` or another of `grid.PROFILES`; None
        for ``standard``, or with `precision` for the points to choose from.
    device, batch, dtype, threads, mode
        Of every case; see `measure.plan`.
    compile, tf32, graph, flush
        How passes are run otherwise than torch does by itself; see `measure.Case`.
    timeout, memory
        Most for one measurement, in seconds, and for one case, in GiB.
    isolate
        Whether each layer is measured in processes of its own.
    rounds, repeats
        Instead of the profile's.
    seed
        Of the order of points, the weights and the inputs.
    raw
        Whether the memory allocator is left as it is.
    counts
        Whether FLOPs, parameters, sequential operations and path lengths are counted.
    peaks, explain, check
        Whether peak memory is measured, the parts of passes are timed and the machine is
        calibrated, and crossings are measured anew; None for yes, unless `precision` is given.
    claims
        Whether the statements of the course text are tested; None for yes where `layers` and
        `precision` are None.
    precision, budget
        Half-width of the exponents' intervals that is to be reached by choosing points, and
        seconds after which it is enough.
    expect
        Order of the time that is expected: of the one layer, or by layer.
    margin
        Largest deviation of an exponent that still matches theory.
    fresh
        Whether to measure anew what is in the folder already.

    Raises
    ------
    OptionError
        If there is a `budget` without a `precision`, or one expectation for several layers.

    Examples
    --------
    >>> options = RunOptions(layers="attention", expect="n**2*d")
    >>> options.expect, options.checks, options.tests_claims
    ({'attention': 'n**2*d'}, True, False)
    """

    layers: str | Sequence[str] | None = None
    profile: str | None = None
    device: str = "cpu"
    batch: int = 1
    dtype: str = "float32"
    threads: int = 1
    mode: str | Sequence[str] = "forward"
    compile: bool = False
    tf32: bool = False
    graph: bool = False
    flush: bool = False
    timeout: float | None = None
    memory: float | None = None
    isolate: bool = True
    rounds: int | None = None
    repeats: int | None = None
    seed: int = 0
    raw: bool = False
    counts: bool = True
    peaks: bool | None = None
    explain: bool | None = None
    check: bool | None = None
    claims: bool | None = None
    precision: float | None = None
    budget: float | None = None
    expect: str | Mapping[str, str] | None = None
    margin: float = MARGIN
    fresh: bool = False

    def __post_init__(self) -> None:
        if self.budget is not None and self.precision is None:
            raise OptionError("budget goes with precision: say how well exponents are to be known")
        if isinstance(self.layers, str):
            object.__setattr__(self, "layers", [self.layers])
        if isinstance(self.expect, str):
            if self.layers is None or len(set(self.layers)) != 1 or "all" in self.layers:
                raise OptionError(
                    f"expect {self.expect!r}: of several layers, write it as {{layer: expression}}"
                )
            object.__setattr__(self, "expect", {self.layers[0]: self.expect})

    @property
    def expected(self) -> Mapping[str, str]:
        """What is expected, by layer."""
        return self.expect if isinstance(self.expect, Mapping) else {}

    @property
    def measures_peaks(self) -> bool:
        """Whether peak memory is measured."""
        return self._unless_precise(self.peaks)

    @property
    def explains(self) -> bool:
        """Whether parts of passes are timed, and the machine is calibrated."""
        return self._unless_precise(self.explain)

    @property
    def checks(self) -> bool:
        """Whether crossings are measured anew."""
        return self._unless_precise(self.check)

    @property
    def tests_claims(self) -> bool:
        """Whether the statements of the course text are tested."""
        return self._unless_precise(self.claims) if not self.layers else bool(self.claims)

    def _unless_precise(self, chosen: bool | None) -> bool:
        return self.precision is None if chosen is None else chosen

    def plan(self) -> Plan:
        """Plan the run; it raises as `measure.plan` does."""
        ways = ("compile", "flush", "graph", "tf32")
        return plan(
            self.layers,
            profile=self.profile or ("standard" if self.precision is None else "choice"),
            device=self.device,
            batch=self.batch,
            dtype=self.dtype,
            threads=self.threads,
            mode=self.mode,
            options=[way for way in ways if getattr(self, way)],
            rounds=self.rounds,
            repeats=self.repeats,
            seed=self.seed,
            raw=self.raw,
            seconds=self.timeout,
            memory=None if self.memory is None else self.memory * _GIB,
            controls=Controls(isolation=self.isolate),
        )

    def call(self) -> str:
        """Give the call of `layerlaw.run` with these options.

        >>> RunOptions(layers=["rnn"], profile="quick").call()
        "layerlaw.run('rnn', profile='quick')"
        """
        changed: dict[str, Any] = {
            each.name: value
            for each in fields(self)
            if (value := getattr(self, each.name)) != each.default
        }
        layers = changed.pop("layers", ())
        given = [*map(repr, layers), *(f"{name}={value!r}" for name, value in changed.items())]
        return f"layerlaw.run({', '.join(given)})"
