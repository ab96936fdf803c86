"""Makes optimizers.npz with Keras 3; in tests/:

    python -m goldens.make_optimizer_goldens

Needs keras and jax. Each case of optimizer_cases.py is run in float32 and, with x64 mode of JAX, in
float64. The file holds the results of each, flattened and joined, and the starting weights of fits.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from . import optimizer_cases as cases
from .make_goldens import load_keras


def flat(arrays: list[Any], dtype: str) -> np.ndarray:
    return np.concatenate([np.asarray(a, dtype).ravel() for a in arrays])


def main() -> None:
    keras = load_keras()
    import jax

    jax.config.update("jax_disable_jit", True)  # else every step is compiled anew
    content = {"keras": np.array(keras.__version__)}
    for dtype in ("float64", "float32"):
        print(dtype, flush=True)
        jax.config.update("jax_enable_x64", dtype == "float64")
        keras.config.set_floatx(dtype)

        def variable(values: Any, name: str, dtype: str = dtype) -> Any:
            return keras.Variable(values, name=name, dtype=dtype)

        for name in cases.CASES:
            content[f"{name}/{dtype}"] = flat(cases.run_steps(name, keras, dtype, variable), dtype)
        for name, make in cases.SCHEDULES.items():
            schedule = make(keras.optimizers.schedules)
            found = [np.asarray(schedule(np.int64(step))) for step in cases.AT]
            content[f"schedule {name}/{dtype}"] = np.array(found, dtype)
        for name, (make, _) in cases.CONSTRAINTS.items():
            weights = cases.constrained_weights(name, dtype)
            found = np.asarray(make(keras.constraints)(weights))
            content[f"constraint {name}/{dtype}"] = found
        for name in cases.FITS:
            start = [w.astype("float32") for w in cases.fit(name, keras, dtype, None)]
            if dtype == "float64":
                rng = np.random.default_rng(len(name))
                drawn = [rng.uniform(-0.7, 0.7, w.shape).astype("float32") for w in start]
                content[f"fit {name}/start"] = flat(drawn, "float32")
            weights = unflatten(content[f"fit {name}/start"], start)
            print(name, flush=True)
            content[f"fit {name}/{dtype}"] = flat(cases.fit(name, keras, dtype, weights), dtype)
    np.savez_compressed(Path(__file__).parent / "optimizers.npz", **content)


def unflatten(values: np.ndarray, like: list[Any]) -> list[np.ndarray]:
    found, at = [], 0
    for one in like:
        size = int(np.prod(one.shape))
        found.append(values[at : at + size].reshape(one.shape))
        at += size
    return found


if __name__ == "__main__":
    main()
