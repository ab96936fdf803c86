"""Makes loss_goldens.npz with Keras 3; in tests/: `python -m goldens.make_loss_goldens`.

Needs keras and jax. For each case of loss_cases.py it holds, in float32 and in float64, the values,
the reduced values and the gradients, each flat, and the kernel of a model of one layer after a few
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

    arrays: dict[str, Any] = {"keras": np.array(keras.__version__)}
    for dtype in ("float32", "float64"):
        keras.config.set_floatx(dtype)
        for name, case in CASES.items():
            with jax.enable_x64(dtype == "float64"):
                for part, found in run(name, keras.losses, dtype, differentiate).items():
                    flat = np.concatenate([np.ravel(one) for one in found])
                    arrays[f"{name} {part} {dtype}"] = flat.astype(dtype)
                x, y, kernel = (one.astype(dtype) for one in training_data(name))
                y = y.astype(int) if case.y == "labels" else y
                loss = getattr(keras.losses, case.loss)(**case.arguments, dtype=dtype)
                act = getattr(keras.activations, case.activation)

                def of_kernel(
                    k: Any, loss: Any = loss, act: Any = act, x: Any = x, y: Any = y
                ) -> Any:
                    return loss(y, act(x @ k))

                for _ in range(STEPS):
                    kernel -= RATE * differentiate(of_kernel, kernel)[1]
                arrays[f"{name} trained {dtype}"] = kernel.ravel()
    np.savez_compressed(Path(__file__).parent / "loss_goldens.npz", **arrays)


if __name__ == "__main__":
    main()
