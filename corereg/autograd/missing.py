"""What is said of a name that is not here: what to use, if it is one of PyTorch's or of the ops."""

from __future__ import annotations

from typing import Any

from corereg.autograd import ops
from corereg.autograd.elsewhere import TENSOR, TOP
from corereg.autograd.tensor import Tensor


def missing_from_tensor(tensor: Tensor, name: str) -> Any:
    """Tensor.__getattr__: raises the AttributeError."""
    text = f"{type(tensor).__name__!r} object has no attribute {name!r}"
    if name in TENSOR:
        text += f"; {TENSOR[name]}"
    elif name in ops.__all__:
        text += f"; use corereg.autograd.ops.{name}(t)"
    raise AttributeError(text, name=name, obj=tensor)


def at_top(name: str) -> str | None:
    """What to use for a name that the package corereg has not, or None if nothing is known."""
    if name in TOP:
        return TOP[name]
    if callable(getattr(Tensor, name, None)):
        return f"t.{name}(...)"
    return f"corereg.autograd.ops.{name}" if name in ops.__all__ else None
