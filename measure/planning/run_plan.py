"""The plan of a run: the cases of its layers and profile, and their order in each round."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypedDict, Unpack

from ...errors import LayerlawError
from ...layers import get, select_layers, source_digest, torch
from ..cases import CUDA_OPTIONS, Case
from ..timing import MODES, Controls
from .grid import grid_points
from .profiles import profile_of
from .resource_limits import ResourceLimits

#: Values of `device`; ``all`` means every available one.
DEVICES = ("cpu", "cuda")


#: Processes that measure each layer on each device, one after another.
PROCESSES = 3

#: Cases of one process that follow one another in a round.
CASES_IN_A_ROW = 8

#: Dtypes of weights and inputs.
DTYPES = ("float32", "float64", "bfloat16", "float16")


class DeviceUnavailable(LayerlawError):
    """The requested device is not available; the message is one line."""


@dataclass(frozen=True)
class Plan:
    """Everything that determines a run; the same plan on the same machine resumes the run.

    So does a plan that differs in its number of rounds alone.

    Parameters
    ----------
    cases
        The cases, layer by layer.
    rounds
        How often all cases are measured, each time in a new order.
    repeats
        Timings per case and round, fewer where a pass is long.
    seed
        Seed of the order, the weights and the inputs.
    controls
        The stabilisation controls.
    limits
        Limits of one measurement.
    processes
        How many processes share the rounds of a layer on a device.
    """

    cases: tuple[Case, ...]
    rounds: int = 5
    repeats: int = 5
    seed: int = 0
    controls: Controls = field(default_factory=Controls)
    limits: ResourceLimits = field(default_factory=ResourceLimits)
    processes: int = PROCESSES

    @property
    def layers(self) -> list[str]:
        """Names of the layers, in order."""
        return list(dict.fromkeys(case.layer for case in self.cases))

    @property
    def total(self) -> int:
        """Number of measurements."""
        return len(self.cases) * self.rounds

    def settings(self) -> dict[str, Any]:
        """Return the plan as JSON, by which the store recognises a run.

        The rounds are left out, so that more of them resume a run with fewer.
        """
        settings = {**asdict(self), "cases": [case.as_dict() for case in self.cases]}
        del settings["rounds"]
        # Existing stores recognise their runs by these keys.
        settings["budget"] = settings.pop("limits")
        settings["controls"]["calm"] = settings["controls"].pop("noise_gate")
        # An external layer whose source has changed is another layer.
        texts = {name: text for name in self.layers if (text := source_digest(name))}
        return {**settings, "texts": texts} if texts else settings

    def order(self, round: int) -> list[Case]:
        """Return the cases in the order of a round, shuffled over all layers, anew for each round.

        Drift of the machine then affects all points alike, and becomes spread between a point's
        rounds instead of a bias along an axis. Up to `CASES_IN_A_ROW` of a layer follow one
        another, since they share a process: to wake another takes as long as to measure a small
        case.
        """
        cases = list(self.cases)
        random.Random(f"{self.seed}/{round}").shuffle(cases)
        runs: dict[tuple[str, str], list[list[Case]]] = {}
        order: list[list[Case]] = []
        for case in cases:
            own = runs.setdefault((case.layer, case.device), [])
            if not own or len(own[-1]) == CASES_IN_A_ROW:
                own.append([])
                order.append(own[-1])  # where the first of them stands
            own[-1].append(case)
        return [case for run in order for case in run]

    def measurements(self) -> Iterator[tuple[int, Case]]:
        """Yield the round and the case of every measurement, in order.

        The order is round by round, or case by case where interleaving is off.
        """
        if not self.controls.interleaving:
            yield from ((round, case) for case in self.cases for round in range(self.rounds))
            return
        for round in range(self.rounds):
            for case in self.order(round):
                yield round, case

    def generation(self, round: int) -> int:
        """Return which of a layer's processes measures a round, from 0; they share rounds evenly.

        The last process measures further rounds, which an adaptive run may have.
        """
        if not self.controls.interleaving:
            return 0  # each case starts again with the first round
        processes = min(self.processes, self.rounds)
        return min(round * processes // self.rounds, processes - 1)


class CaseFields(TypedDict, total=False):
    """Fields that all cases of a plan share."""

    batch: int
    dtype: str
    threads: int
    options: Sequence[str]


def plan(
    layers: str | Sequence[str] | None = None,
    *,
    profile: str = "standard",
    device: str = "cpu",
    mode: str | Sequence[str] = "forward",
    rounds: int | None = None,
    repeats: int | None = None,
    seed: int = 0,
    raw: bool = False,
    seconds: float | None = None,
    memory: float | None = None,
    controls: Controls | None = None,
    **fields: Unpack[CaseFields],
) -> Plan:
    """Plan a run.

    Parameters
    ----------
    layers
        A layer's name, several, ``all`` layers, or None for `layers.CORE`.
    profile
        Name of a profile, of `PROFILES`.
    device
        ``cpu``, ``cuda``, or ``all`` that are available.
    mode
        The passes: one or several of ``forward``, ``backward`` and ``training``.
    rounds, repeats
        Rounds and repeats, if not those of the profile.
    seed
        Seed of the order, the weights and the inputs.
    raw
        Do not control the memory allocator.
    seconds, memory
        Limits of one measurement, in seconds and bytes, if not those of `ResourceLimits`.
    controls
        The stabilisation controls, all by default; `threads` and `raw` override theirs.
    fields
        `batch`, `dtype`, `threads` and `options` of every case; see `Case`.

    Raises
    ------
    KeyError
        If a layer is not registered.
    ValueError
        If the profile, the device, the dtype, a mode or an option is unknown or does not apply to
        the device, or a count is below 1.
    DeviceUnavailable
        If CUDA is requested and not available.

    Examples
    --------
    >>> made = plan("attention", profile="quick", mode=["forward", "training"])
    >>> made.cases[0].layer, sorted({case.mode for case in made.cases})
    ('attention', ['forward', 'training'])
    """
    grid = profile_of(profile)
    batch, threads = fields.get("batch", Case.batch), fields.get("threads", Case.threads)
    dtype, options = fields.get("dtype", Case.dtype), fields.get("options", Case.options)
    counts = {"batch": batch, "threads": threads, "rounds": rounds, "repeats": repeats}
    for name, count in counts.items():
        if count is not None and count < 1:
            raise ValueError(f"{name} must be at least 1, not {count}")
    if dtype not in DTYPES:
        raise ValueError(f"no dtype is called {dtype!r}; there are: {', '.join(DTYPES)}")
    modes = [mode] if isinstance(mode, str) else list(mode)
    if unknown := [each for each in modes if each not in MODES]:
        raise ValueError(f"no mode is called {unknown[0]!r}; there are: {', '.join(MODES)}")
    if device == "cpu" and (unusable := [each for each in options if each in CUDA_OPTIONS]):
        raise ValueError(f"the option {unusable[0]!r} is for CUDA only, and the device is cpu")
    held = controls or Controls()
    cases = (
        Case(layer, sizes, batch, dtype, where, threads, each, _applicable(options, where))
        for where in _devices(device)
        for each in modes
        for layer in select_layers(layers)
        for sizes in grid_points(get(layer), grid, where)
    )
    return Plan(
        tuple(dict.fromkeys(cases)),  # a layer named twice is measured once
        rounds=grid.rounds if rounds is None else rounds,
        repeats=grid.repeats if repeats is None else repeats,
        seed=seed,
        controls=replace(held, threads=threads, allocator=held.allocator and not raw),
        limits=ResourceLimits(ResourceLimits.seconds if seconds is None else seconds, memory),
    )


def _applicable(options: Sequence[str], device: str) -> tuple[str, ...]:
    """Return the options that apply to a device."""
    return tuple(each for each in options if device != "cpu" or each not in CUDA_OPTIONS)


def _devices(device: str) -> list[str]:
    if device == "cpu":
        return ["cpu"]  # without loading torch
    if device not in (*DEVICES, "all"):
        raise ValueError(f"no device is called {device!r}; there are: {', '.join(DEVICES)}, all")
    if torch.cuda.is_available():
        return ["cuda"] if device == "cuda" else list(DEVICES)
    if device == "all":
        return ["cpu"]
    raise DeviceUnavailable(
        "CUDA is not available: torch finds no CUDA device, or was built without CUDA; "
        "use --device cpu"
    )
