"""What every layer, loss, metric, optimizer and regularizer has to do, each in one call."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from corereg import layers, losses, metrics, optimizers, regularizers
from corereg.autograd import Parameter, Tensor
from corereg.autograd.gradcheck import check_grads as check_grads
from corereg.models import Sequential
from corereg.recordable import declares_eager, declares_recordable
from corereg.testing.models import Array, check_model, numbers, require

ROWS = 12


def check_layer(
    kind: type[layers.Layer], input_shape: tuple[int, ...], eager: bool = False, **arguments: Any
) -> None:
    """Raises AssertionError unless a layer builds and computes in float32 and float64, says the
    shape of its output, has right gradients by its input and its weights, comes back from its
    description, trains replayed as through Python to the bit, stays as it is when frozen, and goes
    on as itself when saved and loaded.

    input_shape: without the batch; eager: whether something that it is given makes its steps run
    through Python; arguments: of its constructor.

    >>> testing.check_layer(layers.RMSNormalization, (3,), epsilon=1e-3)
    """
    x = numbers(ROWS, *input_shape)
    for dtype in ("float32", "float64"):
        layer = kind(**arguments, dtype=dtype)
        out = layer(x)
        require(out.dtype == dtype, f"expected an output of {dtype}, it is of {out.dtype}")
        require(out.shape[0] == ROWS, f"expected {ROWS} rows, the output has shape {out.shape}")
        said = tuple(layer.compute_output_shape((None, *input_shape)))
        require(
            said == (None, *out.shape[1:]),
            f"compute_output_shape says {said}, the output has shape {out.shape}",
        )
        wrong = [w.name for w in layer.weights if w.dtype != dtype]
        require(not wrong, f"expected weights of {dtype}, {wrong} are not")
        names = [w.path if hasattr(w, "path") else w.name for w in layer.weights]
        require(
            len({*names}) == len(names), f"expected weights of different names, received {names}"
        )
    _check_layer_gradients(layer, x)
    again = _check_config(layer, layers.serialize, layers.deserialize)
    again(x)
    shapes = [[w.shape for w in one.get_weights()] for one in (again, layer)]
    require(shapes[0] == shapes[1], f"made from its description, weights have shapes {shapes[0]}")

    def make() -> Sequential:
        model = Sequential([layers.Input(input_shape), kind(**arguments)])
        model.add(layers.Flatten())
        model.add(layers.Dense(2))
        model.compile("adam", "mse")
        return model

    plain = x.ndim == out.ndim == 2  # reshaping, for the last layer's sake, is done in Python
    replayed = False if eager else _may_be_replayed(layer)
    y = numbers(ROWS, 2)
    check_model(make, x, y, replayed if plain else None)
    _check_frozen(make(), x, y)


def _check_frozen(model: Any, x: Array, y: Array) -> None:
    model.layers[0].trainable = False
    before = [w.copy() for w in model.layers[0].get_weights()]
    trainable = [any(w is t for t in model.trainable_weights) for w in model.layers[0].weights]
    require(not any(trainable), "a frozen layer's weights count as trainable")
    model.fit(x, y, verbose=0)
    after = model.layers[0].get_weights()
    same = all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    require(same, "a frozen layer's weights have changed in training")


def _check_layer_gradients(layer: layers.Layer, x: Array) -> None:
    """The derivatives by the input, and by each weight that the layer holds as an attribute."""
    names = [name for name, value in vars(layer).items() if isinstance(value, Parameter)]
    held = [getattr(layer, name) for name in names]

    def call(x: Tensor, *weights: Tensor) -> Tensor:
        for name, weight in zip(names, weights, strict=True):
            vars(layer)[name] = weight
        try:
            # not in training: what is drawn is another at each call
            found: Tensor = layer(x, training=False) if layer._takes_training else layer(x)
            return found
        finally:
            for name, weight in zip(names, held, strict=True):
                vars(layer)[name] = weight

    check_grads(call, x, *(weight.data for weight in held))


def check_loss(
    kind: type[losses.Loss],
    y_true: Array,
    y_pred: Array,
    activation: str | None = None,
    **arguments: Any,
) -> None:
    """Raises AssertionError unless a loss gives one value a row, reduces and weighs them, has a
    right gradient, comes back from its description, and a model with it trains replayed as through
    Python to the bit and goes on as itself when saved and loaded.

    y_true, y_pred: arrays of a few rows, as a model with outputs (rows, n) would meet them;
    activation: of that model's outputs; arguments: of the loss's constructor.

    >>> y, predicted = testing.numbers(4, 2), testing.numbers(4, 2) + 1
    >>> testing.check_loss(losses.Huber, y, predicted, delta=0.5)
    """
    loss = kind(**arguments)
    rows = kind(**arguments, reduction=None)(y_true, Tensor(y_pred)).data
    require(
        rows.shape == (len(y_pred),), f"expected one loss for each row, received shape {rows.shape}"
    )
    np.testing.assert_allclose(loss(y_true, Tensor(y_pred)).data, rows.mean(), rtol=1e-5)
    total = kind(**arguments, reduction="sum")(y_true, Tensor(y_pred))
    np.testing.assert_allclose(total.data, rows.sum(), rtol=1e-5)
    weight = np.linspace(0, 2, len(rows))
    weighted = loss(y_true, Tensor(y_pred), weight)
    np.testing.assert_allclose(weighted.data, (rows * weight).mean(), rtol=1e-5)
    check_grads(lambda z: loss(y_true, z), y_pred)
    _check_config(loss, losses.serialize, losses.deserialize)

    def make() -> Sequential:
        model = Sequential([layers.Input((3,)), layers.Dense(y_pred.shape[1], activation)])
        model.compile("sgd", kind(**arguments))
        return model

    check_model(make, numbers(len(y_true), 3), y_true, _may_be_replayed(loss))


def check_metric(
    kind: type[metrics.Metric], y_true: Array, y_pred: Array, **arguments: Any
) -> None:
    """Raises AssertionError unless a metric counts batches by their rows and rows by their weights,
    begins anew when reset, comes back from its description, and a model with it, plain and
    weighted, trains replayed as through Python and goes on as itself when saved and loaded.

    y_true, y_pred: arrays of a few rows, as a model with outputs (rows, n) would meet them;
    arguments: of its constructor.

    >>> y, predicted = testing.numbers(4, 2), testing.numbers(4, 2) + 1
    >>> testing.check_metric(metrics.MeanAbsoluteError, y, predicted)
    """
    metric = kind(**arguments)
    whole = metric(y_true, y_pred)
    require(type(whole) is float, f"expected the result as a float, received {whole!r}")
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
    _check_config(metric, metrics.serialize, metrics.deserialize)

    def make() -> Sequential:
        model = Sequential([layers.Input((3,)), layers.Dense(y_pred.shape[1])])
        model.compile(
            "sgd",
            "mse",
            metrics=[kind(**arguments)],
            weighted_metrics=[kind(**{**arguments, "name": "weighted"})],
        )
        return model

    x = numbers(len(y_true), 3)
    check_model(make, x, y_true, _may_be_replayed(metric), sample_weight=weight)


def check_optimizer(kind: type[optimizers.Optimizer], **arguments: Any) -> None:
    """Raises AssertionError unless an optimizer comes down a simple hill, counts its steps, comes
    back from its description, leaves frozen weights alone, and a model with it trains replayed as
    through Python to the bit, where it is replayed, and goes on as itself when saved and loaded.

    arguments: of its constructor.

    >>> testing.check_optimizer(optimizers.SGD, learning_rate=0.1, momentum=0.9)
    """
    optimizer = kind(**arguments)
    _check_config(optimizer, optimizers.serialize, optimizers.deserialize)
    weight, frozen = (Parameter(np.full((3, 2), 0.5, "float32"), name) for name in "ab")
    frozen.trainable = False
    optimizer.build([weight, frozen])
    heights = []
    for _ in range(8):
        loss = (weight**2).sum() + (frozen**2).sum()
        heights.append(float(loss))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    require(heights[-1] < heights[0], f"it does not come down sum(w**2): {heights}")
    require(int(optimizer.iterations) == 8, f"it counts {optimizer.iterations} of 8 steps")
    require(np.all(frozen.data == 0.5), "it has changed a frozen weight")

    def make() -> Sequential:
        model = Sequential([layers.Input((3,))])
        model.add(layers.Dense(4, "relu", kernel_regularizer="l1_l2"))
        model.add(layers.Dense(1))
        model.compile(kind(**arguments), "mse")
        return model

    check_model(make, numbers(ROWS, 3), numbers(ROWS, 1), _may_be_replayed(optimizer))


def check_regularizer(
    kind: type[regularizers.Regularizer], shape: tuple[int, ...] = (3, 4), **arguments: Any
) -> None:
    """Raises AssertionError unless a regularizer gives a scalar with a right gradient, comes back
    from its description, and a model with it trains replayed as through Python to the bit and goes
    on as itself when saved and loaded.

    shape: of a weight that it may be given; arguments: of its constructor.

    >>> testing.check_regularizer(regularizers.L1L2, l1=0.1, l2=0.01)
    """
    regularizer = kind(**arguments)
    w = numbers(*shape)
    found = regularizer(Tensor(w))
    require(found.shape == (), f"expected a scalar, received shape {found.shape}")
    check_grads(lambda t: regularizer(t), w)
    _check_config(regularizer, regularizers.serialize, regularizers.deserialize)

    def make() -> Sequential:
        dense = layers.Dense(4, kernel_regularizer=kind(**arguments))
        model = Sequential([layers.Input((3,)), dense])
        model.compile("sgd", "mse")
        return model

    x, y = numbers(ROWS, 3), numbers(ROWS, 4)
    check_model(make, x, y, _may_be_replayed(regularizer))


def _may_be_replayed(part: Any) -> bool | None:
    """Whether a part has to be replayed, may not be, or (None) has to prove it."""
    return True if declares_recordable(part) else False if declares_eager(part) else None


def _check_config(
    part: Any, serialize: Callable[[Any], Any], deserialize: Callable[[Any], Any]
) -> Any:
    """The part that its description makes, after a way through JSON."""
    described = serialize(part)
    again = deserialize(json.loads(json.dumps(described)))
    require(type(again) is type(part), f"its description makes a {type(again).__name__}")
    require(serialize(again) == described, f"its description changes on the way: {described}")
    return again
