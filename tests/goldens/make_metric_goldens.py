"""Writes metrics.npz: what Keras's metrics give for the cases of metric_cases.py, after each batch.

JAX_ENABLE_X64=1 KERAS_BACKEND=jax python -m goldens.make_metric_goldens   (in tests/, with Keras)
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from goldens.metric_cases import BATCHES, LOOSE, arrays, cases, trained, trained_metrics

DTYPES = ("float32", "float64")


def stream(name: str, dtype: str) -> np.ndarray:
    """The results of a case after each batch."""
    cls, arguments, data, weights = cases()[name]
    keras.config.set_floatx(dtype)
    y, p, w = arrays(data, weights)
    own = {"dtype": dtype} if cls in LOOSE and weights else {}
    metric = getattr(keras.metrics, cls)(**arguments, **own)
    results = []
    for at in BATCHES:
        weight = None if w is None else w[at].astype(dtype)
        metric.update_state(y[at], p[at].astype(dtype), weight)
        results.append(np.asarray(metric.result(), "float64"))
    return np.stack(results)


def histories() -> dict[str, np.ndarray]:
    """The logs of a training with a list of metrics, plain and weighted."""
    keras.config.set_floatx("float32")
    x, y, weight, begin = trained()
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, "sigmoid")])
    model.set_weights(begin)
    model.compile(
        keras.optimizers.SGD(0.5),
        "binary_crossentropy",
        metrics=trained_metrics(keras.metrics),
        weighted_metrics=["accuracy", keras.metrics.AUC(name="weighted_auc")],
    )
    options = {"epochs": 4, "batch_size": 16, "shuffle": False, "verbose": 0}
    logs = model.fit(x, y, sample_weight=weight, **options).history
    return {f"fit {name}": np.array(values, "float64") for name, values in logs.items()}


def main() -> None:
    found = {f"{name} {dtype}": stream(name, dtype) for name in cases() for dtype in DTYPES}
    found |= histories()
    np.savez_compressed(Path(__file__).with_name("metrics.npz"), **found)


if __name__ == "__main__":
    main()
