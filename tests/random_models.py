"""Random graphs of layers, trained eagerly and replayed: for test_random_models.py and
campaigns/random_models.py.

A seed makes one model: inputs, layers that branch, merge and are shared, layers that hold layers,
models inside it, ops on symbolic tensors, several outputs with losses of their own; and how it is
compiled and trained.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import corereg
from corereg import layers, ops, regularizers

Rng = np.random.Generator
ROWS = 27
ACTIVATIONS = ["relu", "tanh", "sigmoid", "softmax", None]
OPTIMIZERS = ["sgd", "adam", "adamw", "rmsprop"]


class Block(layers.Layer):
    """Two Dense and a Dropout, of a user who says nothing about recording."""

    def __init__(self, units: int, rate: float, **options: Any) -> None:
        super().__init__(**options)
        self.inner = [layers.Dense(units, "tanh"), layers.Dense(units, kernel_regularizer="l1")]
        self.dropout = layers.Dropout(rate)

    def call(self, x: Any, training: bool = False) -> Any:
        for layer in self.inner:
            x = layer(x)
        return self.dropout(x)


class Penalized(layers.Layer):
    """Adds a loss of what goes through it."""

    def call(self, x: Any) -> Any:
        self.add_loss(0.01 * (x * x).mean())
        return x * 0.5


def pick(rng: Rng, choices: list[Any]) -> Any:
    return choices[int(rng.integers(len(choices)))]


def regularizer(rng: Rng) -> Any:
    two = [regularizers.L1L2(0.01, 0.02), regularizers.OrthogonalRegularizer(0.01)]
    return pick(rng, [None, None, None, "l1", "l2", *two])


def dense(rng: Rng, units: int) -> Any:
    activity = regularizers.L2(0.01) if rng.random() < 0.15 else None
    made = layers.Dense(
        units,
        pick(rng, ACTIVATIONS),
        use_bias=bool(rng.random() < 0.8),
        kernel_regularizer=regularizer(rng),
        bias_regularizer="l2" if rng.random() < 0.1 else None,
        activity_regularizer=activity,
    )
    made.trainable = bool(rng.random() < 0.9)
    return made


def inner_model(rng: Rng, features: int) -> Any:
    given = corereg.Input((features,))
    x = layers.Dense(5, "relu")(given)
    if rng.random() < 0.5:
        return corereg.Model(given, layers.Add()([x, layers.Dense(5)(given)]))
    return corereg.Sequential([corereg.Input((features,)), layers.Dense(5), layers.Dropout(0.3)])


def one_tensor(rng: Rng, x: Any, shared: dict[int, Any]) -> Any:
    """A node on one matrix."""
    width = x.shape[-1]
    kind = int(rng.integers(9))
    if kind == 0 and width in shared:
        return shared[width](x)
    if kind <= 3:
        layer = dense(rng, int(rng.integers(1, 9)))
        shared[width] = layer
        return layer(x)
    makers: list[Callable[[], Any]] = [
        lambda: layers.Dropout(pick(rng, [0.0, 0.3, 0.5]))(x),
        lambda: layers.Activation(pick(rng, ["relu", "tanh", "sigmoid", "softmax"]))(x),
        lambda: Block(int(rng.integers(1, 7)), 0.2)(x),
        lambda: pick(rng, [ops.tanh, ops.square, ops.exp])(x * 0.1) + 1.0,
        lambda: inner_model(rng, width)(x) if rng.random() < 0.7 else Penalized()(x),
    ]
    return makers[kind - 4]()


def merged(rng: Rng, one: Any, other: Any) -> Any:
    """A node on two matrices."""
    if one.shape[-1] != other.shape[-1]:
        return layers.Concatenate()([one, other])
    makers: list[Callable[[], Any]] = [
        lambda: layers.Add()([one, other]),
        lambda: layers.Multiply()([one, other]),
        lambda: layers.Subtract()([one, other]),
        lambda: layers.Average()([one, other]),
        lambda: layers.Maximum()([one, other]),
        lambda: layers.Minimum()([one, other]),
        lambda: layers.Concatenate()([one, other]),
        lambda: layers.Dot(axes=1)([one, other]),
        lambda: one * other - 0.5 * one,
    ]
    return pick(rng, makers)()


def head(rng: Rng, x: Any, name: str) -> tuple[Any, Any, Any, Any]:
    """An output, its loss, its metrics and its targets."""
    kind = int(rng.integers(4))
    if kind == 0:
        made = layers.Dense(1, "sigmoid", name=name)(x)
        return made, "binary_crossentropy", ["accuracy"], rng.integers(0, 2, ROWS).astype("f4")
    if kind == 1:
        made = layers.Dense(3, "softmax", name=name)(x)
        y = np.eye(3, dtype="f4")[rng.integers(0, 3, ROWS)]
        return made, "categorical_crossentropy", ["accuracy"], y
    if kind == 2:
        made = layers.Dense(4, "softmax", name=name)(x)
        return made, "sparse_categorical_crossentropy", ["accuracy"], rng.integers(0, 4, ROWS)
    made = layers.Dense(2, name=name)(x)
    loss = pick(rng, ["mse", "mae", lambda t, p: ((t - p) ** 2 + (t * p).tanh()).mean(axis=-1)])
    return made, loss, ["mae"], rng.normal(size=(ROWS, 2)).astype("f4")


def build(seed: int) -> tuple[Any, dict[str, Any], dict[str, Any], Any]:
    """The model of a seed, arguments of compile and of fit, and its inputs."""
    rng = np.random.default_rng(seed)
    corereg.set_random_seed(seed)
    inputs = [corereg.Input((int(rng.integers(1, 7)),)) for _ in range(rng.integers(1, 4))]
    x = [rng.normal(size=(ROWS, one.shape[1])).astype("f4") for one in inputs]
    nodes: list[Any] = list(inputs)
    shared: dict[int, Any] = {}
    for _ in range(int(rng.integers(2, 9))):
        if rng.random() < 0.4 and len(nodes) > 1:
            first, second = rng.choice(len(nodes), 2, replace=False)
            nodes.append(merged(rng, nodes[first], nodes[second]))
        else:
            nodes.append(one_tensor(rng, nodes[int(rng.integers(len(nodes)))], shared))
    # all that is left over goes into the outputs, so that no input is unused
    joined = layers.Concatenate()([*nodes[-2:], *inputs])
    names = [f"out_{i}" for i in range(rng.integers(1, 4))]
    heads = [head(rng, joined if i == 0 else nodes[-1], name) for i, name in enumerate(names)]
    only = len(heads) == 1
    model = corereg.Model(inputs if len(inputs) > 1 else inputs[0], [one for one, *_ in heads])
    losses = {name: loss for name, (_, loss, _, _) in zip(names, heads, strict=True)}
    metrics = {name: own for name, (_, _, own, _) in zip(names, heads, strict=True)}
    compiled: dict[str, Any] = {"optimizer": pick(rng, OPTIMIZERS), "loss": losses}
    if rng.random() < 0.6:
        compiled["metrics"] = metrics
    if not only and rng.random() < 0.5:
        compiled["loss_weights"] = {name: float(rng.uniform(0.1, 2)) for name in names}
    y = {name: target for name, (*_, target) in zip(names, heads, strict=True)}
    fitted: dict[str, Any] = {"y": y, "batch_size": pick(rng, [8, 9, 27]), "epochs": 3}
    fitted["shuffle"] = bool(rng.random() < 0.7)
    if rng.random() < 0.4:
        weight = rng.uniform(0, 2, ROWS).astype("f4")
        fitted["sample_weight"] = dict.fromkeys(names, weight)
    return model, compiled, fitted, x if len(x) > 1 else x[0]


def run(seed: int, *, eagerly: bool) -> tuple[list[Any], str]:
    """All numbers that training and using the model of a seed gives, and how it ran."""
    model, compiled, fitted, x = build(seed)
    model.compile(**compiled, run_eagerly=eagerly)
    history = model.fit(x, **fitted, verbose=0).history
    found: list[Any] = [history[key] for key in sorted(history)]
    found.append(model.evaluate(x, fitted["y"], batch_size=8, verbose=0))
    predicted = model.predict(x, batch_size=8, verbose=0)
    found += predicted if isinstance(predicted, list) else [predicted]
    found += model.get_weights()
    step = model.train_on_batch(x, fitted["y"])
    found.append(step)
    return [np.asarray(one) for one in found], str(model.execution_report())


def check(seed: int) -> None:
    """AssertionError unless the model of a seed is replayed, and its numbers are the same bits as
    those of eager runs."""
    expected, _ = run(seed, eagerly=True)
    received, report = run(seed, eagerly=False)
    assert "eager" not in report, report
    assert len(expected) == len(received)
    for i, (one, other) in enumerate(zip(expected, received, strict=True)):
        assert (one.dtype, one.shape) == (other.dtype, other.shape), i
        assert one.tobytes() == other.tobytes(), (i, one, other)
