"""The options of a case: compilation, CUDA graphs, TF32."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...layers import torch
from ..cases import Case
from .modes import Pass

if TYPE_CHECKING:
    from torch import nn

#: Passes before a CUDA graph is captured: libraries initialise in the first.
_BEFORE_CAPTURE = 3


@contextmanager
def float32_precision(case: Case) -> Iterator[None]:
    """Use TF32 for float32 products if the case has the option, otherwise not.

    By default cuDNN's convolutions and recurrent layers use it and matrix products do not, so that
    laws of different precisions would be compared.
    """
    switches: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [switch.allow_tf32 for switch in switches]
    for switch in switches:
        switch.allow_tf32 = "tf32" in case.options
    try:
        yield
    finally:
        for switch, value in zip(switches, before, strict=True):
            switch.allow_tf32 = value


def compile_module(module: nn.Module) -> nn.Module:
    """Compile a whole module for its sizes only; raise if it cannot be compiled.

    Code compiled for other sizes is discarded: after a number of sizes torch would stop compiling
    with only a warning, and a law would mix compiled and uncompiled passes.
    """
    torch._dynamo.reset()
    module.compile(fullgraph=True, dynamic=False)
    return module


def capture_graph(call: Pass) -> Pass:
    """Capture a pass as one CUDA graph and return a pass that replays it.

    The kernels of a pass are then launched together: if launching them one by one takes longer than
    running them, the law would be that of the launches.
    """
    # Capture needs a stream other than the default one.
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(_BEFORE_CAPTURE):
            call()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        made = call()

    def replay(of: Pass = call) -> tuple[torch.Tensor, ...]:
        # `of` keeps inputs and weights alive: the graph has only their addresses, and would read
        # whatever is allocated there next.
        graph.replay()
        return made

    return replay
