"""Operations whose FLOPs are no number per element, and that none is left out in silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from layerlaw.measure.counting.aten_operations import FREE, operation_name
from layerlaw.measure.counting.critical_path import DepthTracer
from layerlaw.measure.counting.flops import FlopCounter
from layerlaw.measure.counting.known_operations import is_known
from layerlaw.measure.counting.missing_operations import why_missing
from torch import Tensor
from torch._decomp import decomposition_table
from torch._ops import OpOverload
from torch.nn import functional as F


def counted(compute: Callable[[Tensor], object], *shape: int, device: str = "meta") -> int:
    x = torch.ones(shape, device=device)
    with torch.no_grad(), FlopCounter() as counter:
        compute(x)
    return counter.total


@pytest.mark.parametrize(
    ("compute", "shape", "flops"),
    [
        # 3 rows of 5 numbers; ⌈log₂ 5⌉ = 3
        (lambda x: x.sort(-1), (3, 5), 3 * 5 * 3),
        (lambda x: x.sort(dim=0, stable=True), (5, 3), 3 * 5 * 3),
        (lambda x: x.argsort(-1), (3, 5), 3 * 5 * 3),
        (lambda x: x.sort(-1), (3, 1), 0),
        (lambda x: x.topk(2), (3, 5), 3 * (5 + 2)),
        (lambda x: x.topk(4, sorted=False), (3, 5), 3 * 5),
        (lambda x: x.topk(1), (3, 5), 3 * 5),
        (lambda x: x.kthvalue(2), (3, 5), 3 * (5 + 2)),
        (lambda x: x.median(-1), (3, 5), 3 * (5 + 2)),
        (lambda x: torch.searchsorted(x[0], x), (3, 5), 15 * 3),
        (lambda x: x.logcumsumexp(-1), (3, 5), 6 * 15),
        (lambda x: x.argmax(), (3, 5), 15),
        (lambda x: x.long().argmax(), (3, 5), 0),
        (lambda x: x.scatter_add(0, x[:2].long(), x), (3, 5), 10),
        (lambda x: x.scatter_reduce(0, x[:2].long(), x, "mean"), (3, 5), 10 + 15),
        (lambda x: x.scatter(0, x[:2].long(), x), (3, 5), 0),
        (lambda x: x.scatter(0, x[:2].long(), x, reduce="add"), (3, 5), 10),
        (lambda x: x.index_add(0, x[0, :2].long(), x[:2], alpha=2), (3, 5), 10 + 10),
        (lambda x: x.index_put((x[:2, 0].long(),), x[:2], accumulate=True), (3, 5), 10),
        (lambda x: x.index_put((x[:2, 0].long(),), x[:2]), (3, 5), 0),
        (lambda x: F.interpolate(x, 10, mode="linear"), (1, 3, 5), 3 * 30),
        (lambda x: F.interpolate(x, 10, mode="nearest"), (1, 3, 5), 0),
        (lambda x: F.interpolate(x, 8, mode="bilinear"), (1, 2, 4, 4), 7 * 2 * 64),
        # unnormalised (4), floor, distances (2) on each axis, 4 products; 4 products and 3 sums
        (
            lambda x: F.grid_sample(x, x.movedim(1, -1), align_corners=False),
            (1, 2, 4, 4),
            16 * 18 + 7 * 32,
        ),
        (
            lambda x: F.grid_sample(x, x.movedim(1, -1), "nearest", align_corners=False),
            (1, 2, 4, 4),
            16 * 10,
        ),
        (lambda x: F.fold(x, 4, 2), (1, 8, 9), 72),
        (lambda x: F.unfold(x, 2), (1, 2, 4, 4), 0),
        (lambda x: F.adaptive_avg_pool1d(x, 2), (1, 3, 5), 3 * (6 + 2)),  # windows of 3 overlap
        (lambda x: F.adaptive_max_pool2d(x, 2), (1, 3, 5, 5), 3 * 36),
        (lambda x: F.avg_pool3d(x, 2), (1, 2, 4, 4, 4), 2 * 8 * 9),
        (lambda x: F.embedding_bag(x[0, :4].long().view(2, 2), x), (3, 5), 2 * 2 * 5 + 2 * 5),
        (lambda x: torch.vdot(x[0], x[1]), (3, 5), 2 * 5),
        (lambda x: torch.linalg.cross(x, x), (4, 3), 3 * 12),
        (lambda x: torch.std_mean(x, -1), (3, 5), 4 * 15 + 3 * 3),
        (lambda x: F.pixel_shuffle(F.channel_shuffle(x, 2), 2), (1, 4, 3, 3), 0),
        (lambda x: torch.eye(5, device=x.device) + torch.randn_like(x), (5, 5), 25),
        (lambda x: F.dropout(x, 0.5), (3, 5), 30),
        (lambda x: torch.complex(x, x) @ torch.complex(x, x), (4, 4), 8 * 64),
        (lambda x: torch.complex(x, x) * 2.0, (4, 4), 2 * 16),
        (lambda x: torch.complex(x, x).abs(), (4, 4), 4 * 16),
    ],
)
def test_the_convention(
    compute: Callable[[Tensor], object], shape: tuple[int, ...], flops: int
) -> None:
    assert counted(compute, *shape) == flops


@pytest.mark.parametrize(
    "product",
    [
        lambda x: x.long() @ x.long().mT,
        lambda x: torch.bmm(x.long()[None], x.long().mT[None]),
        lambda x: torch._int_mm(x.to(torch.int8), x.to(torch.int8).mT),
        lambda x: torch.mm(x.int(), x.int().mT),
    ],
)
def test_products_of_whole_numbers_count_as_others_do(product: Callable[[Tensor], Tensor]) -> None:
    assert counted(product, 32, 16) == 2 * 32 * 32 * 16


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_inference_mode_within_a_pass_changes_nothing(device: str) -> None:
    def compute(x: Tensor) -> Tensor:
        y = F.layer_norm(F.linear(x, x, x[:, 0]), (4,))
        y = F.scaled_dot_product_attention(y[None], y[None], y[None])[0]
        return F.dropout(y.reshape(2, 8).chunk(2)[0].softmax(-1), 0.1, training=False)

    found = []
    for context in (torch.no_grad(), torch.inference_mode()):
        x, depth = torch.ones(4, 4, device=device), DepthTracer()
        with context, FlopCounter() as counter:
            compute(x)
        with context, depth:
            out = compute(x)
        found.append((dict(counter.products), dict(counter.elementwise), depth.depth(out)))
    assert found[0] == found[1]
    assert found[0][0]


@pytest.mark.parametrize(
    ("compute", "shape", "depth"),
    [
        (lambda x: x.sort(-1)[0], (3, 5), 3),
        (lambda x: x.topk(3)[0], (3, 5), 3),
        (lambda x: x.cumprod(-1), (3, 5), 3),
        (lambda x: x.logcumsumexp(-1), (3, 5), 8),
        (lambda x: x.index_add(0, x[0, :2].long(), x[:2].exp()), (3, 5), 2),
        (lambda x: F.interpolate(x, 10, mode="linear"), (1, 3, 5), 2),
        (lambda x: F.softshrink(x.exp()), (3, 5), 2),
        (lambda x: torch.addmm(x.exp().exp(), x, x, beta=2.0), (4, 4), 4),
    ],
)
def test_depths(compute: Callable[[Tensor], Tensor], shape: tuple[int, ...], depth: int) -> None:
    x, tracer = torch.ones(shape, device="meta"), DepthTracer()
    with torch.no_grad(), tracer:
        out = compute(x)
    assert tracer.depth(out) == depth


def core_operations() -> list[OpOverload]:
    found = []
    for full in torch._C._dispatch_get_all_op_names():
        library, _, name = full.partition("::")
        if library == "aten":
            packet, _, overload = name.partition(".")
            found.append(getattr(getattr(torch.ops.aten, packet), overload or "default"))
    return [each for each in found if torch.Tag.core in each.tags]


def test_each_core_operation_has_a_rule_is_free_or_is_named_as_missing() -> None:
    targets = [
        each
        for each in decomposition_table
        if isinstance(each, OpOverload) and each.namespace == "aten"
    ]
    operations = [*core_operations(), *targets]
    assert len(operations) > 500
    left_out = {
        str(each)
        for each in operations
        if not (
            each.is_view
            or is_known(each)
            or why_missing(operation_name(each))
            or each._can_decompose()  # counted as the operations that it consists of
        )
    }
    assert not left_out
    assert all(FREE.values())


def test_an_operation_of_another_library_is_named_even_on_whole_numbers() -> None:
    with torch.library._scoped_library("layerlaw_test", "DEF") as library:
        library.define("product(Tensor x) -> Tensor")
        library.impl("product", lambda x: x @ x, "CompositeExplicitAutograd")
        with pytest.raises(NotImplementedError, match=r"layerlaw_test\.product"):
            counted(lambda x: torch.ops.layerlaw_test.product(x.long()), 4, 4)
