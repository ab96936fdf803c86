"""Activation functions by name, as in `keras.activations`."""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.activations.builtin import (
        linear as linear,
        relu as relu,
        sigmoid as sigmoid,
        softmax as softmax,
        tanh as tanh,
    )
    from corereg.activations.lookup import (
        deserialize as deserialize,
        get as get,
        name_of as name_of,
        serialize as serialize,
    )

_MODULES = {
    "deserialize": "lookup",
    "get": "lookup",
    "linear": "builtin",
    "name_of": "lookup",
    "relu": "builtin",
    "serialize": "lookup",
    "sigmoid": "builtin",
    "softmax": "builtin",
    "tanh": "builtin",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="activation")
