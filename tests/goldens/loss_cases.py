"""Losses whose values, gradients and trainings are compared with Keras's: `run` needs no Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
REDUCTIONS = ("sum_over_batch_size", "sum", "mean_with_sample_weight", None)
SHAPES = ((5, 3), (2, 3, 4))
STEPS, RATE = 3, 0.1


@dataclass(frozen=True)
class Case:
    """A class of keras.losses, its arguments, what its y and predictions are, and the activation
    that makes such predictions in a model."""

    loss: str
    function: str
    y: str
    predictions: str
    activation: str
    arguments: dict[str, Any] = field(default_factory=dict)
    shapes: tuple[tuple[int, ...], ...] = SHAPES


LOGITS = {"from_logits": True}
CASES = {
    "mse": Case("MeanSquaredError", "mean_squared_error", "real", "real", "linear"),
    "mae": Case("MeanAbsoluteError", "mean_absolute_error", "real", "real", "linear"),
    "mape": Case(
        "MeanAbsolutePercentageError", "mean_absolute_percentage_error", "real", "real", "tanh"
    ),
    "msle": Case(
        "MeanSquaredLogarithmicError",
        *("mean_squared_logarithmic_error", "shares", "shares", "sigmoid"),
    ),
    "huber": Case("Huber", "huber", "real", "real", "linear"),
    "huber delta": Case("Huber", "huber", "real", "real", "linear", {"delta": 0.4}),
    "log_cosh": Case("LogCosh", "log_cosh", "real", "real", "linear"),
    "hinge": Case("Hinge", "hinge", "binary", "real", "linear"),
    "hinge signs": Case("Hinge", "hinge", "signs", "real", "linear"),
    "squared_hinge": Case("SquaredHinge", "squared_hinge", "binary", "real", "linear"),
    "categorical_hinge": Case("CategoricalHinge", "categorical_hinge", "one_hot", "real", "linear"),
    "poisson": Case("Poisson", "poisson", "counts", "probabilities", "sigmoid"),
    "kld": Case("KLDivergence", "kl_divergence", "shares", "shares", "softmax"),
    "cosine": Case("CosineSimilarity", "cosine_similarity", "real", "real", "linear"),
    "cosine axis": Case(
        "CosineSimilarity", "cosine_similarity", "real", "real", "linear", {"axis": 1}
    ),
    "bce": Case("BinaryCrossentropy", "binary_crossentropy", "binary", "probabilities", "sigmoid"),
    "bce logits": Case(
        "BinaryCrossentropy",
        *("binary_crossentropy", "binary", "real", "linear"),
        {**LOGITS, "label_smoothing": 0.2, "axis": 1},
    ),
    "cce": Case(
        "CategoricalCrossentropy", "categorical_crossentropy", "one_hot", "shares", "softmax"
    ),
    "cce logits": Case(
        "CategoricalCrossentropy",
        *("categorical_crossentropy", "shares", "real", "linear"),
        {**LOGITS, "label_smoothing": 0.2},
    ),
    "cce axis": Case(
        "CategoricalCrossentropy",
        *("categorical_crossentropy", "one_hot", "probabilities", "sigmoid"),
        {"axis": 1},
    ),
    "scce": Case(
        "SparseCategoricalCrossentropy",
        *("sparse_categorical_crossentropy", "labels", "shares", "softmax"),
    ),
    "scce ignore": Case(
        "SparseCategoricalCrossentropy",
        *("sparse_categorical_crossentropy", "labels", "real", "linear"),
        {**LOGITS, "ignore_class": 1},
    ),
    "bfce": Case(
        "BinaryFocalCrossentropy",
        *("binary_focal_crossentropy", "binary", "probabilities", "sigmoid"),
    ),
    "bfce logits": Case(
        "BinaryFocalCrossentropy",
        *("binary_focal_crossentropy", "binary", "real", "linear"),
        {**LOGITS, "apply_class_balancing": True, "alpha": 0.3, "gamma": 1.5, "axis": 1},
    ),
    "cfce": Case(
        "CategoricalFocalCrossentropy",
        *("categorical_focal_crossentropy", "one_hot", "shares", "softmax"),
    ),
    "cfce logits": Case(
        "CategoricalFocalCrossentropy",
        *("categorical_focal_crossentropy", "one_hot", "real", "linear"),
        {**LOGITS, "label_smoothing": 0.2, "alpha": 0.5, "gamma": 1.5},
    ),
    "gce": Case(
        "CategoricalGeneralizedCrossEntropy",
        *("categorical_generalized_cross_entropy", "labels", "shares", "softmax"),
        {"q": 0.7},
        SHAPES[:1],
    ),
    "dice": Case("Dice", "dice", "binary", "probabilities", "sigmoid"),
    "dice axis": Case("Dice", "dice", "binary", "probabilities", "sigmoid", {"axis": -1}),
    "tversky": Case(
        "Tversky", "tversky", "binary", "probabilities", "sigmoid", {"alpha": 0.3, "axis": 1}
    ),
    "circle": Case(
        "Circle", "circle", "labels", "real", "tanh", {"gamma": 4.0, "margin": 0.3}, SHAPES[:1]
    ),
}


def data(kind: str, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Targets or predictions of a kind, for predictions of this shape."""
    if kind == "real":
        return rng.standard_normal(shape).round(3) + 0.0005
    if kind == "probabilities":
        return rng.uniform(0.05, 0.95, shape).round(3)
    if kind == "shares":
        return rng.dirichlet(np.full(shape[-1], 2.0), shape[:-1])
    if kind == "counts":
        return rng.integers(0, 5, shape)
    if kind == "labels":
        return rng.integers(0, shape[-1], shape[:-1])
    if kind == "one_hot":
        return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]
    return rng.integers(0, 2, shape) * (2 if kind == "signs" else 1) - (kind == "signs")


def weights(rng: np.random.Generator, shape: tuple[int, ...]) -> Iterator[Any]:
    """Sample weights of every rank for losses of this shape."""
    yield None
    yield 0.7
    for form in dict.fromkeys([shape, (*shape, 1), (1, *shape[1:])]):
        yield rng.uniform(0.2, 2, form).round(3)


# value_and_gradient(function of predictions, predictions) -> (value, gradient)
Differentiate = Callable[[Callable[[Any], Any], Array], tuple[Array, Array]]


def run(
    name: str, losses: ModuleType, dtype: str, differentiate: Differentiate
) -> dict[str, list[Array]]:
    """What the losses of this module give: values without reduction, values and gradients for each
    reduction and weight."""
    case = CASES[name]
    found: dict[str, list[Array]] = {"values": [], "reduced": [], "gradients": []}
    for shape in case.shapes:
        rng = np.random.default_rng(len(name))
        y, p = data(case.y, rng, shape), data(case.predictions, rng, shape).astype(dtype)
        if y.dtype.kind == "f":
            y = y.astype(dtype)
        if name == "circle":
            p /= np.linalg.norm(p, axis=1, keepdims=True)
        function = getattr(losses, case.function)
        values = np.asarray(differentiate(partial(function, y, **case.arguments), p)[0])
        found["values"].append(values)
        for weight in weights(rng, values.shape):
            for reduction in REDUCTIONS:
                loss = getattr(losses, case.loss)(
                    **case.arguments, reduction=reduction, dtype=dtype
                )
                if reduction == "sum_over_batch_size":
                    value, gradient = differentiate(partial(loss, y, sample_weight=weight), p)
                    found["gradients"].append(gradient)
                else:
                    value = loss(y, p, weight)
                found["reduced"].append(np.asarray(value))
    return found


def training_data(name: str) -> tuple[Array, Array, Array]:
    """(x, y, starting kernel) of a small model with one layer."""
    case = CASES[name]
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((6, 3)).round(2), data(case.y, rng, (6, 3))
    return x, y, rng.standard_normal((3, 3)).round(2) / 2
