"""Bad arguments: the exact exception, a message that says what to do, and nothing changed by it."""

from __future__ import annotations

import numpy as np
import pytest
from small import ROWS, data, fit, net, snapshot

import corereg
from corereg import layers, losses, optimizers, regularizers


def trained():
    """A model with training behind it, and its data."""
    x, y = data(3)
    model = net(3, dropout=0.5, metrics=["accuracy"])
    fit(model, x, y)
    return model, x, y


def with_value(array, row, value):
    changed = np.array(array, float)
    changed[row] = value
    return changed


NUMBER = r"fit: expected {} as an integer >= {}, received "
WEIGHT = np.ones(ROWS)


@pytest.mark.parametrize(
    ("options", "exception", "message"),
    [
        ({"batch_size": 0}, ValueError, NUMBER.format("batch_size", 1) + "0"),
        ({"batch_size": -3}, ValueError, NUMBER.format("batch_size", 1) + "-3"),
        ({"batch_size": 2.5}, ValueError, NUMBER.format("batch_size", 1) + "2.5"),
        ({"batch_size": True}, ValueError, NUMBER.format("batch_size", 1) + "True"),
        ({"epochs": -1}, ValueError, NUMBER.format("epochs", 0) + "-1"),
        ({"epochs": 1.0}, ValueError, NUMBER.format("epochs", 0) + "1.0"),
        ({"initial_epoch": -1}, ValueError, NUMBER.format("initial_epoch", 0) + "-1"),
        ({"steps_per_epoch": 0}, ValueError, NUMBER.format("steps_per_epoch", 1) + "0"),
        ({"validation_steps": 0}, ValueError, NUMBER.format("validation_steps", 1) + "0"),
        ({"validation_batch_size": 0}, ValueError, NUMBER.format("validation_batch_size", 1) + "0"),
        ({"validation_freq": 0}, ValueError, NUMBER.format("validation_freq", 1) + "0"),
        ({"validation_freq": [1, "2"]}, ValueError, NUMBER.format("validation_freq", 1) + "'2'"),
        ({"verbose": 3}, ValueError, "verbose: expected 'auto', 0, 1 or 2, received 3"),
        (
            {"validation_split": 1.0},
            ValueError,
            r"expected validation_split in \[0, 1\), received 1.0",
        ),
        (
            {"validation_split": -0.2},
            ValueError,
            r"expected validation_split in \[0, 1\), received -0",
        ),
        (
            {"validation_split": 0.99},
            ValueError,
            "of 50 rows leaves none to train on or none to vali",
        ),
        (
            {"validation_data": np.ones((50, 6))},
            ValueError,
            r"expected validation_data as \(x, y\) or .* received nda",
        ),
        (
            {"validation_data": (np.ones((50, 6)),)},
            ValueError,
            r"expected validation_data as \(x, y\) or .*tuple",
        ),
        ({"sample_weight": WEIGHT[1:]}, ValueError, r"sample_weight of shape \(50,\), .* \(49,\)"),
        (
            {"sample_weight": np.ones((50, 2))},
            ValueError,
            r"shape \(50,\), .* received \(50, 2\)",
        ),
        (
            {"sample_weight": WEIGHT.astype(str)},
            TypeError,
            "sample_weight of numbers, received dtype",
        ),
        (
            {"sample_weight": with_value(WEIGHT, 4, np.nan)},
            ValueError,
            "expected finite sample_weight, received nan in row 4",
        ),
        ({"sample_weight": with_value(WEIGHT, 4, 1e300)}, ValueError, "received inf in row 4"),
        ({"class_weight": [1]}, ValueError, "a weight for each class from 0 to .*, received 1"),
        ({"class_weight": "even"}, TypeError, "expected class_weight as a dict of weights, a list"),
        ({"class_weight": 2.0}, TypeError, "expected class_weight as a dict of weights, a list"),
        (
            {"class_weight": {0: np.nan}},
            ValueError,
            "class_weight of classes >= 0 and finite weights",
        ),
        (
            {"class_weight": {-1: 2.0}},
            ValueError,
            "class_weight of classes >= 0 and finite weights",
        ),
        (
            {"class_weight": {"a": 2.0}},
            ValueError,
            "class_weight of classes >= 0 and finite weights",
        ),
        (
            {"class_weight": {0: 2.0}, "sample_weight": WEIGHT},
            ValueError,
            "fit: give class_weight or sample_weight, not both",
        ),
        ({"callbacks": [3]}, TypeError, "callbacks: expected Callback objects"),
    ],
)
def test_options_of_fit(options, exception, message, fails):
    model, x, y = trained()
    before = snapshot(model)
    given = {"verbose": 0, **options}
    fails(lambda: model.fit(x, y, **given), exception, message)
    assert snapshot(model) == before


@pytest.mark.parametrize("name", ["batch_size", "steps"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "3"])
def test_options_of_evaluate_and_predict(name, value, fails):
    model, x, y = trained()
    before = snapshot(model)
    message = f"expected {name} as an integer >= 1, received {value!r}"
    fails(lambda: model.evaluate(x, y, verbose=0, **{name: value}), ValueError, message)
    fails(lambda: model.predict(x, verbose=0, **{name: value}), ValueError, message)
    assert snapshot(model) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("adm", "mse"),
            "unknown optimizer 'adm'; known are .*adafactor, .*adam, adamax, .*rmsprop, sam, .*sgd",
        ),
        (("sgd", "ms"), "unknown loss 'ms'; known are .*binary_crossentropy, .*mse"),
        (("sgd", "mse", None, ["acuracy"]), "unknown metric 'acuracy'; known are .*accuracy"),
        (("sgd", "mse", None, None, ["acuracy"]), "unknown metric 'acuracy'; known are .*accuracy"),
    ],
)
def test_unknown_names_in_compile(arguments, message, fails):
    model, *_ = trained()
    before = snapshot(model)
    fails(lambda: model.compile(*arguments), ValueError, message)
    assert snapshot(model) == before


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: layers.Dense(1, activation="rulu"),
            "unknown activation 'rulu'; known are celu, elu, exponential, gelu, glu, hard_shrink, "
            "hard_sigmoid, hard_silu, hard_swish, hard_tanh, leaky_relu, linear, log_sigmoid, "
            "log_softmax, mish, relu, relu6, selu, sigmoid, silu, soft_shrink, softmax, softplus, "
            "softsign, sparse_plus, sparse_sigmoid, sparsemax, squareplus, swish, tanh, "
            "tanh_shrink, threshold, or pass",
        ),
        (lambda: layers.Activation("rulu"), "unknown activation 'rulu'; known are celu, elu"),
        (
            lambda: layers.Dense(1, kernel_regularizer="l5"),
            "unknown regularizer 'l5'; known are .*l2",
        ),
        (
            lambda: layers.Dense(1, bias_initializer="two"),
            "unknown initializer 'two'; known are .*ones",
        ),
        (lambda: regularizers.l1(-0.01), "L1: expected a finite l1 >= 0, received -0.01"),
        (lambda: regularizers.l2(-0.01), "L2: expected a finite l2 >= 0, received -0.01"),
        (lambda: regularizers.l1_l2(0.1, -1), "L1L2: expected a finite l2 >= 0, received -1"),
        (lambda: layers.Dropout(-0.1), r"Dropout '.*': expected a rate in \[0, 1\], received -0.1"),
        (lambda: layers.Dropout(1.1), r"Dropout '.*': expected a rate in \[0, 1\], received 1.1"),
        (
            lambda: optimizers.Adam(learning_rate=-1),
            "Adam: expected learning_rate >= 0, received -1",
        ),
        (
            lambda: losses.MeanSquaredError(reduction="nothing"),
            "expected reduction .* received 'nothing'",
        ),
        (
            lambda: corereg.set_random_seed(-1),
            r"set_random_seed: expected an integer in \[0, 2\*\*32\), received -1",
        ),
        (
            lambda: corereg.set_random_seed(1.5),
            r"set_random_seed: expected an integer in \[0, 2\*\*32\), received 1.",
        ),
        (
            lambda: corereg.utils.set_random_seed(2**32),
            r"expected an integer in \[0, 2\*\*32\), recei",
        ),
        (
            lambda: corereg.config.set_floatx("half"),
            "expected 'float32' or 'float64', received 'half'",
        ),
    ],
)
def test_bad_names_and_numbers(call, message, fails):
    fails(call, ValueError, message)


def test_set_weights(fails):
    model, *_ = trained()
    before = snapshot(model)
    weights = model.get_weights()
    weights[2] = weights[2].T
    fails(lambda: model.set_weights(weights), ValueError, "Sequential '.*': expected weights of sh")
    assert snapshot(model) == before
