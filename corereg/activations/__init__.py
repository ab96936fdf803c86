"""Activation functions by name, as in `keras.activations`."""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.activations.lookup import (
        deserialize as deserialize,
        get as get,
        is_built_in as is_built_in,
        name_of as name_of,
        serialize as serialize,
    )
    from corereg.activations.smooth import (
        celu as celu,
        elu as elu,
        exponential as exponential,
        gelu as gelu,
        glu as glu,
        log_sigmoid as log_sigmoid,
        log_softmax as log_softmax,
        mish as mish,
        selu as selu,
        sigmoid as sigmoid,
        silu as silu,
        softmax as softmax,
        softplus as softplus,
        softsign as softsign,
        squareplus as squareplus,
        swish as swish,
        tanh as tanh,
        tanh_shrink as tanh_shrink,
    )
    from corereg.activations.straight import (
        hard_shrink as hard_shrink,
        hard_sigmoid as hard_sigmoid,
        hard_silu as hard_silu,
        hard_swish as hard_swish,
        hard_tanh as hard_tanh,
        leaky_relu as leaky_relu,
        linear as linear,
        relu as relu,
        relu6 as relu6,
        soft_shrink as soft_shrink,
        sparse_plus as sparse_plus,
        sparse_sigmoid as sparse_sigmoid,
        sparsemax as sparsemax,
        threshold as threshold,
    )

_MODULES = {
    "celu": "smooth",
    "deserialize": "lookup",
    "elu": "smooth",
    "exponential": "smooth",
    "gelu": "smooth",
    "get": "lookup",
    "glu": "smooth",
    "hard_shrink": "straight",
    "hard_sigmoid": "straight",
    "hard_silu": "straight",
    "hard_swish": "straight",
    "hard_tanh": "straight",
    "is_built_in": "lookup",
    "leaky_relu": "straight",
    "linear": "straight",
    "log_sigmoid": "smooth",
    "log_softmax": "smooth",
    "mish": "smooth",
    "name_of": "lookup",
    "relu": "straight",
    "relu6": "straight",
    "selu": "smooth",
    "serialize": "lookup",
    "sigmoid": "smooth",
    "silu": "smooth",
    "soft_shrink": "straight",
    "softmax": "smooth",
    "softplus": "smooth",
    "softsign": "smooth",
    "sparse_plus": "straight",
    "sparse_sigmoid": "straight",
    "sparsemax": "straight",
    "squareplus": "smooth",
    "swish": "smooth",
    "tanh": "smooth",
    "tanh_shrink": "smooth",
    "threshold": "straight",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="activation")
