"""How a function becomes an activation."""

from __future__ import annotations

from collections.abc import Callable

from corereg.autograd import Tensor
from corereg.graph.operations import symbolic_op
from corereg.registry import register

Function = Callable[..., Tensor]


def activation(*aliases: str) -> Callable[[Function], Function]:
    """A decorator: the function becomes an activation of the registry, under its own name and these
    aliases, and takes symbolic tensors, too."""

    def enter(function: Function) -> Function:
        made = symbolic_op(function, "activations", function.__module__)
        return register("activation", *aliases)(made)

    return enter
