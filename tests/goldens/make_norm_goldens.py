"""Makes norms.npz with Keras 3 on JAX; in tests/: `python -m goldens.make_norm_goldens`.

Holds for each case of norm_cases.py, in float32 and float64, under "<dtype>/<case>/<what>": of a
layer the output, the gradients of its input and of its trainable weights, and its weights after
BATCHES batches; of a net what run_net returns.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np

from . import norm_cases
from .make_goldens import load_keras

FILE = Path(__file__).parent / "norms.npz"


def run_layer(keras: ModuleType, name: str, dtype: str) -> dict[str, np.ndarray]:
    import jax
    import jax.numpy as jnp

    training = norm_cases.LAYERS[name][3]
    layer, batches, upstream = norm_cases.make_layer(keras, name, dtype)
    fixed = [v.value for v in layer.non_trainable_variables]

    def loss(x: jax.Array, *weights: jax.Array) -> tuple[jax.Array, jax.Array]:
        options = {"training": True} if training else {}
        out, _ = layer.stateless_call(list(weights), fixed, x, **options)
        return (out * upstream).sum(), out

    weights = [v.value for v in layer.trainable_variables]
    given = (jnp.asarray(batches[-1]), *weights)
    gradients, out = jax.grad(loss, argnums=tuple(range(len(given))), has_aux=True)(*given)
    found = {"out": out, **{f"gradient {i}": g for i, g in enumerate(gradients)}}
    for batch in batches if training else ():
        layer(batch, training=True)
    return {**found, **{f"weight {i}": w for i, w in enumerate(layer.get_weights())}}


def main() -> None:
    keras = load_keras()
    import jax

    made = {}
    for dtype in ("float32", "float64"):
        jax.config.update("jax_enable_x64", dtype == "float64")
        keras.config.set_floatx(dtype)
        keras.backend.clear_session()  # forgets the dtype of before
        runs = [(name, run_layer(keras, name, dtype)) for name in norm_cases.LAYERS]
        runs += [(f"net {n}", norm_cases.run_net(keras, n, dtype)) for n in norm_cases.NETS]
        for name, results in runs:
            for what, array in results.items():
                made[f"{dtype}/{name}/{what}"] = np.asarray(array)
    np.savez_compressed(FILE, keras=keras.__version__, **made)


if __name__ == "__main__":
    main()
