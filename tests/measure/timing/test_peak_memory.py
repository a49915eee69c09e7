"""Peak memory: by hand for passes whose allocations are known, and the same every time."""

import gc
from dataclasses import replace

import pytest
import torch
from layerlaw.layers import get, names
from layerlaw.layers.core.theory import subs
from layerlaw.measure import Case
from layerlaw.measure.timing.peak_memory import (
    CudaMeter,
    HostMeter,
    allocations,
    measure_memory,
    meter_for,
    peak_bytes,
)
from sympy import Max, ceiling

from tests.helpers.sizes import complete

FLOAT = 4  # bytes
GRID = [(n, d) for n in (16, 32, 96, 272) for d in (16, 48, 128)]


def bytes_of(layer, mode="forward", threads=1, **sizes):
    result = peak_bytes(Case(layer, sizes, mode=mode, threads=threads))
    assert result.status == "ok", result.note
    (value,) = result.values
    return value


@pytest.mark.parametrize(("n", "d"), GRID)
def test_attention_holds_scores_weights_and_output(n, d):
    # Scores and weights while the softmax runs; the scores are alive until the end of the pass.
    assert bytes_of("attention", n=n, d=d) == FLOAT * (2 * n**2 + n * d)


@pytest.mark.parametrize(("n", "d"), GRID)
def test_a_recurrent_layer_holds_its_states_twice(n, d):
    # Step by step, and stacked; the first step's h and h·Wᵀ live shorter than the stack.
    assert bytes_of("rnn", n=n, d=d) == FLOAT * 2 * n * d


@pytest.mark.parametrize(("n", "d"), [(n, d) for n, d in GRID if n <= d])
def test_training_a_recurrent_layer_needs_activations_and_gradients(n, d):
    # Kept: states, and their stack (n·d each). The gradients of U and W, and what a step adds to
    # each of them (4·d²), while two vectors of width d go from step to step.
    assert bytes_of("rnn", "training", n=n, d=d) == FLOAT * (2 * n * d + 4 * d**2 + 2 * d)


def test_sdpa_is_linear_in_n():
    sizes = [1024, 2048, 3072, 4096]
    peaks = [bytes_of("sdpa", n=n, d=32) for n in sizes]
    assert peaks[1] - peaks[0] == peaks[2] - peaks[1] == peaks[3] - peaks[2] > 0
    assert peaks[-1] < FLOAT * sizes[-1] ** 2 / 10  # far from n² weights


def test_what_a_kernel_allocates_inside_is_seen():
    n, d = 1024, 32
    output, logsumexp = n * d, n
    assert bytes_of("sdpa", n=n, d=d) > FLOAT * (output + logsumexp)
    # The flash kernel keeps a block of scores for each thread.
    one, two = (bytes_of("sdpa", n=n, d=d, threads=threads) for threads in (1, 2))
    outside = FLOAT * (output + logsumexp)
    assert two - outside == 2 * (one - outside)


def test_threads_are_as_before_afterwards():
    before = torch.get_num_threads()
    bytes_of("dense", n=16, d=16, threads=before + 1)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("mode", ["forward", "backward", "training"])
@pytest.mark.parametrize("name", names())
def test_a_pass_needs_the_same_each_time_and_what_theory_says_at_least(name, mode):
    layer = get(name)
    sizes = complete({"n": 48, "d": 32, "k": 5})
    case = Case(name, {axis: sizes[axis] for axis in layer.axes}, mode=mode)
    first, second = measure_memory([case, case])
    assert first == second
    assert (first.metric, first.status, first.round) == ("peak_bytes", "ok", 0)
    (value,) = first.values
    assert value == int(value)
    # What stays to the end: the output, or the gradients of inputs and weights.
    full = layer.resolve(case.sizes)
    with torch.device("meta"):
        module = layer.build(full)
    made = layer.make_inputs(full, device="meta")
    if mode == "forward":
        least = module(*made).numel()
    else:
        least = sum(each.numel() for each in (*made, *module.parameters()))
    assert value >= FLOAT * least


#: Layers whose peak's order is exact: it is no largest of several, and nothing in it is rounded.
#: tests/layers/test_temporaries.py has them all.
PLAIN = [
    name
    for name in names()
    if not get(name).native and not get(name).theory.temporaries.atoms(Max, ceiling)
]


@pytest.mark.parametrize("name", PLAIN)
def test_a_forward_pass_needs_what_theory_says(name):
    layer = get(name)
    sizes = {**complete({"n": 256, "d": 64, "k": 9}), "V": 80}
    sizes = {axis: sizes[axis] for axis in layer.axes}
    elements = subs(layer.peak_memory("forward"), sizes)
    assert bytes_of(name, **sizes) == pytest.approx(FLOAT * elements, rel=0.05)


def test_training_needs_no_less_than_its_parts():
    for name in ("attention", "rnn", "conv", "sdpa"):
        sizes = {"n": 64, "d": 32, "k": 5}
        case = Case(name, {axis: sizes[axis] for axis in get(name).axes})
        modes = ("forward", "backward", "training")
        forward, backward, training = (
            peak_bytes(replace(case, mode=mode)).values[0] for mode in modes
        )
        assert training >= max(forward, backward)


def test_what_is_given_back_is_not_counted_twice(toy):
    def forward(x):  # (1, n, d)
        first = torch.empty(1000, dtype=torch.uint8)
        del first
        second = torch.empty(700, dtype=torch.uint8)
        third = torch.empty(200, dtype=torch.uint8)
        del second, third
        return -x  # 512 bytes

    toy("known", forward)
    assert bytes_of("known", n=16, d=8) == 1000
    toy("larger", lambda x: (-x).neg())  # the first negative is there while the second is made
    assert bytes_of("larger", n=16, d=8) == 2 * 512


def test_the_element_size_and_the_batch_count():
    case = Case("attention", {"n": 32, "d": 16})
    (single,) = peak_bytes(case).values
    assert peak_bytes(replace(case, dtype="float64")).values == (2 * single,)
    assert peak_bytes(replace(case, batch=3)).values == (3 * single,)


def test_what_was_there_before_does_not_count():
    expected = bytes_of("attention", n=32, d=16)
    kept = torch.empty(10**7, dtype=torch.uint8)
    ring = [torch.empty(10**7, dtype=torch.uint8)]
    ring.append(ring)  # garbage that only a collection finds
    del ring
    try:
        assert bytes_of("attention", n=32, d=16) == expected
    finally:
        gc.collect()
    assert len(kept) == 10**7


def test_the_first_pass_may_keep_something_for_the_others(toy):
    kept = []

    def forward(x):
        if not kept:
            kept.append(torch.empty(10**6, dtype=torch.uint8))
        return -x

    toy("keeping", forward)
    assert bytes_of("keeping", n=16, d=8) == 512


def test_the_meter_takes_the_highest_level_above_the_start():
    assert HostMeter(lambda call: [100, -100, 60, 70, -130])(None) == 130
    # What was there before and is given back makes room: it is no use below the start.
    assert HostMeter(lambda call: [-50, 80, -80])(None) == 30
    assert HostMeter(lambda call: [-50])(None) == 0
    assert HostMeter(lambda call: [])(None) == 0


def test_allocations_are_in_the_order_of_time():
    def call():
        first = torch.empty(300, dtype=torch.uint8)
        second = torch.empty(20, dtype=torch.uint8)
        del first
        del second

    assert allocations(call) == [300, 20, -300, -20]


def test_an_exception_inside_a_profile_is_passed_on():
    def call():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        allocations(call)
    assert allocations(lambda: torch.empty(8, dtype=torch.uint8)) == [8, -8]


def test_the_profiler_writes_nothing(capfd):
    allocations(lambda: torch.empty(8))
    assert "".join(capfd.readouterr()) == ""


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError("a bug"), "error"),
        (MemoryError("all in use"), "oom"),
        (torch.OutOfMemoryError("CUDA out of memory"), "oom"),
    ],
)
def test_a_layer_that_fails_is_a_row_and_the_others_are_measured(toy, error, status):
    def forward(x):
        raise error

    toy("failing", forward)
    toy("fine", lambda x: -x)
    failed, fine = measure_memory([Case(name, {"n": 16, "d": 8}) for name in ("failing", "fine")])
    assert (failed.status, failed.values) == (status, ())
    assert failed.note == f"{type(error).__name__}: {error}"
    assert failed.metric == "peak_bytes"
    assert fine.values == (512.0,)


def test_an_output_that_is_not_finite_is_invalid(toy):
    toy("broken", lambda x: x / 0)
    assert peak_bytes(Case("broken", {"n": 16, "d": 8})).status == "invalid"


def test_a_view_has_no_law(toy):
    toy("view", lambda x: x.mT)
    result = peak_bytes(Case("view", {"n": 16, "d": 8}))
    assert (result.status, result.values) == ("invalid", ())
    assert result.note == "the pass allocates nothing"


class FakeCuda:
    """Count as ``torch.cuda`` does: `allocated` bytes now, and the most since the last reset."""

    def __init__(self, allocated):
        self.allocated, self.most, self.waited = allocated, 10**9, False

    def reset_peak_memory_stats(self):
        self.most, self.waited = self.allocated, False

    def memory_stats(self):
        stats = {"requested_bytes.all.current": self.allocated, "allocated_bytes.all.peak": 10**9}
        return stats | ({"requested_bytes.all.peak": self.most} if self.waited else {})

    def synchronize(self):
        self.waited = True

    def take(self, size):
        self.allocated += size
        self.most = max(self.most, self.allocated)


def test_cuda_counts_from_what_is_in_use_before():
    cuda = FakeCuda(allocated=5000)

    def call():
        for size in (1024, 512, -1536, 512):
            cuda.take(size)

    assert CudaMeter(cuda)(call) == 1536
    assert CudaMeter(cuda)(lambda: cuda.take(100)) == 100


def test_a_meter_may_be_given():
    calls = []

    def meter(call):
        calls.append(call())
        return 77

    result = peak_bytes(Case("dense", {"n": 16, "d": 8}), process=3, meter=meter)
    assert (result.values, result.process) == ((77.0,), 3)
    ((output,),) = calls
    assert output.shape == (1, 16, 8)


def test_each_device_has_its_meter():
    assert isinstance(meter_for("cpu"), HostMeter)
    assert isinstance(meter_for("cuda"), CudaMeter)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_attention_on_cuda():
    n, d = 256, 64
    result = peak_bytes(Case("attention", {"n": n, "d": d}, device="cuda"))
    assert result.values == (FLOAT * (2 * n**2 + n * d),)
