"""What every layer, loss, metric and regularizer must do, each in one call.

    check_layer(LowRankDense, (5,), units=3, rank=2)

A check makes the part with these arguments, and fails with an AssertionError unless its gradient
is right, it comes back from its description, and a model with it trains, is saved and loaded as it
should: replayed as through Python to the bit, and loaded as saved. The guides in docs/ use them.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import corereg
from corereg import Tensor, layers, losses, metrics, regularizers
from corereg.autograd import Parameter, check_grads
from corereg.models import Sequential, load_model
from corereg.recordable import declares_recordable

ROWS = 12
Array = np.ndarray[Any, Any]


def check_layer(
    kind: type[layers.Layer], input_shape: tuple[int, ...], eager: bool = False, **arguments: Any
) -> None:
    """input_shape: without the batch; eager: whether something that it is given makes its steps run
    through Python, though its class says that it may be recorded."""
    x = numbers(ROWS, *input_shape)
    for dtype in ("float32", "float64"):
        layer = kind(**arguments, dtype=dtype)
        out = layer(x)
        assert out.dtype == dtype
        assert out.shape[0] == ROWS
        assert layer.compute_output_shape((None, *input_shape)) == (None, *out.shape[1:])
        assert all(weight.dtype == dtype for weight in layer.weights)
        assert len({weight.name for weight in layer.weights}) == len(layer.weights)
    check_layer_gradients(layer, x)
    again = check_config(layer, layers.serialize, layers.deserialize)
    again(x)
    assert [w.shape for w in again.get_weights()] == [w.shape for w in layer.get_weights()]

    def make() -> Sequential:
        model = Sequential([layers.Input(input_shape), kind(**arguments)])
        model.add(layers.Flatten())
        model.add(layers.Dense(2))
        model.compile("adam", "mse")
        return model

    plain = x.ndim == out.ndim == 2  # reshaping, for the last layer's sake, is done in Python
    replayed = declares_recordable(layer) and not eager
    check_model(make, x, numbers(ROWS, 2), replayed if plain else None)


def check_layer_gradients(layer: layers.Layer, x: Array) -> None:
    """The derivatives by the input and by each weight that the layer holds as an attribute."""
    names = [name for name, value in vars(layer).items() if isinstance(value, Parameter)]
    held = [getattr(layer, name) for name in names]
    assert len(held) == len(layer.weights), "expected each weight as an attribute of the layer"

    def call(x: Tensor, *weights: Tensor) -> Tensor:
        for name, weight in zip(names, weights, strict=True):
            setattr(layer, name, weight)
        try:
            return layer(x)
        finally:
            for name, weight in zip(names, held, strict=True):
                setattr(layer, name, weight)

    check_grads(call, x, *(weight.data for weight in held))


def check_loss(kind: type[losses.Loss], y_true: Array, y_pred: Array, **arguments: Any) -> None:
    """y_true, y_pred: arrays of a few rows, as a model of these outputs would meet them."""
    loss = kind(**arguments)
    rows = kind(**arguments, reduction=None)(y_true, Tensor(y_pred)).data
    assert rows.shape == (len(y_pred),)
    close = {"rtol": 1e-5}
    np.testing.assert_allclose(loss(y_true, Tensor(y_pred)).data, rows.mean(), **close)
    total = kind(**arguments, reduction="sum")(y_true, Tensor(y_pred))
    np.testing.assert_allclose(total.data, rows.sum(), **close)
    weight = np.linspace(0, 2, len(rows))
    weighted = loss(y_true, Tensor(y_pred), weight)
    np.testing.assert_allclose(weighted.data, (rows * weight).mean(), **close)
    check_grads(lambda z: loss(y_true, z), y_pred)
    check_config(loss, losses.serialize, losses.deserialize)

    def make() -> Sequential:
        model = Sequential([layers.Input((3,)), layers.Dense(y_pred.shape[1])])
        model.compile("sgd", kind(**arguments))
        return model

    check_model(make, numbers(len(y_true), 3), y_true, declares_recordable(loss))


def check_metric(
    kind: type[metrics.Metric], y_true: Array, y_pred: Array, **arguments: Any
) -> None:
    """y_true, y_pred: arrays of a few rows, as a model of these outputs would meet them."""
    metric = kind(**arguments)
    whole = metric(y_true, y_pred)
    assert type(whole) is float
    metric.reset_state()
    for part in (slice(None, 2), slice(2, None)):  # batches of different sizes count by their rows
        metric.update_state(y_true[part], y_pred[part])
    np.testing.assert_allclose(metric.result(), whole, rtol=1e-6)
    metric.reset_state()
    weight = np.arange(len(y_true)) % 3  # a row that counts twice, or not at all
    np.testing.assert_allclose(
        metric(y_true, y_pred, weight.astype(y_pred.dtype)),
        kind(**arguments)(y_true.repeat(weight, axis=0), y_pred.repeat(weight, axis=0)),
        rtol=1e-6,
    )
    check_config(metric, metrics.serialize, metrics.deserialize)

    def make() -> Sequential:
        model = Sequential([layers.Input((3,)), layers.Dense(y_pred.shape[1])])
        model.compile(
            "sgd",
            "mse",
            metrics=[kind(**arguments)],
            weighted_metrics=[kind(**arguments, name="weighted")],
        )
        return model

    x = numbers(len(y_true), 3)
    check_model(make, x, y_true, declares_recordable(metric), sample_weight=weight)


def check_regularizer(
    kind: type[regularizers.Regularizer], shape: tuple[int, ...] = (3, 4), **arguments: Any
) -> None:
    """shape: of a weight that it may be given."""
    regularizer = kind(**arguments)
    w = numbers(*shape)
    assert regularizer(Tensor(w)).shape == ()
    check_grads(lambda t: regularizer(t), w)
    check_config(regularizer, regularizers.serialize, regularizers.deserialize)

    def make() -> Sequential:
        dense = layers.Dense(4, kernel_regularizer=kind(**arguments))
        model = Sequential([layers.Input((3,)), dense])
        model.compile("sgd", "mse")
        return model

    x, y = numbers(ROWS, 3), numbers(ROWS, 4)
    check_model(make, x, y, declares_recordable(regularizer))


def check_config(
    part: Any, serialize: Callable[[Any], Any], deserialize: Callable[[Any], Any]
) -> Any:
    """The part that its description makes, after a way through JSON."""
    described = serialize(part)
    again = deserialize(json.loads(json.dumps(described)))
    assert type(again) is type(part)
    assert serialize(again) == described
    return again


def check_model(
    make: Callable[[], Sequential], x: Array, y: Array, replayed: bool | None, **options: Any
) -> None:
    """A model that `make` gives trains alike replayed and through Python, to the bit, and goes on
    alike once it was saved and loaded. replayed: whether its steps have to be replayed; None: that
    may be or not."""
    results = []
    for eagerly in (True, False):
        model = made_and_trained(make, eagerly, x, y, **options)
        file = io.BytesIO()
        model.save(file)
        file.seek(0)
        again = load_model(file)
        again.run_eagerly = eagerly
        assert outcome(again, x) == outcome(model, x)
        for each in (model, again):
            train(each, x, y, epochs=1, **options)
        assert outcome(again, x) == outcome(model, x)
        results.append((model.history.history, outcome(model, x)))
    assert results[0] == results[1]
    assert np.isfinite([*results[0][0].values()]).all()
    found = model.execution_report()["fit"]
    assert replayed is None or found.mode == ("replayed" if replayed else "eager"), found


def made_and_trained(
    make: Callable[[], Sequential], eagerly: bool, x: Array, y: Array, **options: Any
) -> Sequential:
    """The model after a fit, in batches of 5 rows with a rest, from a seed that is always one."""
    corereg.set_random_seed(3)
    model = make()
    model.run_eagerly = eagerly
    train(model, x, y, epochs=3, **options)
    return model


def train(model: Sequential, x: Array, y: Array, **options: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", corereg.PerformanceWarning)
        model.fit(x, y, batch_size=5, verbose=0, **options)


def outcome(model: Sequential, x: Array) -> list[bytes]:
    """Weights, the optimizer's state and predictions, to the bit."""
    arrays = [*model.get_weights(), *model.optimizer.state, model.predict(x, verbose=0)]
    return [a.tobytes() for a in arrays]


def numbers(*shape: int) -> Array:
    """float32 numbers of order 1 that are the same at each call."""
    return np.random.default_rng(1).standard_normal(shape).astype("float32")
