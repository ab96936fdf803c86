"""What programs ask of `keras.backend` every day. corereg has no other backends; the functions of
tensors are in `corereg.ops`.

Programs of earlier years compute with `K.mean`, `K.square` and their likes, as `tensorflow.keras`
still has them: they are here, too, for as many as are functions of `corereg.ops`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from corereg.config import epsilon, floatx, set_floatx
from corereg.unavailable import refusal
from corereg.utils.session import clear_session, is_keras_tensor, standardize_dtype

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_keras_tensor",
    "set_floatx",
    "standardize_dtype",
]


def backend() -> str:
    """The name of what computes: "corereg".

    >>> corereg.backend.backend()
    'corereg'
    """
    return "corereg"


def image_data_format() -> str:
    """Where the channels of images stand if a layer is not told: "channels_last".

    >>> corereg.backend.image_data_format()
    'channels_last'
    """
    return "channels_last"


_SAME = frozenset(
    (
        *("abs", "all", "any", "binary_crossentropy", "cast", "categorical_crossentropy", "clip"),
        *("cos", "dot", "elu", "equal", "exp", "greater", "greater_equal", "hard_sigmoid"),
        *("less", "less_equal", "log", "max", "maximum", "mean", "min", "minimum", "ndim"),
        *("not_equal", "one_hot", "ones", "ones_like", "prod", "relu", "reshape", "round"),
        *("shape", "sigmoid", "sign", "sin", "softmax", "softplus", "softsign"),
        *("sparse_categorical_crossentropy", "sqrt", "square", "squeeze", "stack", "std"),
        *("stop_gradient", "sum", "tanh", "tile", "var", "zeros", "zeros_like"),
    )
)
"""Functions of `corereg.ops` that take the same arguments."""
_RENAMED = {"permute_dimensions": "transpose", "pow": "power", "switch": "where"}
_AXES = {
    "argmax": -1,
    "argmin": -1,
    "concatenate": -1,
    "cumprod": 0,
    "cumsum": 0,
    "expand_dims": -1,
}
"""Functions with another default for the axis, which is their second argument."""


def __getattr__(name: str) -> Any:
    if name in _SAME or name in _RENAMED:
        return getattr(import_module("corereg.ops"), _RENAMED.get(name, name))
    if name in _AXES:
        function = getattr(import_module("corereg.ops"), name)
        return lambda x, axis=_AXES[name]: function(x, axis)
    told = refusal("backend", name)
    raise AttributeError(
        told
        or f"corereg.backend has no {name!r}: it has {', '.join(__all__)}; the functions of "
        "tensors are in corereg.ops"
    )
