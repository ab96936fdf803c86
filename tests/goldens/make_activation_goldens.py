"""Writes activations.npz: what Keras gives for the cases of activation_cases.py.

Run in tests/: ``KERAS_BACKEND=jax JAX_ENABLE_X64=1 python -m goldens.make_activation_goldens``.
"""

from __future__ import annotations

from pathlib import Path

import jax
import keras
import numpy as np

from .activation_cases import ALONG_AN_AXIS, ELEMENTWISE, LAYERS, POINTS, ROWS, training_data


def layer_results(kind, arguments, dtype):
    """The weights after three steps, and the predictions."""
    keras.backend.set_floatx(dtype)
    x, y, weights = training_data()
    layer = getattr(keras.layers, kind)(**arguments)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(5), layer, keras.layers.Dense(1)]
    )
    model.layers[0].set_weights(weights[:2])
    model.layers[2].set_weights(weights[2:])
    model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
    losses = model.fit(x, y, batch_size=4, epochs=1, shuffle=False, verbose=0).history["loss"]
    trained = [np.asarray(w).ravel() for w in model.get_weights()]
    return np.concatenate([*trained, losses, model.predict(x, verbose=0).ravel()])


def main():
    made = {}
    for dtype in ("float32", "float64"):
        for key, (name, arguments) in (ELEMENTWISE | ALONG_AN_AXIS).items():
            function = getattr(keras.activations, name)
            x = (POINTS if key in ELEMENTWISE else ROWS).astype(dtype)
            weights = np.arange(1, x.size + 1, dtype=dtype).reshape(x.shape)

            def summed(t, function=function, arguments=arguments, weights=weights):
                y = function(t, **arguments)
                return (y * weights[tuple(map(slice, y.shape))]).sum()

            if key in ELEMENTWISE:  # one by one, so that NaN stays where it is

                def summed(t, function=function, arguments=arguments):
                    return function(t, **arguments)

            gradient = jax.grad(summed)
            gradient = jax.vmap(gradient) if key in ELEMENTWISE else gradient
            made[f"{key} {dtype} value"] = np.asarray(function(x, **arguments))
            made[f"{key} {dtype} gradient"] = np.asarray(gradient(x))
        for key, (kind, arguments, _) in LAYERS.items():
            made[f"layer {key} {dtype}"] = layer_results(kind, arguments, dtype)
    np.savez_compressed(Path(__file__).with_name("activations.npz"), **made)


if __name__ == "__main__":
    main()
