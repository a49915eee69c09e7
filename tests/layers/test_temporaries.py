"""What a forward pass holds at once, by the allocator's own records, against theory."""

from __future__ import annotations

from math import prod

import pytest
import torch
from layerlaw import layers
from layerlaw.layers import Sizes, Textbook
from layerlaw.layers.core.theory import subs
from torch.profiler import ProfilerActivity, profile

from tests.helpers.sizes import complete

TEXTBOOK = [name for name in layers.names() if isinstance(layers.get(name), Textbook)]


def most_elements(layer: Textbook, sizes: Sizes) -> int:
    """Elements that one pass holds where it holds most, inputs and weights apart."""
    module, inputs = layer.build(sizes), layer.make_inputs(sizes)
    with torch.no_grad():
        module(*inputs)
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
            output = module(*inputs)
    events = [e for e in record.profiler.kineto_results.events() if e.name() == "[memory]"]
    held = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        most = max(most, held)
    assert held >= output.nbytes  # the records are of this pass, and its output is among them
    return int(most) // output.element_size()


@pytest.mark.parametrize(
    "sizes", [{"n": 256, "d": 64, "k": 9}, {"n": 96, "d": 160, "k": 5}], ids=str
)
@pytest.mark.parametrize("name", TEXTBOOK)
def test_a_pass_holds_its_output_and_the_temporaries_of_theory(name: str, sizes: Sizes) -> None:
    layer = layers.get(name)
    assert isinstance(layer, Textbook)
    sizes = {**complete(sizes), "V": 80}
    sizes = {axis: sizes[axis] for axis in layer.axes}
    full = layer.resolve(sizes)
    output = prod(int(subs(side, full)) for side in layer.output)
    temporaries = int(subs(layer.theory.temporaries, full))
    held = most_elements(layer, sizes)
    assert held == pytest.approx(output + temporaries, rel=0.05)  # it is told to leading order
