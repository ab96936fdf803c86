"""Activation functions by name, as in `keras.activations`."""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.activations.builtin import (
        deserialize as deserialize,
        get as get,
        linear as linear,
        name_of as name_of,
        relu as relu,
        serialize as serialize,
        sigmoid as sigmoid,
        softmax as softmax,
        tanh as tanh,
    )

_MODULES = {
    "deserialize": "builtin",
    "get": "builtin",
    "linear": "builtin",
    "name_of": "builtin",
    "relu": "builtin",
    "serialize": "builtin",
    "sigmoid": "builtin",
    "softmax": "builtin",
    "tanh": "builtin",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="activation")
