"""Measure one case: build it, check its output, time it; a failure becomes a measurement too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

from ...layers import get, torch
from ...messages import error_line
from ..cases import Case, Measurement, Status
from .clocks import Clock, clock_for, time_repeats
from .modes import MODES, Pass, gradient_mode
from .options import capture_graph, compile_module, float32_precision
from .stabilisation import DEFAULT, Controls, no_garbage_collection

if TYPE_CHECKING:
    from torch import Tensor, nn


class PassMaker(Protocol):
    """Prepares a case's pass, as `prepare_pass` does."""

    def __call__(self, case: Case, seed: int = 0, *, zeros: bool = False) -> Pass:
        """Return the pass."""


def measure(
    case: Case,
    *,
    process: int = 0,
    round: int = 0,
    repeats: int = 1,
    seed: int = 0,
    clock: Clock | None = None,
    controls: Controls = DEFAULT,
    note: str | None = None,
    maker: PassMaker | None = None,
) -> Measurement:
    """Measure one case once.

    Parameters
    ----------
    case
        The case.
    process, round
        Numbers of process and round, which the measurement is stored under.
    repeats
        Raw values to take, fewer where a pass is long.
    seed
        Seed of weights and inputs.
    clock
        A clock instead of the device's.
    controls
        Stabilisation while timing; the caller puts those of a process in force.
    note
        Note on the output from an earlier round; the output is then not checked again.
    maker
        Prepares the pass, with the same weights and inputs for the same seed.

    Returns
    -------
    Measurement
        The measurement; its status is not ``ok`` if the case raised or its output is not finite.

    Examples
    --------
    >>> from layerlaw.measure import Case
    >>> made = measure(Case("dense", {"n": 64, "d": 32}), repeats=3)
    >>> made.status, 0 < min(made.values) < 1.0  # seconds
    ('ok', True)
    """
    values: tuple[float, ...] = ()
    status: Status = "ok"
    try:
        clock = clock or clock_for(case.device, flush="flush" in case.options)
        with ready_pass(case, seed, controls, note, maker, clock) as (call, note):
            values = time_repeats(call, clock, repeats=repeats)
    except InvalidOutput as error:
        status, note = "invalid", str(error)
    except Exception as error:  # a layer may raise anything; it becomes the measurement's note
        status, note = failure_of(error)
    return Measurement(case, process, round, values, status, note or "")


class InvalidOutput(Exception):
    """The output of a case has NaN or infinity; the message says how many."""


@contextmanager
def ready_pass(
    case: Case,
    seed: int = 0,
    controls: Controls = DEFAULT,
    note: str | None = None,
    maker: PassMaker | None = None,
    clock: Clock | None = None,
) -> Iterator[tuple[Pass, str]]:
    """Prepare a case and check its pass; inside the block it can be timed.

    It is built and checked once, with the garbage collector off; the checked pass warms up, and is
    timed by the clock if there is one. The `Controls` of a process are put in force by the caller,
    for many cases.

    Yields
    ------
    callable, str
        The pass, and a note on its output or gradients.

    Raises
    ------
    InvalidOutput
        If output or gradients are not finite.
    """
    quiet = no_garbage_collection() if controls.collection else nullcontext()
    with quiet, float32_precision(case), gradient_mode(case.mode):
        call = (maker or prepare_pass)(case, seed, zeros=not controls.inputs)
        if note is None:
            note = _check_pass(call, case.mode, clock)
        yield call, note


def _check_pass(call: Pass, mode: str, clock: Clock | None) -> str:
    """Run a pass, which warms up, and return a note on its output or gradients."""
    made: list[Tensor] = []

    def first() -> None:
        made.extend(call())

    if clock is None:
        first()
    else:
        clock(first, 1)
    status, note = check_output(tuple(made), "output" if mode == "forward" else "gradients")
    if status != "ok":
        raise InvalidOutput(note)
    return note


def module_of(case: Case, seed: int) -> nn.Module:
    """Build a case's module, the same for the same seed."""
    _seed(case.device, seed)
    with torch.device(case.device):  # weights are drawn on the device, as inputs are
        return get(case.layer).build(case.sizes).to(case.device, getattr(torch, case.dtype))


def inputs_of(case: Case, seed: int, device: str | None = None) -> tuple[Tensor, ...]:
    """Make a case's inputs, the same for the same seed, on its device or another."""
    return get(case.layer).make_inputs(
        case.sizes,
        batch=case.batch,
        dtype=getattr(torch, case.dtype),
        device=device or case.device,
        seed=seed,
    )


def prepare_pass(
    case: Case,
    seed: int = 0,
    *,
    zeros: bool = False,
    module: Callable[[Case, int], nn.Module] = module_of,
    inputs: Callable[[Case, int], tuple[Tensor, ...]] = inputs_of,
) -> Pass:
    """Build a case's module and inputs, and return its pass.

    Parameters
    ----------
    case, seed
        The case, and the seed of its weights and inputs.
    zeros
        Whether inputs are zeros.
    module, inputs
        Functions that make the module and the inputs.

    Raises
    ------
    KeyError
        If the case's layer does not exist.
    ValueError
        If a size does not fit the layer, or the mode is unknown.
    """
    if case.mode not in MODES:
        raise ValueError(f"no mode is called {case.mode!r}; there are: {', '.join(MODES)}")
    made = module(case, seed)
    if "compile" in case.options:
        made = compile_module(made)
    given = inputs(case, seed)
    if zeros:
        # A mask of zeros could mask whole rows.
        given = tuple(x if x.dtype == torch.bool else torch.zeros_like(x) for x in given)
    call = MODES[case.mode](made, given)
    return capture_graph(call) if "graph" in case.options else call


def _seed(device: str, seed: int) -> None:
    """Seed the generator of a device; `torch.manual_seed` seeds all devices, which takes 1 ms."""
    torch.default_generator.manual_seed(seed)
    if device == "cuda":
        torch.cuda.manual_seed(seed)


def check_output(made: tuple[Tensor, ...], what: str = "output") -> tuple[Status, str]:
    """Check a pass's output or gradients: return a status, and a note if they are unusual."""
    size = sum(each.numel() for each in made)
    if bad := size - sum(int(torch.count_nonzero(torch.isfinite(each))) for each in made):
        return "invalid", f"{bad} of {size} numbers of the {what} are NaN or infinite"
    if share := sum(subnormal_share(each) * each.numel() for each in made) / size:
        return "ok", f"{share:.2%} of the {what} is subnormal"
    return "ok", ""


def subnormal_share(values: Tensor) -> float:
    """Return the share of subnormal numbers, from 0 to 1.

    It reads the bits: if subnormal numbers are flushed, a comparison takes them for zero.
    """
    whole = {2: torch.int16, 4: torch.int32, 8: torch.int64}[values.element_size()]
    bits = values.contiguous().view(whole) & torch.iinfo(whole).max  # without the sign
    smallest = torch.tensor(torch.finfo(values.dtype).tiny, dtype=values.dtype).view(whole).item()
    return int(torch.count_nonzero((bits > 0) & (bits < smallest))) / values.numel()


def failure_of(error: Exception) -> tuple[Status, str]:
    """Return the status of an exception, ``oom`` or ``error``, and its message in one line."""
    message = error_line(error)
    # torch's CPU allocator reports a lack of memory as a RuntimeError.
    out_of_memory = isinstance(error, MemoryError | torch.OutOfMemoryError)
    status: Status = "oom" if out_of_memory or "allocate memory" in message else "error"
    return status, message
