"""Makes callbacks.json with Keras 3; in tests/:

    python -m goldens.make_callback_goldens

Needs keras and jax. The file says what EarlyStopping, ReduceLROnPlateau and ModelCheckpoint do on
recorded series of a loss, a value for each epoch of two batches. NaN is null.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from .make_goldens import load_keras

SERIES: dict[str, list[float]] = {
    "falling": [3, 2, 1, 0.5],
    "plateau": [3, 2, 2.05, 1.99, 2, 2, 1, 1, 1, 1, 1.0],
    "rising": [1, 2, 3, 4, 4, 4, 4.0],
    "with NaN": [3, 2.5, math.nan, 2, math.nan, math.nan, 1, 2, math.nan, math.nan],
    "zigzag": [3, 4, 2, 5, 1, 6, 0, 7, -1.0],
}
STOPPING: list[dict[str, Any]] = [
    {},
    {"patience": 2},
    {"patience": 3, "min_delta": 0.1},
    {"mode": "max", "patience": 2},
    {"patience": 2, "baseline": 2.0},
    {"patience": 1, "start_from_epoch": 3},
    {"patience": 2, "min_delta": -0.1, "start_from_epoch": 1},
]
PLATEAU: list[dict[str, Any]] = [
    {"patience": 1},
    {"patience": 2, "factor": 0.5},
    {"patience": 2, "cooldown": 2, "factor": 0.5},
    {"patience": 1, "min_lr": 0.03, "factor": 0.5},
    {"patience": 2, "mode": "max"},
    {"patience": 2, "min_delta": 0.1, "factor": 0.5},
]
CHECKPOINT: list[dict[str, Any]] = [
    {},
    {"save_best_only": True},
    {"save_best_only": True, "mode": "max"},
    {"save_best_only": True, "initial_value_threshold": 1.5},
    {"save_freq": 3},
    {"save_freq": 3, "save_best_only": True},
    {"save_freq": 3, "save_best_only": True, "mode": "max"},
]


class Optimizer:
    learning_rate = 0.1


class Model:
    """Its one weight counts batches."""

    def __init__(self) -> None:
        self.weight, self.stop_training, self.optimizer = 0, False, Optimizer()
        self.saved: list[str] = []
        self.metrics: list[Any] = []

    def get_weights(self) -> list[int]:
        return [self.weight]

    def set_weights(self, weights: list[int]) -> None:
        self.weight = weights[0]

    def save(self, path: str, **options: Any) -> None:
        self.saved.append(os.path.basename(path))


def run(callback: Any, values: list[float]) -> tuple[Model, list[float]]:
    """The model after a run of epochs of two batches, and the learning rate after each epoch."""
    model, rates = Model(), []
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        callback.on_epoch_begin(epoch)
        for batch in range(2):
            model.weight += 1
            callback.on_train_batch_end(batch, {"loss": value})
        callback.on_epoch_end(epoch, {"loss": value})
        rates.append(float(model.optimizer.learning_rate))
        if model.stop_training:
            break
    callback.on_train_end({})
    return model, rates


def swapped(keras: Any, swap_on_epoch: bool) -> dict[str, Any]:
    """A line fitted with averages of its weights: what validations and a callback behind
    SwapEMAWeights see, and the weights at the end."""
    x = np.arange(8.0, dtype="float32").reshape(4, 2) / 8
    y = x[:, :1] * 3 - 1
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.set_weights([np.array([[0.5], [-0.25]], "float32"), np.array([0.125], "float32")])
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.6), "mse")
    seen: list[list[float]] = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(flat(self.model.get_weights()))

    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch)
    history = model.fit(
        *(x, y),
        batch_size=2,
        epochs=3,
        shuffle=False,
        verbose=0,
        validation_data=(x, y),
        callbacks=[swap, Look()],
    )
    return {
        "swap_on_epoch": swap_on_epoch,
        "val_loss": history.history["val_loss"],
        "seen": seen,
        "end": flat(model.get_weights()),
    }


def flat(weights: list[np.ndarray]) -> list[float]:
    return [float(value) for array in weights for value in array.ravel()]


def main() -> None:
    keras = load_keras()
    found: dict[str, Any] = {"keras": keras.__version__, "series": {}, "early_stopping": []}
    found |= {"reduce_lr_on_plateau": [], "model_checkpoint": []}
    for name, values in SERIES.items():
        found["series"][name] = [None if math.isnan(value) else value for value in values]
        for options in STOPPING:
            stop = keras.callbacks.EarlyStopping("loss", restore_best_weights=True, **options)
            model, rates = run(stop, values)
            facts = [len(rates), stop.stopped_epoch, stop.best_epoch, model.weight]
            found["early_stopping"].append([name, options, facts])
        for options in PLATEAU:
            _, rates = run(keras.callbacks.ReduceLROnPlateau("loss", **options), values)
            found["reduce_lr_on_plateau"].append([name, options, rates])
        for options in CHECKPOINT:
            path = "{epoch:02d}-{loss:.2f}" + "-{batch}" * ("save_freq" in options) + ".keras"
            with tempfile.TemporaryDirectory() as folder:
                keeper = keras.callbacks.ModelCheckpoint(f"{folder}/{path}", "loss", **options)
                model, _ = run(keeper, values)
            found["model_checkpoint"].append([name, options, path, model.saved])
    found["swap_ema_weights"] = [swapped(keras, on_epoch) for on_epoch in (False, True)]
    lines = []
    for key, value in found.items():
        if isinstance(value, list):
            rows = ",\n  ".join(json.dumps(row) for row in value)
            lines.append(f' "{key}": [\n  {rows}\n ]')
        else:
            lines.append(f' "{key}": {json.dumps(value)}')
    target = Path(__file__).parent / "callbacks.json"
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
