"""The options of a run, shared by `layerlaw.run` and the command `layerlaw run`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ..analysis import MARGIN
from ..errors import LayerlawError
from ..layers import InputSpecification
from ..measure import Controls, Plan, plan

_GIB = 2**30


class OptionError(LayerlawError, ValueError):
    """Options that cannot be combined; the message names them."""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The options of a run; each has the name and the meaning of the command's option.

    Parameters
    ----------
    layers
        One name, several, or None for the layers of the textbook and torch's own.
    profile
        How much to measure: ``quick``, ``standard``, ``full`` or another of
        `planning.PROFILES`. None is ``standard``, or ``choice`` with `precision`.
    device, batch, dtype, threads, mode
        The settings of every case; see `measure.plan`.
    compile, tf32, graph, flush
        Whether to use torch.compile, TF32, CUDA graphs, and an empty level-2 cache; see
        `measure.Case`.
    timeout
        Limit of one measurement, in seconds; None is 300.
    memory
        Limit of one case, in GiB; None is 80 % of the free memory.
    isolate
        Whether to measure each layer in processes of its own.
    rounds, repeats
        Rounds over all points, and repeats in each; None is the profile's number.
    seed
        Seed of the order of points, the weights and the inputs.
    raw
        Whether to leave the memory allocator as it is.
    counts
        Whether to count FLOPs, parameters, sequential operations and path lengths.
    peaks
        Whether to measure peak memory; None is yes, unless `precision` is given.
    explain
        Whether to time the parts of passes and to calibrate the machine; None as for `peaks`.
    check
        Whether to measure again on both sides of each crossing; None as for `peaks`.
    claims
        Whether to test the statements of the course text; None is yes if `layers` and `precision`
        are None.
    precision
        Half-width of the exponents' 95 % intervals to reach by adaptive choice of points.
    budget
        Seconds after which the adaptive choice stops without that precision.
    expect
        Expected order of the time: an expression for a single layer, or one for each layer by name.
    inputs
        What a layer of your own takes, such as ``["tokens: int[batch, n] < 32000"]``, or that of
        each layer by name.
    multiple
        Sizes of a layer of your own that are multiples of a number, such as ``{"n": 64}``, or those
        of each layer by name.
    margin
        Largest deviation of an exponent that still matches theory.
    fresh
        Whether to measure again what the folder already holds.

    Raises
    ------
    OptionError
        If `budget` is given without `precision`, or one expression or one set of inputs for
        several layers.
    LayerError
        If an input is not of that form.

    Examples
    --------
    >>> options = RunOptions(layers="attention", expect="n**2*d")
    >>> options.expect, options.checks_crossings, options.tests_claims
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
    inputs: Sequence[str] | Mapping[str, Sequence[str]] | None = None
    multiple: Sequence[str] | Mapping[str, Any] | None = None
    margin: float = MARGIN
    fresh: bool = False

    def __post_init__(self) -> None:
        if self.budget is not None and self.precision is None:
            raise OptionError(
                f"budget={self.budget:g} needs precision, the half-width of intervals to reach"
            )
        if isinstance(self.layers, str):
            object.__setattr__(self, "layers", [self.layers])
        if isinstance(self.expect, str):
            if self.layers is None or len(set(self.layers)) != 1 or "all" in self.layers:
                raise OptionError(
                    f"expect={self.expect!r} needs a single layer; for several, write "
                    "{layer: expression}"
                )
            object.__setattr__(self, "expect", {self.layers[0]: self.expect})
        _ = self.told  # refuse a wrong input before measuring

    @property
    def expectations(self) -> Mapping[str, str]:
        """The expected orders by layer."""
        return self.expect if isinstance(self.expect, Mapping) else {}

    @property
    def memory_bytes(self) -> float | None:
        """Limit of one case, in bytes."""
        return None if self.memory is None else self.memory * _GIB

    @property
    def told(self) -> Mapping[str, InputSpecification]:
        """What is told of the inputs of layers, by layer."""
        inputs, multiples = self._by_layer("inputs"), self._by_layer("multiple")
        return {
            layer: InputSpecification.parse(inputs.get(layer, ()), multiples.get(layer, ()))
            for layer in {**inputs, **multiples}
        }

    def _by_layer(self, option: str) -> Mapping[str, Any]:
        """Return the values of an option by layer; of a single layer they may be given alone."""
        value, names = getattr(self, option), list(dict.fromkeys(self.layers or []))
        if not value:
            return {}
        if isinstance(value, Mapping) and not all(isinstance(each, int) for each in value.values()):
            for layer in value:
                if layer not in names:
                    raise OptionError(f"{option} of {layer!r}, which is not measured")
            return value
        if len(names) != 1 or names == ["all"]:
            raise OptionError(
                f"{option}={value!r} needs a single layer, or a value for each by name"
            )
        return {names[0]: value}

    @property
    def measures_peaks(self) -> bool:
        """Whether to measure peak memory."""
        return self._unless_precise(self.peaks)

    @property
    def times_parts(self) -> bool:
        """Whether to time the parts of passes and to calibrate the machine."""
        return self._unless_precise(self.explain)

    @property
    def checks_crossings(self) -> bool:
        """Whether to measure again on both sides of each crossing."""
        return self._unless_precise(self.check)

    @property
    def tests_claims(self) -> bool:
        """Whether to test the statements of the course text."""
        return self._unless_precise(self.claims) if not self.layers else bool(self.claims)

    def _unless_precise(self, option: bool | None) -> bool:
        return self.precision is None if option is None else option

    def plan(self) -> Plan:
        """Return the plan of the run; raises as `measure.plan` does."""
        switches = ("compile", "flush", "graph", "tf32")
        return plan(
            self.layers,
            profile=self.profile or ("standard" if self.precision is None else "choice"),
            device=self.device,
            batch=self.batch,
            dtype=self.dtype,
            threads=self.threads,
            mode=self.mode,
            options=[name for name in switches if getattr(self, name)],
            rounds=self.rounds,
            repeats=self.repeats,
            seed=self.seed,
            raw=self.raw,
            seconds=self.timeout,
            memory=self.memory_bytes,
            controls=Controls(isolation=self.isolate),
        )

    def python_call(self) -> str:
        """Return the call of `layerlaw.run` with these options, as text.

        >>> RunOptions(layers=["rnn"], profile="quick").python_call()
        "layerlaw.run('rnn', profile='quick')"
        """
        changed: dict[str, Any] = {
            each.name: value
            for each in fields(self)
            if (value := getattr(self, each.name)) != each.default
        }
        layers = changed.pop("layers", ())
        arguments = [*map(repr, layers), *(f"{name}={value!r}" for name, value in changed.items())]
        return f"layerlaw.run({', '.join(arguments)})"
