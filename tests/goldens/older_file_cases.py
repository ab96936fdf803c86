"""Models that Keras 2 and Keras 3 write to .h5 files: `CASES` has a function of the package for
each, and whether Keras 3 writes it, too.

Each gives the model, its inputs and its targets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Made = tuple[Any, Any, Any]


def rows(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def is_older(k: Any) -> bool:
    return str(k.__version__).startswith("2")


def dense(k: Any) -> Made:
    """Options of layers, and names of arguments that Keras 3 changed."""
    la = k.layers
    slope = {"alpha" if is_older(k) else "negative_slope": 0.1}
    model = k.Sequential(
        [
            la.Dense(
                5,
                input_shape=(4,),
                activation="relu",
                kernel_initializer=k.initializers.HeNormal(seed=1),
                kernel_regularizer=k.regularizers.L1L2(0.01, 0.02),
                activity_regularizer=k.regularizers.L1(0.001),
                kernel_constraint=k.constraints.MaxNorm(2),
            ),
            la.BatchNormalization(),
            la.Dropout(0.0),
            la.Dense(4, use_bias=False),
            la.LeakyReLU(**slope),
            la.LayerNormalization(),
            la.Dense(2, activation="softmax"),
        ],
        name="dense_model",
    )
    model.compile(
        k.optimizers.Adam(0.01),
        k.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=["accuracy"],
    )
    return model, rows(6, 4), np.eye(2, dtype="float32")[[0, 1, 1, 0, 1, 0]]


def graph(k: Any) -> Made:
    """Two inputs and outputs, a layer that is called twice, and a model inside the model."""
    la = k.layers
    a, b = la.Input((4,), name="a"), la.Input((3,), name="b")
    inner = k.Sequential(
        [la.Dense(3, activation="tanh", input_shape=(4,)), la.BatchNormalization(), la.Dense(3)],
        name="inner",
    )
    shared = la.Dense(2, name="shared")
    both = la.Concatenate(name="both")([shared(inner(a)), shared(b)])
    one = la.Dense(1, activation="sigmoid", name="one")(both)
    two = la.Dense(2, name="two")(la.Add(name="twice")([both, both]))
    model = k.Model([a, b], [one, two], name="graph_model")
    model.compile(
        k.optimizers.SGD(0.1, momentum=0.9),
        loss={"one": "binary_crossentropy", "two": "mse"},
        loss_weights={"one": 1.0, "two": 0.5},
        metrics={"one": ["accuracy", k.metrics.AUC(num_thresholds=20, name="area")]},
    )
    y = rows(6, 2, seed=2)
    return model, [rows(6, 4), rows(6, 3, seed=1)], [(y[:, :1] > 0).astype("float32"), y]


def texts(k: Any) -> Made:
    """An embedding of words, as tutorials have it."""
    la = k.layers
    length = {"input_length": 5} if is_older(k) else {}
    model = k.Sequential(
        [
            la.Embedding(12, 3, **length) if is_older(k) else la.Input((5,)),
            *([] if is_older(k) else [la.Embedding(12, 3)]),
            la.GlobalAveragePooling1D(),
            la.Dense(1, activation="sigmoid"),
        ],
        name="texts_model",
    )
    model.compile(
        k.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
        "binary_crossentropy",
        metrics=["acc", "mae"],
    )
    x = np.random.default_rng(3).integers(0, 12, (6, 5))
    return model, x, np.array([[0], [1], [1], [0], [1], [0]], "float32")


def small(k: Any, optimizer: Any, name: str) -> Made:
    model = k.Sequential(
        [k.layers.Dense(3, input_shape=(4,), activation="tanh"), k.layers.Dense(1)], name=name
    )
    model.compile(optimizer, "mse")
    return model, rows(6, 4), rows(6, 1, seed=1)


def older_sgd(k: Any) -> Made:
    """Of before Keras 2.11, with a decay."""
    made = k.optimizers.legacy.SGD(0.1, momentum=0.8, nesterov=True, decay=0.1)
    return small(k, made, "older_sgd_model")


def older_adam(k: Any) -> Made:
    made = k.optimizers.legacy.Adam(0.02, amsgrad=True, decay=0.05)
    return small(k, made, "older_adam_model")


def older_rmsprop(k: Any) -> Made:
    made = k.optimizers.legacy.RMSprop(0.02, momentum=0.3, centered=True)
    return small(k, made, "older_rmsprop_model")


def older_adadelta(k: Any) -> Made:
    return small(k, k.optimizers.legacy.Adadelta(1.0), "older_adadelta_model")


def schedule(k: Any) -> Made:
    rate = k.optimizers.schedules.ExponentialDecay(0.05, 3, 0.9)
    return small(k, k.optimizers.Adam(rate, amsgrad=True, clipnorm=1.0), "schedule_model")


def adamax(k: Any) -> Made:
    return small(k, k.optimizers.Adamax(0.02), "adamax_model")


def ftrl(k: Any) -> Made:
    return small(k, k.optimizers.Ftrl(0.1), "ftrl_model")


CASES: dict[str, tuple[Callable[[Any], Made], tuple[int, ...]]] = {
    "dense": (dense, (2, 3)),
    "graph": (graph, (2, 3)),
    "texts": (texts, (2, 3)),
    "older_sgd": (older_sgd, (2,)),
    "older_adam": (older_adam, (2,)),
    "older_rmsprop": (older_rmsprop, (2,)),
    "older_adadelta": (older_adadelta, (2,)),
    "schedule": (schedule, (2, 3)),
    "adamax": (adamax, (2,)),
    "ftrl": (ftrl, (2, 3)),
}
"""Each with the versions of Keras that write it."""
NAMES = [f"{name}_{version}" for name, (_, versions) in CASES.items() for version in versions]
