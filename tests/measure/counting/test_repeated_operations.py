"""What repeats on the same shapes is run once on meta tensors, and counts each time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from layerlaw.measure.counting import user_rules
from layerlaw.measure.counting.critical_path import DepthTracer
from layerlaw.measure.counting.dispatch_mode import signature_of
from layerlaw.measure.counting.flops import FlopCounter
from layerlaw.measure.counting.user_rules import flop_rule
from torch import Tensor

TIMES = 20


def repeated(step: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    def loop(x: Tensor) -> Tensor:
        out = x
        for _ in range(TIMES):
            out = step(out, x)
        return out

    return loop


@pytest.mark.parametrize(
    ("step", "flops", "depth"),
    [
        (lambda y, x: torch.tanh(y @ x), 2 * 27 + 9, 2),
        (lambda y, x: torch.softmax(y, dim=0), 5 * 9, 5),
        (lambda y, x: y.mul_(x), 9, 1),
        (lambda y, x: torch.add(x, y, alpha=2), 18, 2),
        (lambda y, x: torch.cat([y, x])[1:4] * 2, 9, 1),
        (lambda y, x: torch.var_mean(y, dim=0)[1] + x, None, None),
    ],
)
def test_each_time_counts_as_the_first(
    step: Callable[[Tensor, Tensor], Tensor], flops: int | None, depth: int | None
) -> None:
    x = torch.empty(3, 3, device="meta")
    with FlopCounter() as once:
        step(x, x)
    with FlopCounter() as counter:
        out = repeated(step)(x)
    with DepthTracer() as tracer:
        again = repeated(step)(torch.empty_like(x))
    assert counter.total == TIMES * once.total
    assert (out.shape, out.dtype) == (x.shape, x.dtype)
    if flops is not None:
        assert once.total == flops
        assert tracer.depth(again) == TIMES * depth


def test_an_operation_on_meta_tensors_is_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_rules, "_declared", {})
    runs = []

    def doubled(x: Tensor) -> Tensor:
        runs.append(x.shape)
        return torch.empty_like(x)

    def halved_(x: Tensor) -> Tensor:
        runs.append(x.shape)
        return x

    with torch.library._scoped_library("repeats", "DEF") as library:
        library.define("doubled(Tensor x) -> Tensor")
        library.define("halved_(Tensor(a!) x) -> Tensor(a!)")
        library.impl("doubled", doubled, "Meta")
        library.impl("halved_", halved_, "Meta")
        for name in ("doubled", "halved_"):
            flop_rule(f"repeats::{name}")(lambda x, **_: 1)
        with torch.no_grad(), DepthTracer() as tracer:
            x = torch.empty(3, device="meta")
            for _ in range(TIMES):
                x = torch.ops.repeats.doubled(x)
                assert torch.ops.repeats.halved_(x) is x
            assert tracer.depth(x) == TIMES * 2
    assert runs == [(3,), (3,)]


def test_what_a_count_or_an_output_depends_on_is_told_apart() -> None:
    def signature(*args: object, **kwargs: object) -> object:
        return signature_of(torch.ops.aten.add.Tensor, args, kwargs)

    x = torch.empty(4, 4, device="meta")
    others = [
        signature(x, 1),
        signature(x, 1.0),
        signature(x, True),
        signature(x, x),
        signature(x.mT, x),
        signature(x.double(), x),
        signature(x[:2], x[:2]),
        signature(x, x, alpha=2),
    ]
    assert len(set(others)) == len(others)
    assert signature(x, x) == signature(x.clone(), x.clone())
    assert signature(torch.empty(4), 1) is None, "numbers may matter"
    assert signature(x, slice(0, 1)) is None, "a slice cannot be compared by its hash"


def test_an_output_in_an_arguments_memory_stays_there() -> None:
    x = torch.empty(2, 6, device="meta")
    with DepthTracer() as tracer:
        for _ in range(3):
            y = torch.ops.aten._unsafe_view(x, [12])
            assert y.untyped_storage()._cdata == x.untyped_storage()._cdata
            x.add_(1)
            assert tracer.depth(y) == tracer.depth(x)


def test_an_operation_that_changes_a_shape_is_run_each_time() -> None:
    with FlopCounter():
        for _ in range(3):
            x = torch.empty(2, 6, device="meta")
            x.t_()
            assert x.shape == (6, 2)
            x.resize_(3, 4)
            assert x.shape == (3, 4)


def test_a_mode_outside_sees_each_operation() -> None:
    x = torch.empty(3, 3, device="meta")
    with FlopCounter() as outside, DepthTracer() as inside:
        out = repeated(lambda y, x: torch.tanh(y @ x))(x)
    assert outside.total == TIMES * (2 * 27 + 9)
    assert inside.depth(out) == TIMES * 2
