"""Makes loss_goldens.npz with Keras 3; in tests/: `python -m goldens.make_loss_goldens`.

Needs keras and jax. For each case of loss_cases.py it holds, computed in float64, the values, the
reduced values and the gradients, each flat, and the kernel of a model of one layer after a few
steps of gradient descent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from .loss_cases import CASES, RATE, STEPS, Array, run, training_data
from .make_goldens import load_keras


def main() -> None:
    keras = load_keras()
    import jax

    def differentiate(function: Any, p: Array) -> tuple[Array, Array]:
        def total(p: Any) -> Any:
            value = function(p)
            return value.sum(), value

        slope, value = jax.grad(total, has_aux=True)(jax.numpy.asarray(p))
        return np.asarray(value), np.asarray(slope)

    jax.config.update("jax_enable_x64", True)
    keras.config.set_floatx("float64")
    arrays: dict[str, Any] = {"keras": np.array(keras.__version__)}
    for name, case in CASES.items():
        for part, found in run(name, keras.losses, "float64", differentiate).items():
            arrays[f"{name} {part}"] = np.concatenate([np.ravel(one) for one in found])
        x, y, kernel = training_data(name)
        loss = getattr(keras.losses, case.loss)(**case.arguments, dtype="float64")
        act = getattr(keras.activations, case.activation)

        def of_kernel(k: Any, loss: Any = loss, act: Any = act, x: Any = x, y: Any = y) -> Any:
            return loss(y, act(x @ k))

        for _ in range(STEPS):
            kernel = kernel - RATE * differentiate(of_kernel, kernel)[1]
        arrays[f"{name} trained"] = kernel.ravel()
        print(name, flush=True)
    np.savez_compressed(Path(__file__).parent / "loss_goldens.npz", **arrays)


if __name__ == "__main__":
    main()
