"""The activations that kernels compute: ops of `corereg.autograd` under Keras's names; and how
activations come from names and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from corereg import registry
from corereg.autograd import Tensor, tensor
from corereg.autograd.ops import activations as _ops
from corereg.graph.operations import symbolic_op
from corereg.registry import register


def linear(x: Any) -> Tensor:
    """x itself."""
    return tensor(x)


def _entered(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """An activation of the registry, which takes symbolic tensors, too."""
    return register("activation")(symbolic_op(function, "activations", __name__))


linear = _entered(linear)
relu, sigmoid = _entered(_ops.relu), _entered(_ops.sigmoid)
softmax, tanh = _entered(_ops.softmax), _entered(_ops.tanh)

IN_KERNELS = {f.__name__: f for f in (linear, relu, sigmoid, softmax, tanh)}
"""The functions that a dense layer's kernel applies itself, by the kernels' names for them."""


def get(identifier: Any) -> Callable[..., Tensor]:
    """The function of a name (None: linear), or the callable Tensor -> Tensor that is given."""
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        identifier = registry.resolve("activation", identifier)
    if not callable(identifier):
        raise TypeError(f"activation: expected a name or a callable, received {identifier!r}")
    return identifier  # type: ignore[no-any-return]


def name_of(function: Any) -> str | None:
    """The name under which kernels have this activation, or None."""
    return next((name for name, known in IN_KERNELS.items() if function is known), None)


def serialize(activation: Any, who: str = "activation") -> str:
    """The name of an activation function for a file. who: whom an error names.

    TypeError for functions of the user's own that were not registered.
    """
    name = next((n for n, f in registry.parts("activation").items() if f is activation), None)
    name = name or registry.registered_function(activation)
    if name is None:
        raise TypeError(
            f"{who}: cannot save a custom activation function; decorate it with "
            "register_keras_serializable(), or save the weights alone with save_weights()"
        )
    return name


def deserialize(
    config: Any, custom_objects: Mapping[str, Any] | None = None
) -> Callable[..., Tensor]:
    """What `serialize` gave, as a function again."""
    with registry.custom_object_scope(custom_objects):
        return get(config)
