"""What Keras's normalizing layers compute: cases that Keras 3 and corereg must do alike.

`lib` is `keras` in make_norm_goldens.py and `corereg` in ../test_normalization.py. All numbers come
from a generator that is seeded by the case's name, in float64.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# name: class, arguments, shape of the input with its rows, whether in training
LAYERS: dict[str, tuple[str, dict[str, Any], tuple[int, ...], bool]] = {
    "batch": ("BatchNormalization", {}, (6, 5), True),
    "batch given": ("BatchNormalization", {"epsilon": 0.01}, (6, 5), False),
    "batch axis": ("BatchNormalization", {"axis": 1, "momentum": 0.7}, (4, 3, 5), True),
    "batch plain": ("BatchNormalization", {"center": False, "scale": False}, (6, 5), True),
    "batch one row": ("BatchNormalization", {"momentum": 0.5}, (1, 5), True),
    "layer": ("LayerNormalization", {}, (4, 7), False),
    "layer axes": ("LayerNormalization", {"axis": [2, 1], "scale": False}, (4, 3, 5), False),
    "layer batch": ("LayerNormalization", {"axis": 1, "center": False}, (4, 3, 5), False),
    "rms": ("RMSNormalization", {}, (4, 7), False),
    "rms axes": ("RMSNormalization", {"axis": [1, 2], "epsilon": 0.1}, (4, 3, 5), False),
    "group": ("GroupNormalization", {"groups": 2}, (4, 6), False),
    "group axis": ("GroupNormalization", {"groups": 3, "axis": 1}, (4, 6, 2), False),
    "group inner": ("GroupNormalization", {"groups": 2}, (3, 2, 4), False),
    "group each": ("GroupNormalization", {"groups": -1, "center": False}, (4, 3, 5), False),
    "unit": ("UnitNormalization", {}, (4, 7), False),
    "unit axes": ("UnitNormalization", {"axis": [1, 2]}, (4, 3, 5), False),
}
BATCHES = 3  # that a layer in training sees one after the other
NETS = ["norm", "frozen", "axis", "block", "rows"]


def generator(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


def positive(rng: np.random.Generator, weights: list[Array]) -> list[Array]:
    """Numbers in the place of weights; vectors get positive ones, which serve as variances too."""
    return [rng.uniform(0.5 if w.ndim == 1 else -0.5, 1.5, w.shape) for w in weights]


def make_layer(lib: Any, name: str, dtype: str) -> tuple[Any, list[Array], Array]:
    """A layer with its weights set, its batches, and the gradient of its last output."""
    kind, arguments, shape, _ = LAYERS[name]
    rng = generator(name)
    layer = getattr(lib.layers, kind)(**arguments, dtype=dtype)
    layer.build((None, *shape[1:]))
    layer.set_weights([w.astype(dtype) for w in positive(rng, layer.get_weights())])
    batches = [(rng.standard_normal(shape) * 2 + 1).astype(dtype) for _ in range(BATCHES)]
    return layer, batches, rng.standard_normal(shape).astype(dtype)


def make_net(lib: Any, name: str) -> Any:
    """A small net with a normalization in it, compiled."""
    layers = lib.layers

    class Block(layers.Layer):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.dense, self.norm = layers.Dense(4), layers.BatchNormalization(momentum=0.8)

        def call(self, x: Any) -> Any:
            return self.norm(self.dense(x)) * 0.5

        def compute_output_shape(self, input_shape: Any) -> Any:
            return (*input_shape[:-1], 4)

    norm = layers.BatchNormalization(momentum=0.8, gamma_regularizer="l2")
    parts = {
        "norm": [layers.Dense(6), norm, layers.Activation("relu")],
        "frozen": [layers.Dense(6), norm, layers.Activation("relu")],
        "axis": [layers.BatchNormalization(axis=1, momentum=0.8), layers.Flatten()],
        "block": [Block(), layers.Activation("tanh")],
        "rows": [layers.Dense(6), layers.LayerNormalization(), layers.RMSNormalization()],
    }[name]
    shape = (3, 4) if name == "axis" else (5,)
    model = lib.Sequential([lib.Input(shape), *parts, layers.Dense(2)])
    norm.trainable = name != "frozen"
    model.compile(optimizer=lib.optimizers.SGD(0.01, momentum=0.5), loss="mse")
    return model


def run_net(lib: Any, name: str, dtype: str) -> dict[str, Array]:
    """Trains it for three epochs of two and a half batches, and looks at it."""
    rng = generator(f"net {name}")
    model = make_net(lib, name)
    fresh = model.get_weights()
    model.set_weights([w.astype(dtype) for w in positive(rng, fresh)])
    x = rng.standard_normal((20, *model.input_shape[1:])).astype(dtype)
    y = rng.standard_normal((20, 2)).astype(dtype)
    options = {"batch_size": 8, "verbose": 0}
    history = model.fit(x, y, epochs=3, shuffle=False, **options).history
    return {
        **{f"weight {i}": w for i, w in enumerate(model.get_weights())},
        "loss": np.array(history["loss"]),
        "evaluate": np.atleast_1d(model.evaluate(x, y, **options)),
        "predict": np.asarray(model.predict(x[:5], verbose=0)),
    }
