"""Layers, as in `keras.layers`."""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.layers.activation import Activation as Activation
    from corereg.layers.base import Layer as Layer
    from corereg.layers.dense import Dense as Dense
    from corereg.layers.dropout import Dropout as Dropout
    from corereg.layers.flatten import Flatten as Flatten
    from corereg.layers.input_layer import (
        Input as Input,
        InputLayer as InputLayer,
    )
    from corereg.layers.lookup import (
        deserialize as deserialize,
        serialize as serialize,
    )

_MODULES = {
    "Activation": "activation",
    "Dense": "dense",
    "Dropout": "dropout",
    "Flatten": "flatten",
    "Input": "input_layer",
    "InputLayer": "input_layer",
    "Layer": "base",
    "deserialize": "lookup",
    "serialize": "lookup",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="layer")
