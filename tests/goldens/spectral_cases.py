"""What the goldens of SpectralNormalization are made of. `lib` is `keras` in make_spectral.py and
`corereg` in ../test_spectral_normalization.py."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
CASES: dict[str, tuple[int, dict[str, Any]]] = {  # columns, arguments
    "once": (3, {}),
    "often": (5, {"power_iterations": 4}),
    "column": (1, {"power_iterations": 2}),
}


def weights_of(columns: int) -> list[Array]:
    """kernel, vector_u and bias."""
    rng = np.random.default_rng(columns)
    return [rng.normal(size=s).astype("float32") for s in ((4, columns), (1, columns), (columns,))]


def data() -> tuple[Array, Array]:
    rng = np.random.default_rng(9)
    x = rng.normal(size=(12, 4)).astype("float32")
    return x, (x[:, :1] * x[:, 1:2]).astype("float32")


def run(lib: Any, name: str) -> dict[str, Array]:
    """The weights after one call and after a training, and what comes out."""
    columns, options = CASES[name]
    layer = lib.layers.SpectralNormalization(lib.layers.Dense(columns, "tanh"), **options)
    model = lib.Sequential([lib.Input((4,)), layer, lib.layers.Dense(1, kernel_initializer="ones")])
    layer.set_weights(weights_of(columns))
    x, y = data()
    found = {"out": layer(x, training=True), "in use": layer(x), "kernel": layer.layer.kernel}
    model.compile(lib.optimizers.SGD(0.1, momentum=0.9), "mse")
    history = model.fit(x, y, epochs=3, batch_size=4, shuffle=False, verbose=0)
    found |= {"trained": layer.layer.kernel, "u": layer.vector_u, "bias": layer.layer.bias}
    return {"loss": np.array(history.history["loss"])} | {
        key: np.array(getattr(one, "data", one) if lib.__name__ == "corereg" else one)
        for key, one in found.items()
    }
