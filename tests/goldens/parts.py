"""Data and networks that the golden cases are put together from.

The data are multiples of 1/64 drawn from `RandomState`, whose streams are frozen: every sum that
makes a label is exact, so the arrays are the same on every machine, NumPy and dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

ROWS = 70  # with batches of 32 the last batch has 6 rows

Lib = Any  # the module keras or corereg
Model = Any
Arguments = dict[str, Any]

# Data: x is (rows, features) in [-1, 1]; a linear score with small integer weights and some noise
# makes the targets.


def _table(seed: int, rows: int, features: int, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """x (rows, features) and scores (rows, outputs), both in multiples of 1/64."""
    rng = np.random.RandomState(seed)
    x = rng.randint(-64, 65, (rows, features)) / 64
    noise = rng.randint(-64, 65, (rows, outputs)) / 64
    return x, x @ rng.randint(-2, 3, (features, outputs)).astype("float64") + noise


def binary(seed: int, rows: int = ROWS, features: int = 10) -> Arguments:
    """y is (rows, 1), 0.0 or 1.0."""
    x, score = _table(seed, rows, features, 1)
    return {"x": x, "y": (score > 0).astype("float64")}


def multilabel(seed: int, rows: int = ROWS) -> Arguments:
    """y is (rows, 3), each entry 0.0 or 1.0 of its own."""
    x, score = _table(seed, rows, 10, 3)
    return {"x": x, "y": (score > 0).astype("float64")}


def integers(seed: int, rows: int = ROWS, features: int = 10, classes: int = 3) -> Arguments:
    """y is (rows,), int64 labels."""
    x, score = _table(seed, rows, features, classes)
    return {"x": x, "y": score.argmax(axis=1).astype("int64")}


def onehot(seed: int, rows: int = ROWS, features: int = 10, classes: int = 3) -> Arguments:
    """y is (rows, classes), one-hot."""
    data = integers(seed, rows, features, classes)
    return data | {"y": np.eye(classes)[data["y"]]}


def targets(seed: int, rows: int = ROWS, outputs: int = 1) -> Arguments:
    """y is (rows, outputs), real."""
    x, score = _table(seed, rows, 10, outputs)
    return {"x": x, "y": score / 4}


def column(data: Arguments) -> Arguments:
    """The labels as (rows, 1) instead of (rows,)."""
    return data | {"y": data["y"].reshape(-1, 1)}


def vector(data: Arguments) -> Arguments:
    """The (rows, 1) targets as (rows,)."""
    return data | {"y": data["y"].reshape(-1)}


def weighted(data: Arguments) -> Arguments:
    """With weights in 0, 0.25, ..., 2, one a row; some rows weigh nothing."""
    weight = np.random.RandomState(99).randint(0, 9, len(data["x"])) / 4
    return data | {"sample_weight": weight}


def validated(data: Arguments, other: Arguments) -> Arguments:
    """With `other` as validation data, its sample weights too if it has them."""
    return data | {"validation_data": tuple(other.values())}


# Networks.


def net(
    lib: Lib,
    outputs: int = 1,
    activation: str | None = "sigmoid",
    *,
    hidden: str | None = "relu",
    first: Callable[[Lib], Arguments] = lambda lib: {},
    last: Callable[[Lib], Arguments] = lambda lib: {},
) -> Model:
    """10 -> 16 -> outputs; `first` and `last` give the two layers further arguments."""
    return lib.models.Sequential(
        [
            lib.layers.Input((10,)),
            lib.layers.Dense(16, activation=hidden, **first(lib)),
            lib.layers.Dense(outputs, activation=activation, **last(lib)),
        ]
    )


def elastic(lib: Lib) -> Arguments:
    """Kernel and bias penalties for the first layer, so that updates carry both terms."""
    return {
        "kernel_regularizer": lib.regularizers.l1_l2(l1=0.002, l2=0.01),
        "bias_regularizer": lib.regularizers.l2(0.02),
    }


softmax3 = partial(net, outputs=3, activation="softmax")
linear1 = partial(net, outputs=1, activation=None)


def layers_apart(lib: Lib) -> Model:
    """Flatten, Activation layers, a Dropout that drops nothing, and a layer without bias."""
    model = lib.models.Sequential()
    model.add(lib.layers.Input((5, 2)))
    model.add(lib.layers.Flatten())
    model.add(lib.layers.Dense(16, use_bias=False))
    model.add(lib.layers.Activation("tanh"))
    model.add(lib.layers.Dropout(0.0))
    model.add(lib.layers.Dense(3))
    model.add(lib.layers.Activation("softmax"))
    return model


def tutorial_binary(lib: Lib, regularizer: Callable[[Lib], Any]) -> Model:
    """The tutorials' first program."""
    model = lib.models.Sequential()
    model.add(
        lib.layers.Dense(
            64, input_dim=10, activation="relu", kernel_regularizer=regularizer(lib.regularizers)
        )
    )
    model.add(lib.layers.Dense(1, activation="sigmoid"))
    return model


def tutorial_binary_dropout(lib: Lib) -> Model:
    """The second program, dropout off."""
    model = lib.models.Sequential()
    model.add(lib.layers.Dense(64, input_dim=10, activation="relu"))
    model.add(lib.layers.Dropout(0.0))
    model.add(lib.layers.Dense(1, activation="sigmoid"))
    return model


def tutorial_multiclass(lib: Lib, dropout: bool) -> Model:
    """The third program; with `dropout` the fourth, dropout off."""
    l1, l2 = lib.regularizers.l1(0.01), lib.regularizers.l2(0.01)
    model = lib.models.Sequential()
    model.add(lib.layers.Dense(64, input_dim=100, activation="relu", kernel_regularizer=l1))
    if dropout:
        model.add(lib.layers.Dropout(0.0))
    model.add(lib.layers.Dense(64, activation="relu", kernel_regularizer=l2))
    if dropout:
        model.add(lib.layers.Dropout(0.0))
    model.add(lib.layers.Dense(10, activation="softmax"))
    return model
