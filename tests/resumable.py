"""Random models, data and ways to train them, for test_resume.py and campaigns/resume.py.

A seed makes one case: the same model, data, options and callbacks in every process.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

import corereg
from corereg import callbacks, constraints, layers, metrics, optimizers, random

Rng = np.random.Generator
ROWS = 41
VOCABULARY = 12


class Noise(layers.Layer):
    """Adds normal numbers of a SeedGenerator of its own in training."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.seeds = random.SeedGenerator()

    def call(self, x: Any, training: bool = False) -> Any:
        return x + 0.1 * random.normal(x.shape, dtype=x.dtype, seed=self.seeds) if training else x

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Lottery(callbacks.Callback):
    """A user's callback with a state: it changes the rate after a number of batches and leaves
    notes."""

    def __init__(self) -> None:
        self.seen, self.notes = 0, []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seen += 1
        self.notes.append([epoch, logs["loss"]])
        if self.seen % 2 == 0:
            self.model.optimizer.learning_rate *= 0.9

    def get_state(self) -> Any:
        return {"seen": self.seen, "notes": np.array(self.notes)}

    def set_state(self, state: Any) -> None:
        self.seen, self.notes = state["seen"], state["notes"].tolist()


def one_of(rng: Rng, *choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def chance(rng: Rng, share: float) -> bool:
    return bool(rng.random() < share)


def hidden(rng: Rng) -> Any:
    makers = [
        lambda: layers.Dense(6, "relu", kernel_regularizer="l2"),
        lambda: layers.Dense(5, "tanh", kernel_constraint=constraints.MaxNorm(1.0)),
        lambda: layers.Dropout(0.3),
        lambda: layers.GaussianNoise(0.2),
        lambda: layers.GaussianDropout(0.2),
        lambda: layers.AlphaDropout(0.2),
        lambda: layers.BatchNormalization(),
        lambda: layers.LayerNormalization(),
        Noise,
    ]
    return one_of(rng, *makers)()


def make_optimizer(rng: Rng) -> Any:
    schedules = optimizers.schedules
    rate = one_of(
        rng, 0.01, 0.02, schedules.ExponentialDecay(0.02, 5, 0.9), schedules.CosineDecay(0.02, 60)
    )
    options: dict[str, Any] = {}
    if chance(rng, 0.3):
        options["use_ema"] = True
        options["ema_overwrite_frequency"] = one_of(rng, None, None, 7)
    if chance(rng, 0.25):
        options["gradient_accumulation_steps"] = 2
    options |= one_of(rng, {}, {}, {"clipnorm": 1.0}, {"weight_decay": 0.01})
    kind = one_of(
        rng, *(optimizers.SGD, optimizers.Adam, optimizers.Nadam, optimizers.RMSprop),
        *(optimizers.Adagrad, optimizers.Lion, optimizers.Ftrl, optimizers.Adam),
    )  # fmt: skip
    if kind is optimizers.Adam and not options and chance(rng, 0.5):
        options["lazy"] = True
    if kind is optimizers.SGD:
        options["momentum"] = one_of(rng, 0.0, 0.9)
    base = kind(rate, **options)
    if not options.get("lazy") and chance(rng, 0.2):
        return optimizers.SAM(base, 0.1, chance(rng, 0.5))
    return base


def build(seed: int) -> tuple[Any, dict[str, Any]]:
    """The compiled model of a seed, and what `fit` is called with, without callbacks."""
    rng = np.random.default_rng(seed)
    corereg.set_random_seed(seed)
    corereg.config.set_floatx(one_of(rng, "float32", "float32", "float64"))
    several = chance(rng, 0.3)
    numbers = corereg.Input((4,), name="numbers")
    x: Any = {"numbers": rng.normal(size=(ROWS, 4))}
    node, inputs = numbers, [numbers]
    if chance(rng, 0.4):
        words = corereg.Input((3,), name="words", dtype="int32")
        x["words"] = rng.integers(0, VOCABULARY, (ROWS, 3))
        looked_up = layers.Flatten()(layers.Embedding(VOCABULARY, 2)(words))
        node, inputs = layers.Concatenate()([node, looked_up]), [numbers, words]
    for _ in range(int(rng.integers(1, 5))):
        node = hidden(rng)(node)
    labels = rng.integers(0, 3, ROWS)
    outputs = {"label": layers.Dense(3, "softmax", name="label")(node)}
    y: Any = {"label": labels}
    losses: Any = {"label": "sparse_categorical_crossentropy"}
    wanted: Any = {"label": ["accuracy"]}
    if several:
        outputs["value"] = layers.Dense(1, name="value")(node)
        y["value"] = rng.normal(size=(ROWS, 1))
        losses["value"] = "mse"
        wanted["value"] = ["mae", metrics.R2Score()]
    model = corereg.Model(inputs, outputs)
    model.compile(
        make_optimizer(rng), losses, metrics=wanted if chance(rng, 0.8) else None,
        run_eagerly=chance(rng, 0.2),
    )  # fmt: skip
    given: dict[str, Any] = {"batch_size": one_of(rng, 5, 8, 16, ROWS), "epochs": 8}
    given["shuffle"] = chance(rng, 0.8)
    if chance(rng, 0.4):
        given["validation_split"] = 0.25
    if chance(rng, 0.2):
        given["steps_per_epoch"] = 2
    if not several and chance(rng, 0.4):
        given["class_weight"] = {0: 1.0, 1: 2.0, 2: 0.5}
    return model, {"x": x, "y": y, "verbose": 0, **given}


def more_callbacks(seed: int, folder: Path, model: Any) -> list[Any]:
    """The callbacks of a seed, without BackupAndRestore."""
    rng = np.random.default_rng([seed, 1])
    averages, scheduled = model.optimizer.use_ema, model.optimizer._schedule is not None
    found: list[Any] = [
        callbacks.EarlyStopping("loss", patience=2, restore_best_weights=chance(rng, 0.5)),
        callbacks.CSVLogger(folder / "log.csv"),
        callbacks.ModelCheckpoint(folder / "best.corereg", "loss", save_best_only=True),
    ]
    found.append(callbacks.StochasticWeightAveraging(int(rng.integers(0, 4))))
    if averages:
        found.append(callbacks.SwapEMAWeights(chance(rng, 0.5)))
    if not scheduled:
        found += [
            Lottery(),
            callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=0.05, factor=0.5),
            callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.95),
            callbacks.SnapshotEnsemble(3),
        ]
    return [one for one in found if chance(rng, 0.4)]


def result(model: Any, found: list[Any], folder: Path) -> dict[str, str]:
    """Digests of all that a training ends with, by what it is."""

    def digest(*values: Any) -> str:
        made = hashlib.sha256()
        for value in values:
            array = np.asarray(value)
            made.update(f"{array.dtype}{array.shape}".encode() + array.tobytes())
        return made.hexdigest()[:16]

    history = model.history
    log = folder / "log.csv"
    return {
        "weights": digest(*model.get_weights()),
        "optimizer": digest(*model.optimizer.state, model.optimizer.steps),
        "rate": repr(float(model.optimizer.learning_rate)),
        "history": digest(*(history.history[name] for name in sorted(history.history))),
        "names": " ".join([*sorted(history.history), *map(str, history.epoch)]),
        "random": digest(*(str(layer.random_state) for layer in model.layers)),
        "passes": str(int(model._trainer.row_order.passes[0])),
        "log": digest(log.read_text()) if log.exists() else "",
        "states": str([
            (type(one).__name__, digest(*map(str, one.get_state().values())))
            for one in found
            if isinstance(one, callbacks.Callback) and one.get_state() is not None
        ]),
    }  # fmt: skip
