"""What the options of a case do: how a pass is run otherwise than torch does by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...layers import torch
from ..cases import Case
from .modes import Pass

if TYPE_CHECKING:
    from torch import nn

#: Passes before a CUDA graph is captured: libraries set themselves up in the first.
_BEFORE_CAPTURE = 3


@contextmanager
def float32_precision(case: Case) -> Iterator[None]:
    """Let products of float32 use TF32 where the case says so, and nowhere else.

    cuDNN's convolutions and recurrent layers use it by default, matrix products do not: a law of
    one would then be compared with a law of the other.
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
    """Compile a module whole, for its sizes alone; what cannot be compiled raises.

    What was compiled for other sizes is forgotten: behind some of them torch would stop compiling
    and say so in a warning alone, and a law would be of both.
    """
    torch._dynamo.reset()
    module.compile(fullgraph=True, dynamic=False)
    return module


def capture_graph(call: Pass) -> Pass:
    """Capture a pass as one CUDA graph; what is returned replays it.

    The kernels of a pass are then launched together: where launching them one by one takes longer
    than running them, it is the launches whose law is measured otherwise.
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
        # `of` holds inputs and weights: the graph has their addresses alone, and would read
        # whatever comes to lie there.
        graph.replay()
        return made

    return replay
