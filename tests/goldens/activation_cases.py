"""The activations that corereg must compute as Keras does, with what they are called with.

Inputs: numbers around every corner, where exponentials vanish or overflow, and not finite ones.
"""

from __future__ import annotations

import numpy as np

POINTS = np.array(
    [
        *(-np.inf, -1e4, -200.0, -90.0, -20.0, -8.0, -4.0, -3.0, -2.5, -2.0, -1.5, -1.0, -0.75),
        *(-0.5, -0.25, -0.1, -1e-5, -0.0, 0.0, 1e-5, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5),
        *(3.0, 4.0, 6.0, 8.0, 20.0, 90.0, 200.0, 1e4, np.inf, np.nan),
    ]
)
ROWS = np.array([[1.0, 2.0, 0.5, -1.0], [0.0, 0.0, 0.0, 0.0], [3.0, -40.0, 90.0, 89.5]])

# key: (name in keras.activations, keyword arguments)
ELEMENTWISE = {
    name: (name, {})
    for name in (
        *("celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu"),
        *("hard_tanh", "leaky_relu", "linear", "log_sigmoid", "mish", "relu", "relu6", "selu"),
        *("sigmoid", "silu", "soft_shrink", "softplus", "softsign", "sparse_plus"),
        *("sparse_sigmoid", "squareplus", "tanh", "tanh_shrink"),
    )
} | {
    "celu 0.5": ("celu", {"alpha": 0.5}),
    "elu 0.5": ("elu", {"alpha": 0.5}),
    "gelu tanh": ("gelu", {"approximate": True}),
    "hard_shrink 1": ("hard_shrink", {"threshold": 1.0}),
    "leaky_relu 0.5": ("leaky_relu", {"negative_slope": 0.5}),
    "relu slope": ("relu", {"negative_slope": 0.1}),
    "relu max": ("relu", {"max_value": 2.0}),
    "relu max 6": ("relu", {"max_value": 6.0}),
    "relu threshold": ("relu", {"threshold": 1.0}),
    "relu threshold max": ("relu", {"threshold": 1.0, "max_value": 2.0}),
    "relu slope max": ("relu", {"negative_slope": 0.1, "max_value": 2.0}),
    "relu slope threshold": ("relu", {"negative_slope": 0.1, "threshold": 1.0}),
    "relu all": ("relu", {"negative_slope": 0.1, "max_value": 2.0, "threshold": 0.5}),
    "relu threshold below 0": ("relu", {"max_value": 2.0, "threshold": -1.0}),
    "soft_shrink 1": ("soft_shrink", {"threshold": 1.0}),
    "squareplus 1": ("squareplus", {"b": 1}),
    "threshold": ("threshold", {"threshold": 1.0, "default_value": 5.0}),
}
ALONG_AN_AXIS = {
    f"{name} {axis}": (name, {"axis": axis})
    for name in ("glu", "log_softmax", "softmax")  # Keras 3.15's sparsemax has wrong sums
    for axis in (-1, 0)
    if (name, axis) != ("glu", 0)  # three rows have no halves
}

# key: (layer's class, arguments, shape of its input without the batch)
LAYERS = {
    "relu": ("ReLU", {}, (5,)),
    "relu all": ("ReLU", {"max_value": 1.0, "negative_slope": 0.2, "threshold": 0.1}, (5,)),
    "leaky_relu": ("LeakyReLU", {}, (5,)),
    "leaky_relu 0.1": ("LeakyReLU", {"negative_slope": 0.1}, (5,)),
    "prelu": ("PReLU", {"alpha_regularizer": "l2"}, (5,)),
    "prelu shared": ("PReLU", {"shared_axes": [1], "alpha_initializer": "ones"}, (5,)),
    "elu": ("ELU", {}, (5,)),
    "elu 0.5": ("ELU", {"alpha": 0.5}, (5,)),
    "softmax": ("Softmax", {}, (5,)),
    **{
        f"activation {name}": ("Activation", {"activation": name}, (5,))
        for name in ("gelu", "silu", "mish", "softplus", "selu", "elu", "leaky_relu", "hard_swish")
    },
}


def training_data() -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """x, y and the weights of the dense layers before and behind the layer."""
    rng = np.random.default_rng(12)
    x, y = rng.standard_normal((12, 4)), rng.standard_normal((12, 1))
    return x, y, [rng.standard_normal(s) for s in ((4, 5), (5,), (5, 1), (1,))]
