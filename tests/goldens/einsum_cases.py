"""EinsumDense of many equations, built alike with Keras and with corereg.

`CASES` maps names to (shape of the input, arguments); `computed` gives the output, and the weights
after two steps of training from weights that follow from their shapes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

CASES: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "dense": ((5,), {"equation": "ab,bc->ac", "output_shape": 3, "bias_axes": "c"}),
    "steps": ((4, 5), {"equation": "abc,cd->abd", "output_shape": (4, 3), "bias_axes": "d"}),
    "steps_bias": ((4, 5), {"equation": "abc,cd->abd", "output_shape": (4, 3), "bias_axes": "bd"}),
    "heads": ((4, 5), {"equation": "abc,cde->abde", "output_shape": (4, 2, 3)}),
    "heads_bias": (
        (4, 5),
        {"equation": "abc,cde->abde", "output_shape": (4, 2, 3), "bias_axes": "de"},
    ),
    "heads_row": (
        (4, 5),
        {"equation": "abc,cde->abde", "output_shape": (4, 2, 3), "bias_axes": "d"},
    ),
    "joined": ((4, 2, 3), {"equation": "abcd,cde->abe", "output_shape": (4, 5)}),
    "mixed": ((4, 5), {"equation": "abc,bd->adc", "output_shape": (3, 5), "bias_axes": "d"}),
    "apart": ((4, 5), {"equation": "abc,bcd->abd", "output_shape": (4, 3), "bias_axes": "d"}),
    "summed": ((4, 5), {"equation": "abc,cd->ad", "output_shape": 3}),
    "scaled": ((4, 5), {"equation": "abc,c->abc", "output_shape": (4, 5), "bias_axes": "c"}),
    "left": ((4, 5), {"equation": "...x,xy->...y", "output_shape": 3, "bias_axes": "y"}),
    "left_row": ((5,), {"equation": "...x,xy->...y", "output_shape": 3, "bias_axes": "y"}),
    "left_two": (
        (4, 5),
        {"equation": "...ab,bc->...ac", "output_shape": (4, 3), "bias_axes": "ac"},
    ),
    "right": ((4, 5, 2), {"equation": "ab...,bc->ac...", "output_shape": 3, "bias_axes": "c"}),
    "right_none": ((4,), {"equation": "ab...,bc->ac...", "output_shape": 3, "bias_axes": "c"}),
}


def computed(name: str, lib: Any, replayed: bool = True) -> dict[str, np.ndarray]:
    shape, arguments = CASES[name]
    layer = lib.layers.EinsumDense(**arguments, activation="tanh", kernel_regularizer="l2")
    model = lib.Sequential([lib.Input(shape), layer, lib.layers.Flatten(), lib.layers.Dense(1)])
    rng = np.random.RandomState(7)
    model.set_weights([rng.randint(-64, 65, w.shape).astype("f4") / 64 for w in model.weights])
    x = (rng.randint(-64, 65, (6, *shape)) / 64).astype("f4")
    y = (rng.randint(-64, 65, (6, 1)) / 64).astype("f4")
    found = {"output": np.asarray(lib.ops.convert_to_numpy(lib.ops.stop_gradient(layer(x))))}
    model.compile(lib.optimizers.SGD(0.125), "mse", run_eagerly=not replayed)
    model.fit(x, y, batch_size=3, shuffle=False, verbose=0)
    found["predicted"] = np.asarray(model.predict(x, verbose=0))
    return found | {str(i): np.asarray(w) for i, w in enumerate(model.get_weights())}
