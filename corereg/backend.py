"""What programs ask of `keras.backend` every day. corereg has no other backends; the functions of
tensors are in `corereg.ops`.

Programs of earlier years compute with `K.mean`, `K.square` and their likes, as `tensorflow.keras`
still has them: they are here, too, for as many as are functions of `corereg.ops`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from corereg import naming
from corereg.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_floatx,
    set_image_data_format,
)
from corereg.utils.session import clear_session, is_keras_tensor, standardize_dtype

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]


def get_uid(prefix: str = "") -> int:
    """How often a prefix has been asked for since `clear_session`, from 1.

    >>> corereg.backend.get_uid("mine"), corereg.backend.get_uid("mine")
    (1, 2)
    """
    return naming.count_of(f"uid {prefix}")


def is_float_dtype(dtype: Any) -> bool:
    """Whether a dtype is of floats.

    >>> corereg.backend.is_float_dtype("float32"), corereg.backend.is_float_dtype("int8")
    (True, False)
    """
    return "float" in standardize_dtype(dtype)


def is_int_dtype(dtype: Any) -> bool:
    """Whether a dtype is of integers.

    >>> corereg.backend.is_int_dtype("uint8"), corereg.backend.is_int_dtype("bool")
    (True, False)
    """
    return "int" in standardize_dtype(dtype)


def result_type(*dtypes: Any) -> str:
    """The dtype that functions of `corereg.ops` make of several ones; "float32" of none.

    >>> corereg.backend.result_type("int32", "float32")
    'float32'
    """
    from corereg.ops.operands import promoted

    if not dtypes:
        return "float32"
    arrays = (np.zeros((), standardize_dtype(one)) for one in dtypes)
    return str(promoted(*arrays)[0].dtype)


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
    from corereg.unavailable import refusal

    raise AttributeError(
        refusal("backend", name)
        or f"corereg.backend has no {name!r}: it has {', '.join(__all__)}; the functions of "
        "tensors are in corereg.ops"
    )
