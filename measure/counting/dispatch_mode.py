"""The base class of the modes that observe ATen operations as torch dispatches them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch._ops import OpOverload
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode

from .known_operations import is_known


class DispatchMode(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch gives no types
    """Observe every ATen operation that is dispatched inside a ``with`` block.

    A subclass implements `dispatch`, which runs the operation and returns its output.

    Attributes
    ----------
    decomposing
        Whether a composite operation is observed as the operations that it consists of, as it is
        where gradients are recorded. In inference mode torch dispatches it as a whole.
    """

    decomposing: bool = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)  # type: ignore[no-untyped-call]  # the same

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the same

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Pass an operation and its arguments to `dispatch`."""
        if self.decomposing and func._can_decompose() and not is_known(func):
            with self:
                return func.decompose(*args, **(kwargs or {}))
        return self.dispatch(func, args, kwargs or {})

    @abstractmethod
    def dispatch(self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operation, record what is needed, and return its output."""


@contextmanager
def unfused() -> Iterator[None]:
    """Have torch call no fused kernel for attention, encoder layers and recurrent layers."""
    fast, onednn = torch.backends.mha.get_fastpath_enabled(), torch._C._get_mkldnn_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    # `torch.backends.mkldnn.flags` sets TF32 too, which warns.
    torch._C._set_mkldnn_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        torch._C._set_mkldnn_enabled(onednn)
