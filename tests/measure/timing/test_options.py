import gc
import shutil
import weakref
from unittest.mock import MagicMock

import layerlaw
import pytest
import torch
from layerlaw.layers import get
from layerlaw.measure import Case, measure
from layerlaw.measure.timing.clocks import CudaClock, clock_for, cuda_flush
from layerlaw.measure.timing.options import capture_graph, float32_precision
from layerlaw.measure.timing.workload import ready_pass

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
needs_compiler = pytest.mark.skipif(
    not (shutil.which("g++") or shutil.which("clang++")), reason="no C++ compiler"
)
# torch writes kernels for vector instructions, which do not compile where it is kept from them.
needs_vectors = pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() == "DEFAULT",
    reason="torch's compiler needs vector instructions",
)

#: Inductor's own.
quiet = pytest.mark.filterwarnings("ignore:.*script_method:DeprecationWarning")

SWITCHES = (torch.backends.cuda.matmul, torch.backends.cudnn)


@pytest.mark.parametrize("options", [(), ("tf32",)])
@pytest.mark.parametrize("before", [True, False])
def test_tf32_is_used_where_the_case_says_so_and_nowhere_else(options, before):
    found = [switch.allow_tf32 for switch in SWITCHES]
    try:
        for switch in SWITCHES:
            switch.allow_tf32 = before
        with float32_precision(Case("attention", {"n": 8, "d": 4}, device="cuda", options=options)):
            assert [switch.allow_tf32 for switch in SWITCHES] == [bool(options)] * 2
        assert [switch.allow_tf32 for switch in SWITCHES] == [before] * 2
    finally:
        for switch, value in zip(SWITCHES, found, strict=True):
            switch.allow_tf32 = value


@needs_compiler
@needs_vectors
@quiet
@pytest.mark.slow
@pytest.mark.parametrize("name", ["attention", "rnn"])
def test_a_compiled_layer_is_the_same_function(name):
    sizes = {axis: {"n": 6, "d": 8, "k": 3}[axis] for axis in get(name).axes}
    made = []
    for options in ((), ("compile",)):
        with ready_pass(Case(name, sizes, dtype="float64", options=options), seed=1) as (call, _):
            made += call()
    torch.testing.assert_close(*made)


@needs_compiler
@needs_vectors
@quiet
@pytest.mark.slow
def test_every_size_is_compiled_anew_however_many_there_are(monkeypatch):
    monkeypatch.setattr(torch._dynamo.config, "recompile_limit", 2)
    for n in range(2, 6):
        result = measure(Case("dense", {"n": n, "d": 8}, options=("compile",)))
        assert (result.status, result.note) == ("ok", "")
        assert torch._dynamo.utils.counters["stats"]["unique_graphs"] >= 1


@needs_compiler
def test_what_cannot_be_compiled_whole_is_a_row(toy):
    def forward(x):
        torch._dynamo.graph_break()
        return x + 1

    toy("broken_up", forward)
    result = measure(Case("broken_up", {"n": 8, "d": 4}, options=("compile",)))
    assert result.status == "error"


def test_a_graph_keeps_alive_what_it_reads(monkeypatch):
    # The graph has addresses alone: weights and inputs that were freed gave other numbers.
    for name in ("Stream", "current_stream", "stream", "CUDAGraph", "graph"):
        monkeypatch.setattr(torch.cuda, name, MagicMock())
    weights = torch.ones(3)
    alive = weakref.ref(weights)
    replay = capture_graph(lambda weights=weights: (weights * 2,))
    del weights
    gc.collect()
    assert alive() is not None
    torch.testing.assert_close(replay(), (torch.full((3,), 2.0),))
    del replay
    gc.collect()
    assert alive() is None


@pytest.mark.cuda
@needs_cuda
@pytest.mark.parametrize("mode", ["forward", "training"])
def test_a_cuda_graph_gives_what_its_pass_gives_in_less_time(mode):
    seconds = []
    made = []
    for options in ((), ("graph",)):
        case = Case("rnn", {"n": 64, "d": 32}, device="cuda", mode=mode, options=options)
        with ready_pass(case, seed=1) as (call, _):
            clock = clock_for("cuda")
            clock(call, 5)
            seconds.append(clock(call, 20))
            made.append([x.clone() for x in call()])
    for plain, graph in zip(*made, strict=True):
        torch.testing.assert_close(plain, graph)
    assert seconds[1] < seconds[0], "64 steps of small kernels are launches and little else"


@pytest.mark.cuda
@needs_cuda
def test_flushing_empties_the_cache_and_is_not_timed():
    size = torch.cuda.get_device_properties(0).L2_cache_size
    assert cuda_flush()().numel() == 2 * size
    x = torch.randn(size // 8, device="cuda")  # half of the level-2 cache

    def rest():
        torch.cuda._sleep(100_000)  # the GPU's clock cycles

    # Both keep the GPU busy while the pass is queued: where it waits for the launch of a kernel,
    # that is what is timed.
    warm, cold = CudaClock(flush=rest), clock_for("cuda", flush=True)
    ratios = []
    for _ in range(5):
        for clock in (warm, cold):
            clock(x.sum, 20)
        ratios.append(cold(x.sum, 100) / warm(x.sum, 100))
    assert 1 < sorted(ratios)[2] < 3, "a flush writes four times as much as is read"


@pytest.mark.cuda
@needs_cuda
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_a_sweep_on_cuda_has_times_in_processes_of_its_own(dtype):
    table = layerlaw.sweep(
        ["attention", "sdpa"], profile="asv", rounds=2, repeats=2, device="cuda", dtype=dtype
    )
    assert set(table["status"]) == {"ok"}
    assert (table["value"] > 0).all()
    assert table.groupby("layer")["process"].nunique().eq(2).all()
