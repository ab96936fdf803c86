"""The golden cases: small training runs that Keras 3 and corereg must do alike.

A case is written against a module namespace `lib`, which is `keras` in make_goldens.py and
`corereg` in ../test_goldens.py. `run` trains it, so that both sides get the same calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .parts import (
    Arguments,
    Lib,
    Model,
    binary,
    column,
    elastic,
    integers,
    layers_apart,
    linear1,
    multilabel,
    net,
    onehot,
    softmax3,
    targets,
    tutorial_binary,
    tutorial_binary_dropout,
    tutorial_multiclass,
    validated,
    vector,
    weighted,
)

EPOCHS = 5
PREDICT_ROWS = 5

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One training run.

    `build(lib)` returns the Sequential, `compile(lib)` the arguments of `compile`, and `data()` the
    arguments of `fit` that hold arrays or depend on them (x, y, sample_weight, ...), as float64.
    `golden` names the .npz file, if it is another case's: the two must give the same numbers.
    `extra` marks what lies beyond the first programs: clipping, loss objects, weighted metrics.
    """

    name: str
    build: Callable[[Lib], Model]
    compile: Callable[[Lib], Arguments]
    data: Callable[[], Arguments]
    batch_size: int = 32
    golden: str = ""
    extra: bool = False

    @property
    def file(self) -> str:
        """Name of the .npz file in this folder."""
        return f"{self.golden or self.name}.npz"


def split(flat: np.ndarray, like: list[np.ndarray]) -> list[np.ndarray]:
    """Cuts a flat vector into arrays shaped as those of `like`."""
    sizes = [array.size for array in like]
    if flat.shape != (sum(sizes),):
        raise ValueError(f"goldens: expected shape ({sum(sizes)},), the file has {flat.shape}")
    parts = np.split(flat, np.cumsum(sizes)[:-1])
    return [part.reshape(array.shape) for part, array in zip(parts, like, strict=True)]


def _cast(value: Any, dtype: str) -> Any:
    if isinstance(value, tuple):
        return tuple(_cast(item, dtype) for item in value)
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(dtype)
    return value


def run(case: Case, lib: Lib, start: np.ndarray | Callable, dtype: str) -> Arrays:
    """Trains the case in `lib`, whose floatx the caller has set to `dtype`.

    `start` is the flat vector of starting weights, or makes it from the model's fresh weights.
    Returns, by name and in this order: "weight 0", "weight 1", ... after the last epoch; the lists
    of `history` (EPOCHS,), keys sorted; "evaluate" (1 + metrics,); "predict" of the first rows.
    """
    data = {key: _cast(value, dtype) for key, value in case.data().items()}
    model = case.build(lib)
    model.compile(**case.compile(lib))
    fresh = model.get_weights()
    flat = start(fresh) if callable(start) else start
    model.set_weights(split(flat.astype(dtype), fresh))
    options = {"batch_size": case.batch_size, "verbose": 0}
    history = model.fit(**data, **options, epochs=EPOCHS, shuffle=False).history
    rows = {key: data[key] for key in ("x", "y", "sample_weight") if key in data}
    return {
        **{f"weight {i}": weight for i, weight in enumerate(model.get_weights())},
        **{key: np.array(history[key]) for key in sorted(history)},
        "evaluate": np.atleast_1d(model.evaluate(**rows, **options)),
        "predict": np.asarray(model.predict(data["x"][:PREDICT_ROWS], verbose=0)),
    }


# compile arguments.


def compiled(
    loss: str | Callable[[Lib], Any],
    optimizer: str | Callable[[Any], Any],
    metrics: tuple[str, ...] = ("accuracy",),
    weighted_metrics: tuple[str, ...] = (),
) -> Callable[[Lib], Arguments]:
    """A loss or optimizer is a name, or makes an object from lib.losses or lib.optimizers."""

    def arguments(lib: Lib) -> Arguments:
        chosen: Arguments = {
            "loss": loss if isinstance(loss, str) else loss(lib.losses),
            "optimizer": optimizer if isinstance(optimizer, str) else optimizer(lib.optimizers),
        }
        if metrics:
            chosen["metrics"] = list(metrics)
        if weighted_metrics:
            chosen["weighted_metrics"] = list(weighted_metrics)
        return chosen

    return arguments


BCE, CCE, SCCE = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)
MSE, MAE = "mean_squared_error", "mean_absolute_error"


# The cases, by what each group varies.


def _optimizer(name: str, optimizer: str | Callable[[Any], Any], *, extra: bool = False) -> Case:
    """The optimizer on a binary network whose first layer has penalties."""
    return Case(
        name=name,
        build=partial(net, first=elastic),
        compile=compiled(BCE, optimizer),
        data=partial(binary, 1),
        extra=extra,
    )


def _sgd(
    name: str,
    build: Callable[[Lib], Model],
    loss: str | Callable[[Any], Any],
    data: Callable[[], Arguments],
    **more: Any,
) -> Case:
    """SGD with a lively rate: its steps show the gradient as it is, Adam's hardly its size."""
    metrics = () if loss in (MSE, MAE) else ("accuracy",)
    sgd = compiled(loss, lambda o: o.SGD(learning_rate=0.1), metrics)
    return Case(name=name, build=build, compile=sgd, data=data, **more)


def _regularized(name: str, first: Callable[[Any], Arguments], hidden: str = "relu") -> Case:
    """Arguments for the first layer, made from lib.regularizers."""
    build = partial(softmax3, hidden=hidden, first=lambda lib: first(lib.regularizers))
    return _sgd(name, build, CCE, partial(onehot, 2))


TUTORIALS = [
    *(
        Case(
            name=f"tutorial_binary_{name}",
            build=partial(tutorial_binary, regularizer=regularizer),
            compile=compiled(BCE, "adam"),
            data=partial(binary, 11),
        )
        for name, regularizer in {
            "l1": lambda r: r.l1(0.01),
            "l2": lambda r: r.l2(0.01),
            "l1_l2": lambda r: r.l1_l2(l1=0.01, l2=0.01),
        }.items()
    ),
    Case(
        name="tutorial_binary_dropout",
        build=tutorial_binary_dropout,
        compile=compiled(BCE, "adam"),
        data=partial(binary, 11),
    ),
    *(
        Case(
            name=f"tutorial_multiclass{suffix}",
            build=partial(tutorial_multiclass, dropout=bool(suffix)),
            compile=compiled(CCE, "adam"),
            data=partial(onehot, 12, features=100, classes=10),
            golden="tutorial_multiclass",
        )
        for suffix in ("", "_dropout")
    ),
]

OPTIMIZERS = [
    _optimizer("sgd", lambda o: o.SGD(learning_rate=0.05)),
    _optimizer("sgd_momentum", lambda o: o.SGD(learning_rate=0.05, momentum=0.9)),
    _optimizer("sgd_nesterov", lambda o: o.SGD(learning_rate=0.05, momentum=0.9, nesterov=True)),
    _optimizer("rmsprop", lambda o: o.RMSprop(learning_rate=0.003, rho=0.8)),
    _optimizer("rmsprop_momentum", lambda o: o.RMSprop(learning_rate=0.001, momentum=0.8)),
    _optimizer("rmsprop_centered", lambda o: o.RMSprop(learning_rate=0.001, centered=True)),
    _optimizer("adam", lambda o: o.Adam(learning_rate=0.01, beta_1=0.8, beta_2=0.99)),
    _optimizer("adam_epsilon", lambda o: o.Adam(learning_rate=0.01, beta_2=0.99, epsilon=0.01)),
    _optimizer("adamw", lambda o: o.AdamW(learning_rate=0.01, beta_2=0.99, weight_decay=0.1)),
    *(_optimizer(f"{name}_by_name", name) for name in ("sgd", "rmsprop", "adam", "adamw")),
]

# Accuracy is binary for one output, sparse for integer labels, categorical otherwise: for
# multilabel targets too, whatever the loss.
LOSSES = [
    _sgd("bce_column", net, BCE, partial(binary, 3)),
    _sgd("bce_vector", net, BCE, lambda: vector(binary(3))),
    _sgd("bce_multilabel", partial(net, outputs=3), BCE, partial(multilabel, 3)),
    _sgd("cce", softmax3, CCE, partial(onehot, 3)),
    _sgd("scce_vector", softmax3, SCCE, partial(integers, 3)),
    _sgd("scce_column", softmax3, SCCE, lambda: column(integers(3))),
    _sgd("mse_column", linear1, MSE, partial(targets, 3)),
    _sgd("mse_vector", linear1, MSE, lambda: vector(targets(3))),
    _sgd("mse_three", partial(linear1, outputs=3), MSE, partial(targets, 3, outputs=3)),
    _sgd("mae_column", linear1, MAE, partial(targets, 3)),
    _sgd("mae_three", partial(linear1, outputs=3), MAE, partial(targets, 3, outputs=3)),
]

# Every activation as a hidden layer, and every one as the last layer of a loss that is not its own.
ACTIVATIONS = [
    *(
        _sgd(f"hidden_{name}", partial(softmax3, hidden=name), CCE, partial(onehot, 4))
        for name in ("relu", "sigmoid", "tanh", "softmax", "linear")
    ),
    *(
        _sgd(f"last_{name}", partial(net, outputs=3, activation=name), MSE, partial(onehot, 4))
        for name in ("relu", "sigmoid", "tanh", "softmax", "linear")
    ),
    _sgd(
        "layers_apart",
        layers_apart,
        CCE,
        lambda: (data := onehot(4)) | {"x": data["x"].reshape(-1, 5, 2)},
    ),
]

REGULARIZERS = [
    _regularized("kernel_l1", lambda r: {"kernel_regularizer": r.l1(0.01)}),
    _regularized("kernel_l2", lambda r: {"kernel_regularizer": r.l2(0.01)}),
    _regularized("kernel_l1_l2", lambda r: {"kernel_regularizer": r.l1_l2(l1=0.005, l2=0.02)}),
    _regularized("kernel_by_name", lambda r: {"kernel_regularizer": "l2"}),
    _regularized("bias_l1", lambda r: {"bias_regularizer": r.l1(0.01)}),
    _regularized("bias_l2", lambda r: {"bias_regularizer": r.l2(0.05)}),
    _regularized("bias_l1_l2", lambda r: {"bias_regularizer": r.l1_l2(l1=0.005, l2=0.05)}),
    _regularized("activity_l1", lambda r: {"activity_regularizer": r.l1(0.01)}),
    _regularized("activity_l2", lambda r: {"activity_regularizer": r.l2(0.02)}, "tanh"),
    _regularized(
        "activity_l1_l2", lambda r: {"activity_regularizer": r.l1_l2(l1=0.01, l2=0.02)}, "linear"
    ),
    _sgd(
        "activity_last",
        partial(softmax3, last=lambda lib: {"activity_regularizer": lib.regularizers.l2(0.1)}),
        CCE,
        partial(onehot, 5),
    ),
]

FIT = [
    _sgd("sample_weight_bce", net, BCE, lambda: weighted(binary(6))),
    _sgd("sample_weight_scce", softmax3, SCCE, lambda: weighted(integers(6))),
    _sgd("sample_weight_mse", linear1, MSE, lambda: weighted(targets(7))),
    _sgd("class_weight_bce", net, BCE, lambda: binary(6) | {"class_weight": {0: 0.5, 1: 2.0}}),
    _sgd(
        "class_weight_cce",
        softmax3,
        CCE,
        lambda: onehot(6) | {"class_weight": {0: 2.0, 2: 0.25}},  # class 1 keeps 1.0
    ),
    _sgd("class_weight_scce", softmax3, SCCE, lambda: integers(6) | {"class_weight": {1: 3.0}}),
    _sgd("validation_data", softmax3, CCE, lambda: validated(onehot(6), onehot(7, rows=37))),
    _sgd("validation_split", net, BCE, lambda: binary(7) | {"validation_split": 0.25}),
    _sgd("batch_last_row", net, BCE, partial(binary, 6, rows=65)),
    _sgd("batch_above_rows", net, BCE, partial(binary, 6, rows=20)),
    _sgd("batch_of_one", net, BCE, partial(binary, 6, rows=7), batch_size=1),
    Case(
        name="all_together",
        build=partial(
            softmax3,
            hidden="tanh",
            first=lambda lib: (
                elastic(lib) | {"activity_regularizer": lib.regularizers.l1_l2(l1=0.01, l2=0.01)}
            ),
            last=lambda lib: {"kernel_regularizer": lib.regularizers.l1(0.01)},
        ),
        compile=compiled(SCCE, lambda o: o.Adam(learning_rate=0.01)),
        data=lambda: validated(weighted(integers(8)), integers(9, rows=37)),
    ),
]

EXTRA = [
    _optimizer("sgd_clipnorm", lambda o: o.SGD(0.1, clipnorm=0.05), extra=True),
    _optimizer("sgd_clipvalue", lambda o: o.SGD(0.1, clipvalue=0.01), extra=True),
    _optimizer("sgd_global_clipnorm", lambda o: o.SGD(0.1, global_clipnorm=0.1), extra=True),
    _optimizer("adam_clipnorm", lambda o: o.Adam(0.01, clipnorm=0.05), extra=True),
    _optimizer("sgd_weight_decay", lambda o: o.SGD(0.1, weight_decay=0.1), extra=True),
    _sgd(
        "bce_smoothing_logits",
        linear1,
        lambda losses: losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
        partial(binary, 3),
        extra=True,
    ),
    _sgd(
        "cce_smoothing",
        softmax3,
        lambda losses: losses.CategoricalCrossentropy(label_smoothing=0.1),
        partial(onehot, 3),
        extra=True,
    ),
    _sgd(
        "scce_logits",
        partial(linear1, outputs=3),
        lambda losses: losses.SparseCategoricalCrossentropy(from_logits=True),
        partial(integers, 3),
        extra=True,
    ),
    _sgd(
        "validation_weights",
        softmax3,
        SCCE,
        lambda: validated(weighted(integers(6)), weighted(integers(7, rows=37))),
        extra=True,
    ),
    Case(
        name="weighted_metrics",
        build=softmax3,
        compile=compiled(SCCE, "sgd", metrics=(), weighted_metrics=("accuracy",)),
        data=lambda: weighted(integers(6)),
        extra=True,
    ),
]

CASES = [*TUTORIALS, *OPTIMIZERS, *LOSSES, *ACTIVATIONS, *REGULARIZERS, *FIT, *EXTRA]
