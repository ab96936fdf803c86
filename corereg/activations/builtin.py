"""The activations that kernels compute: ops of `corereg.autograd` under Keras's names."""

from __future__ import annotations

from typing import Any

from corereg.autograd import Tensor, tensor
from corereg.autograd.ops import activations as _ops
from corereg.registry import register


@register("activation")
def linear(x: Any) -> Tensor:
    """x itself."""
    return tensor(x)


relu = register("activation")(_ops.relu)
sigmoid = register("activation")(_ops.sigmoid)
softmax = register("activation")(_ops.softmax)
tanh = register("activation")(_ops.tanh)

IN_KERNELS = {f.__name__: f for f in (linear, relu, sigmoid, softmax, tanh)}
"""The functions that a dense layer's kernel applies itself, by the kernels' names for them."""
