"""Makes trained_graphs.npz with Keras 3; in tests/:

    python -m goldens.make_trained_graph_goldens [name ...]

Needs keras and jax. Each case of trained_graph_cases.py is trained in float32 and, with x64 mode of
JAX, in float64. The file holds, for each case, its starting weights, the names of its layers and of
its results, and the results in both dtypes, flattened and joined.
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path

import numpy as np

from .make_goldens import load_keras
from .trained_graph_cases import CASES, run

LIMIT = 4e-6  # of the distance between Keras's float32 and float64 runs


def starting_weights(name: str, like: list[np.ndarray]) -> np.ndarray:
    """Flat float32 weights, seeded by the name of the case."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return np.concatenate([rng.uniform(-0.7, 0.7, w.size) for w in like]).astype("float32")


def main() -> None:
    keras = load_keras()
    import jax

    path = Path(__file__).parent / "trained_graphs.npz"
    content: dict[str, np.ndarray] = dict(np.load(path)) if path.exists() else {}
    content["keras"] = np.array(keras.__version__)
    for name in sys.argv[1:] or CASES:
        results, used = {}, np.zeros(0, "float32")
        for dtype in ("float64", "float32"):
            jax.config.update("jax_enable_x64", dtype == "float64")
            keras.config.set_floatx(dtype)
            keras.backend.clear_session()
            fresh = CASES[name](keras)[0].get_weights()
            used = starting_weights(name, fresh)
            keras.backend.clear_session()
            layers, results[dtype] = run(name, keras, used, dtype)
        noise = max(
            float(np.abs(a - results["float64"][key]).max() / max(np.abs(a).max(), 1e-30))
            for key, a in results["float32"].items()
        )
        print(f"{name:32} noise {noise:.1e}{'' if noise < LIMIT else ' too much'}", flush=True)
        content[f"{name}/start"] = used
        content[f"{name}/layers"] = np.array(layers)
        content[f"{name}/names"] = np.array(list(results["float32"]))
        for dtype, found in results.items():
            flat = [np.asarray(a, dtype).ravel() for a in found.values()]
            content[f"{name}/{dtype}"] = np.concatenate(flat)
        np.savez_compressed(path, **content)


if __name__ == "__main__":
    main()
