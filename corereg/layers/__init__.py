"""Layers, as in `keras.layers`."""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.layers.activation import Activation as Activation
    from corereg.layers.activations.elu import ELU as ELU
    from corereg.layers.activations.leaky_relu import LeakyReLU as LeakyReLU
    from corereg.layers.activations.prelu import PReLU as PReLU
    from corereg.layers.activations.relu import ReLU as ReLU
    from corereg.layers.activations.softmax import Softmax as Softmax
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
    from corereg.layers.merging.concatenate import (
        Concatenate as Concatenate,
        concatenate as concatenate,
    )
    from corereg.layers.merging.dot import Dot as Dot, dot as dot
    from corereg.layers.merging.elementwise import (
        Add as Add,
        Average as Average,
        Maximum as Maximum,
        Minimum as Minimum,
        Multiply as Multiply,
        Subtract as Subtract,
        add as add,
        average as average,
        maximum as maximum,
        minimum as minimum,
        multiply as multiply,
        subtract as subtract,
    )

_MODULES = {
    "Activation": "activation",
    "Add": "merging.elementwise",
    "Average": "merging.elementwise",
    "Concatenate": "merging.concatenate",
    "Dense": "dense",
    "Dot": "merging.dot",
    "Dropout": "dropout",
    "ELU": "activations.elu",
    "Flatten": "flatten",
    "Input": "input_layer",
    "InputLayer": "input_layer",
    "Layer": "base",
    "LeakyReLU": "activations.leaky_relu",
    "Maximum": "merging.elementwise",
    "Minimum": "merging.elementwise",
    "Multiply": "merging.elementwise",
    "PReLU": "activations.prelu",
    "ReLU": "activations.relu",
    "Softmax": "activations.softmax",
    "Subtract": "merging.elementwise",
    "add": "merging.elementwise",
    "average": "merging.elementwise",
    "concatenate": "merging.concatenate",
    "deserialize": "lookup",
    "dot": "merging.dot",
    "maximum": "merging.elementwise",
    "minimum": "merging.elementwise",
    "multiply": "merging.elementwise",
    "serialize": "lookup",
    "subtract": "merging.elementwise",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="layer")
