"""How activations come from names and files, and go back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from corereg import registry
from corereg.activations.smooth import elu, gelu, mish, selu, sigmoid, silu, softmax, softplus, tanh
from corereg.activations.straight import leaky_relu, linear, relu
from corereg.autograd import Tensor

IN_KERNELS = {
    f.__name__: f
    for f in (
        *(linear, relu, sigmoid, softmax, tanh),
        *(elu, gelu, leaky_relu, mish, selu, silu, softplus),
    )
}
"""The functions that a dense layer's kernel applies itself, by the kernels' names for them."""

_OPS_PACKAGE = "corereg.ops"
_OWN = (_OPS_PACKAGE, softplus.__module__, linear.__module__)

_OPS = "ops."
"""How the name of a function of `corereg.ops` begins in files: some have other defaults than the
activation of the same name."""


def get(identifier: Any) -> Callable[..., Tensor]:
    """The function of a name (None: linear), or the callable Tensor -> Tensor that is given.

    "ops.gelu" is a function of `corereg.ops`. A dict is what a file says of a layer that is used as
    an activation. ValueError for names that are not known, TypeError for what is not callable.

    >>> activations.get("relu")(np.array([-2.0, 2.0]))
    Tensor([0., 2.], dtype=float64)
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        if identifier.startswith(_OPS):
            from corereg import ops

            if identifier[len(_OPS) :] in ops.__all__:
                return getattr(ops, identifier[len(_OPS) :])  # type: ignore[no-any-return]
        identifier = registry.resolve("activation", identifier)
    elif isinstance(identifier, dict):
        identifier = registry.deserialize("layer", identifier)
    if not callable(identifier):
        raise TypeError(f"activation: expected a name or a callable, received {identifier!r}")
    return identifier  # type: ignore[no-any-return]


def name_of(function: Any) -> str | None:
    """The name under which kernels have this activation, or None.

    >>> activations.name_of(activations.relu), activations.name_of(abs)
    ('relu', None)
    """
    return next((name for name, known in IN_KERNELS.items() if function is known), None)


def is_built_in(function: Any) -> bool:
    """Whether a function is an activation of corereg itself, or of `corereg.ops`: then it launches
    kernels and ops only, and what uses it may be recorded without proof.

    >>> activations.is_built_in(activations.relu), activations.is_built_in(abs)
    (True, False)
    """
    return getattr(function, "__module__", None) in _OWN and _own_name(function) is not None


def _own_name(function: Any) -> str | None:
    """The name of an activation of the registry, "ops.<name>" of a function of `corereg.ops`, or
    None."""
    parts = registry.parts("activation").items()
    found = next((name for name, known in parts if known is function), None)
    if found is None and getattr(function, "__module__", None) == _OPS_PACKAGE:
        from corereg import ops

        name = getattr(function, "__name__", "")
        if name in ops.__all__ and getattr(ops, name) is function:
            return f"{_OPS}{name}"
    return found


def serialize(activation: Any, who: str = "activation") -> Any:
    """The name of an activation function for a file, or of a layer used as one what
    `layers.serialize` gives. who: whom an error names.

    TypeError for functions of the user's own that were not registered.

    >>> activations.serialize(activations.relu)
    'relu'
    """
    name = _own_name(activation) or registry.registered_function(activation)
    if name is None and hasattr(activation, "get_config"):
        return registry.serialize("layer", activation)
    if name is None:
        raise TypeError(
            f"{who}: cannot save a custom activation function; decorate it with "
            "register_keras_serializable(), or save the weights alone with save_weights()"
        )
    return name


def deserialize(
    config: Any, custom_objects: Mapping[str, Any] | None = None
) -> Callable[..., Tensor]:
    """What `serialize` gave, as a function or a layer again.

    >>> activations.deserialize("relu")(np.array([-2.0, 2.0]))
    Tensor([0., 2.], dtype=float64)
    """
    with registry.custom_object_scope(custom_objects):
        return get(config)
