"""What is said of a name that is not here: what to use, if it is one of PyTorch's or of the ops."""

from __future__ import annotations

from typing import Any

from corereg.autograd import ops
from corereg.autograd.deferred import Deferred
from corereg.autograd.elsewhere import TENSOR, TOP
from corereg.autograd.tensor import Tensor


class Missing:
    """A name that tensors have not: asking for it raises an AttributeError that says what to use.
    (A `__getattr__` of Tensor would make every attribute slower.)"""

    def __init__(self, name: str, use: str) -> None:
        self.name, self.use = name, use

    def __get__(self, tensor: Tensor | None, owner: type) -> Any:
        text = f"{owner.__name__!r} object has no attribute {self.name!r}; {self.use}"
        raise AttributeError(text, name=self.name, obj=tensor)


def missing_names() -> dict[str, Missing]:
    """PyTorch's words that Tensor has not, and the ops that are no methods of it."""
    own = ((n, found) for kind in Tensor.__mro__ for n, found in vars(kind).items())
    known = {n for n, found in own if not isinstance(found, Deferred | Missing)}
    others = {n: f"use corereg.autograd.ops.{n}(t)" for n in ops.__all__ if n not in known}
    return {name: Missing(name, use) for name, use in {**others, **TENSOR}.items()}


def at_top(name: str) -> str | None:
    """What to use for a name that the package corereg has not, or None if nothing is known."""
    if name in TOP:
        return TOP[name]
    if callable(getattr(Tensor, name, None)):
        return f"t.{name}(...)"
    return f"corereg.autograd.ops.{name}" if name in ops.__all__ else None
