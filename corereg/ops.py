"""The ops on tensors under a shorter name: see `corereg.autograd.ops`. They take symbolic tensors,
too: then the call becomes part of a graph (`corereg.graph`)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from corereg.autograd import ops as _ops
from corereg.autograd.ops import __all__ as __all__
from corereg.graph.operations import symbolic_op

if TYPE_CHECKING:
    from corereg.autograd.ops import *  # noqa: F403


def _symbolic(name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(_ops, name)
    return symbolic_op(function)


globals().update({name: _symbolic(name) for name in __all__})
