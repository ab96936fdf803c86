"""Writes metrics.npz: what Keras's metrics give for the cases of metric_cases.py, after each batch.

JAX_ENABLE_X64=1 KERAS_BACKEND=jax python -m goldens.make_metric_goldens   (in tests/, with Keras)
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from goldens.metric_cases import BATCHES, LOOSE, arrays, cases


def main() -> None:
    found = {}
    for name, (cls, arguments, data, weights) in cases().items():
        y, p, w = arrays(data, weights)
        for dtype in ("float32", "float64"):
            own = {} if cls in LOOSE and weights is None else {"dtype": dtype}
            metric = getattr(keras.metrics, cls)(**arguments, **own)
            results = []
            for at in BATCHES:
                weight = None if w is None else w[at].astype(dtype)
                metric.update_state(y[at], p[at].astype(dtype), weight)
                results.append(np.asarray(metric.result(), "float64"))
            found[f"{name} {dtype}"] = np.stack(results)
    np.savez_compressed(Path(__file__).with_name("metrics.npz"), **found)


if __name__ == "__main__":
    main()
