"""The base class of the modes that observe ATen operations as torch dispatches them."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from torch import Tensor
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class DispatchMode(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch gives no types
    """Observe every ATen operation that is dispatched inside a ``with`` block.

    A subclass implements `dispatch`, which runs the operation and returns its output.
    """

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
        return self.dispatch(func, args, kwargs or {})

    @abstractmethod
    def dispatch(self, func: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operation, record what is needed, and return its output."""


def tensors(tree: Any) -> list[Tensor]:
    """List the tensors of nested arguments or outputs, in order.

    Examples
    --------
    >>> import torch
    >>> len(tensors(([torch.ones(2), 3], {"out": torch.ones(1)})))
    2
    """
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]
