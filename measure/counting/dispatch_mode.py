"""The base class of the modes that observe ATen operations as torch dispatches them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from .known_operations import is_known
from .operation_call import tensors


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
        # By signature: how an output lies in memory, or the place of the argument that it is.
        self._outputs: dict[Hashable, Any] = {}
        self._decomposed: dict[OpOverload, bool] = {}

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Pass an operation and its arguments to `dispatch`."""
        if self.decomposing:
            if func not in self._decomposed:
                self._decomposed[func] = func._can_decompose() and not is_known(func)
            if self._decomposed[func]:
                with self:
                    return func.decompose(*args, **(kwargs or {}))
        return self.dispatch(func, args, kwargs or {})

    def run(
        self,
        func: OpOverload,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        signature: Hashable | None,
    ) -> Any:
        """Run an operation; where its signature is known, make an output as before.

        A layer that loops calls the same operations on the same shapes at every step, and many of
        torch's kernels for meta tensors are Python functions, a hundred times as slow as an output
        that is only allocated. Under another mode, which is to see each operation, it is run.
        """
        if signature is None or func.is_view or torch._C._len_torch_dispatch_stack():
            return func(*args, **kwargs)
        if (known := self._outputs.get(signature)) is not None:
            return args[known] if isinstance(known, int) else _allocated(known)
        out = func(*args, **kwargs)
        if func._schema.is_mutable:
            if isinstance(out, Tensor) and signature_of(func, args, kwargs) == signature:
                given_back = [place for place, x in enumerate(args) if x is out]
                if len(given_back) == 1:
                    self._outputs[signature] = given_back[0]
            return out
        given = {_address(x) for x in tensors((args, kwargs))}
        if all(_has_signature(x) and _address(x) not in given for x in tensors(out)):
            self._outputs[signature] = tree_map_only(Tensor, _Layout, out)
        return out

    @abstractmethod
    def dispatch(self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operation, record what is needed, and return its output."""


def signature_of(
    func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Hashable | None:
    """Return what the output's shape and the counts of a call depend on.

    None where an argument is not on meta tensors, whose numbers may matter.
    """
    try:
        signature = (
            func,
            torch.get_default_dtype(),
            *map(_feature, args),
            *((name, _feature(given)) for name, given in kwargs.items()),
        )
        hash(signature)
    except TypeError:  # no meta tensor, or an argument that cannot be compared
        return None
    return signature


def _feature(given: Any) -> Hashable:
    if isinstance(given, Tensor):
        if not _has_signature(given):
            raise TypeError
        return given.shape, given.stride(), given.dtype
    if isinstance(given, list | tuple):
        return type(given), *map(_feature, given)
    return type(given), given  # 1, 1.0 and True are equal, and give different dtypes


def _has_signature(x: Tensor) -> bool:
    return type(x) in _PLAIN and x.is_meta and x.layout == torch.strided


_PLAIN = (Tensor, torch.nn.Parameter)


def _address(x: Tensor) -> int:
    return int(x.untyped_storage()._cdata)


class _Layout:
    """How an output lies in memory of its own."""

    def __init__(self, x: Tensor) -> None:
        self.shape, self.strides, self.dtype = x.shape, x.stride(), x.dtype

    def allocate(self) -> Tensor:
        return torch.empty_strided(self.shape, self.strides, dtype=self.dtype, device="meta")


def _allocated(layout: Any) -> Any:
    if isinstance(layout, _Layout):
        return layout.allocate()
    return tree_map_only(_Layout, _Layout.allocate, layout)


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
