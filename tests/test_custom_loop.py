"""Loops of one's own give what fit gives; penalties in the sweep and in the graph agree."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import Tensor, layers, losses, no_grad, optimizers, regularizers
from corereg.models import Sequential
from corereg.regularizers import L1, L1L2, L2, OrthogonalRegularizer

EPS = {"float32": 1e-5, "float64": 1e-13}


@pytest.fixture(autouse=True)
def floatx(dtype):
    """Each test runs in both dtypes."""
    before = corereg.config.floatx()
    corereg.config.set_floatx(dtype)
    yield
    corereg.config.set_floatx(before)


def data():
    rng = np.random.default_rng(6)
    return rng.standard_normal((50, 7)), rng.integers(0, 3, 50)


def net(optimizer, **first):
    corereg.set_random_seed(21)
    options = {"kernel_regularizer": L1L2(0.01, 0.02), "bias_regularizer": L2(0.05), **first}
    model = Sequential(
        [
            layers.Dense(6, activation="relu", input_dim=7, bias_initializer="ones", **options),
            layers.Dropout(0.3),
            layers.Dense(5, activation="tanh", kernel_regularizer="l1"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer(), "sparse_categorical_crossentropy")
    return model


def batches(x, y):
    for _ in range(3):
        for at in range(0, len(x), 16):
            yield x[at : at + 16], y[at : at + 16]


def loop(model, in_sweep):
    """Three epochs by hand, the penalties in the optimizer's sweep or in the graph."""
    loss_function = losses.SparseCategoricalCrossentropy()
    optimizer = model.optimizer
    optimizer.build(model.weights)
    values = []
    for x, y in batches(*data()):
        loss = loss_function(y, model(x, training=True))
        if not in_sweep:
            loss = loss + sum(model.losses)
        loss.backward()
        penalty = optimizer.step(penalties=in_sweep)
        optimizer.zero_grad()
        values.append(loss.item() + penalty)
    return values


OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1),
    "momentum": lambda: optimizers.SGD(0.05, momentum=0.9),
    "nesterov": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda: optimizers.RMSprop(0.01),
    "adam": lambda: optimizers.Adam(0.01),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
    "clipnorm": lambda: optimizers.SGD(0.1, clipnorm=0.1),
    "clipvalue": lambda: optimizers.SGD(0.1, clipvalue=0.01),
    "global_clipnorm": lambda: optimizers.SGD(0.1, global_clipnorm=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_loop_with_penalties_in_the_sweep_is_fit_bit_for_bit(name):
    x, y = data()
    fitted, looped = net(OPTIMIZERS[name]), net(OPTIMIZERS[name])
    fitted.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0)
    loop(looped, in_sweep=True)
    for a, b in zip(fitted.get_weights(), looped.get_weights(), strict=True):
        assert np.array_equal(a, b)
    assert fitted.optimizer.iterations == looped.optimizer.iterations == 12


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_loop_with_penalties_in_the_graph_is_fit_to_rounding(name, dtype):
    x, y = data()
    fitted, looped = net(OPTIMIZERS[name]), net(OPTIMIZERS[name])
    history = fitted.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0).history
    values = loop(looped, in_sweep=False)
    # 12 steps amplify what the first rounds differently, RMSprop and Adam the most.
    for a, b in zip(fitted.get_weights(), looped.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=100 * EPS[dtype])
    last = np.average(values[-4:], weights=[16, 16, 16, 2])
    assert history["loss"][-1] == pytest.approx(last, rel=10 * EPS[dtype])


PENALTIES = [L1(0.3), L2(0.2), L1L2(0.1, 0.7), L1L2(0.5, 0.0), L1L2(), None]


@pytest.mark.parametrize("penalty", PENALTIES, ids=repr)
@pytest.mark.parametrize("where", ["kernel", "bias"])
def test_the_sweep_has_the_gradient_of_the_graph(penalty, where, dtype):
    gradients, values = [], []
    for in_sweep in (True, False):
        corereg.set_random_seed(1)
        layer = layers.Dense(9, **{f"{where}_regularizer": penalty})
        layer(np.zeros((1, 40)))
        kernel, bias = layer.weights
        bias.assign(np.linspace(-1, 1, 9))
        kernel.data[3] = 0  # sign(0) = 0
        before = layer.get_weights()
        optimizer = optimizers.SGD(1.0)
        optimizer.build(layer.weights)
        loss = (layer(np.linspace(-1, 1, 80).reshape(2, 40)) ** 2).sum()
        if not in_sweep:
            loss = loss + sum(layer.losses)
        loss.backward()
        value = optimizer.step(penalties=in_sweep)
        gradients.append([a - b for a, b in zip(before, layer.get_weights(), strict=True)])
        layer.set_weights(before)
        values.append(value if in_sweep else sum(p.item() for p in layer.losses))
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=EPS[dtype] * np.abs(b).max())
    assert values[0] == pytest.approx(values[1], rel=EPS[dtype])
    assert (values[0] > 0) == (penalty is not None and penalty.l1 + penalty.l2 > 0)


def test_model_losses_are_the_formulas():
    model = net(OPTIMIZERS["sgd"])
    k0, b0, k1, *_ = (w.astype("float64") for w in model.get_weights())
    expected = [
        0.01 * np.abs(k0).sum() + 0.02 * (k0**2).sum(),
        0.05 * (b0**2).sum(),
        0.01 * np.abs(k1).sum(),
    ]
    found = model.losses
    assert all(type(loss) is Tensor and loss.shape == () for loss in found)
    assert [loss.item() for loss in found] == pytest.approx(expected, rel=1e-6)
    sum(found).backward()
    sign = 0.01 * np.sign(k0) + 0.04 * k0
    np.testing.assert_allclose(model.weights[0].grad.numpy(), sign, rtol=1e-5)


def one_step(model, **options):
    x, y = data()
    before = model.get_weights()
    loss = model.train_on_batch(x, y, return_dict=True, **options)
    return before, model.get_weights(), loss


def test_frozen_layers_keep_their_weights_and_have_no_penalty():
    model = net(OPTIMIZERS["adam"])
    one_step(model)
    model.layers[0].trainable = False
    assert len(model.trainable_weights) == 4
    assert len(model.losses) == 1
    before, after, logs = one_step(model)
    assert np.array_equal(before[0], after[0])
    assert np.array_equal(before[1], after[1])
    assert (before[2] != after[2]).any()
    assert logs["penalty"] == pytest.approx(0.01 * np.abs(before[2]).sum(), rel=1e-5)
    model.layers[0].trainable = True
    before, after, _ = one_step(model)
    assert (before[0] != after[0]).any()
    assert len(model.losses) == 3


def test_a_wholly_frozen_model_only_measures():
    model = net(OPTIMIZERS["adam"])
    model.trainable = False
    before, after, logs = one_step(model)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert "penalty" not in logs
    assert logs["loss"] > 0


def test_a_frozen_layer_before_the_first_step():
    model = net(OPTIMIZERS["sgd"], trainable=False)
    before, after, _ = one_step(model)
    assert np.array_equal(before[0], after[0])
    assert (before[2] != after[2]).any()


@pytest.mark.parametrize("regularizer", [L2(0.5), lambda w: (w * w).sum() * 0.5, None])
def test_a_regularizer_set_after_build_takes_effect(regularizer, dtype):
    model, fresh = net(OPTIMIZERS["sgd"]), net(OPTIMIZERS["sgd"], kernel_regularizer=regularizer)
    for m in (model, fresh):
        m.layers[1].rate = 0.0
    x, y = data()
    model.evaluate(x, y, verbose=0)
    model.layers[0].kernel_regularizer = regularizer
    assert model.evaluate(x, y, verbose=0) == fresh.evaluate(x, y, verbose=0)
    first, second = one_step(model), one_step(fresh)
    assert first[2] == second[2]
    np.testing.assert_array_equal(first[1][0], second[1][0])
    model.layers[0].kernel_regularizer = "l1"
    penalty = one_step(model)[2]["penalty"]
    k0, b0, k1 = (w.astype("float64") for w in first[1][:3])
    expected = 0.01 * np.abs(k0).sum() + 0.05 * (b0**2).sum() + 0.01 * np.abs(k1).sum()
    assert penalty == pytest.approx(expected, rel=EPS[dtype])


def test_a_strength_changed_in_place_takes_effect():
    model = net(OPTIMIZERS["sgd"])
    penalties = []
    for strength in (0.0, 1.0):
        model.layers[0].kernel_regularizer.l2 = strength
        before, after, logs = one_step(model)
        expected = model.layers[0].kernel_regularizer(before[0]).item()
        penalties.append(logs["penalty"])
        assert logs["penalty"] > expected
    assert penalties[1] > penalties[0] + 1
    assert (after[0] ** 2).sum() < (before[0] ** 2).sum()


def test_activity_regularizer_is_divided_by_the_batch_and_differentiated(dtype):
    x, _ = data()
    model = Sequential([layers.Dense(4, activation="tanh", activity_regularizer=L2(0.3))])
    model.compile(optimizers.SGD(1.0), losses.MeanSquaredError())
    out = model.predict(x, verbose=0).astype("float64")
    y = out.copy()  # so that the data loss and its gradient are zero
    expected = 0.3 * (out**2).sum() / len(x)
    dz = 2 * 0.3 * out / len(x) * (1 - out**2)
    for found in (
        model.evaluate(x, y, batch_size=50, verbose=0, return_dict=True),
        model.train_on_batch(x, y, return_dict=True),
    ):
        assert found["penalty"] == pytest.approx(expected, rel=EPS[dtype])
        assert found["loss"] == pytest.approx(expected, rel=EPS[dtype])
    np.testing.assert_allclose(
        model.weights[1].data, -dz.sum(axis=0), rtol=0, atol=EPS[dtype] * np.abs(dz).sum()
    )


def test_activity_penalties_are_those_of_the_last_call():
    layer = layers.Dense(2, activity_regularizer="l2")
    for rows in (3, 5, 7):
        layer(np.ones((rows, 4)))
        assert len(layer.losses) == 1
    model = Sequential([layer])
    model(np.ones((2, 4)))
    assert len(model.losses) == 1
    layer.activity_regularizer = None
    model(np.ones((2, 4)))
    assert model.losses == []


@pytest.mark.parametrize("mode", ["rows", "columns"])
def test_orthogonal_regularizer_trains_towards_orthogonality(mode):
    model = net(OPTIMIZERS["adam"], kernel_regularizer=OrthogonalRegularizer(1.0, mode))
    x, y = data()

    def overlap():
        w = model.get_weights()[0]
        w = w if mode == "rows" else w.T
        v = w / np.linalg.norm(w, axis=1, keepdims=True)
        return np.abs(v @ v.T - np.eye(len(v))).sum()

    before = overlap()
    model.fit(x, y, epochs=20, verbose=0)
    assert overlap() < 0.7 * before


class Weighted(regularizers.Regularizer):
    """A subclass of one's own: rows weigh more the further down they are."""

    def __call__(self, w):
        return (w * w * np.arange(w.shape[0], dtype=w.dtype)[:, None]).sum() * 0.01


@pytest.mark.parametrize("own", [lambda w: (w**4).sum() * 0.01, Weighted()])
def test_custom_regularizers_go_through_the_graph(own, dtype):
    model = net(OPTIMIZERS["sgd"], kernel_regularizer=own, bias_regularizer=None)
    twin = net(OPTIMIZERS["sgd"], kernel_regularizer=own, bias_regularizer=None)
    k0, _, k1 = (w.astype("float64") for w in model.get_weights()[:3])
    with no_grad():
        value = own(Tensor(k0)).item() + 0.01 * np.abs(k1).sum()
    _, after, logs = one_step(model)
    assert logs["penalty"] == pytest.approx(value, rel=EPS[dtype])
    x, y = data()
    loss = twin.loss(y, twin(x, training=True)) + sum(twin.losses)
    loss.backward()
    twin.optimizer.build(twin.weights)
    twin.optimizer.step()
    assert logs["loss"] == pytest.approx(loss.item(), rel=EPS[dtype])
    for a, b in zip(after, twin.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=EPS[dtype])


@pytest.mark.parametrize(
    ("own", "exception", "message"),
    [
        (lambda w: 0.5, TypeError, "expected a Tensor computed from its argument, received 0.5"),
        (lambda w: w * w, ValueError, r"expected a scalar, received shape \(7, 6\); sum it up"),
    ],
)
def test_regularizers_that_give_no_scalar_raise(own, exception, message, fails):
    model = net(OPTIMIZERS["sgd"], kernel_regularizer=own)
    arrays = [p.data for p in model.weights]
    x, y = data()
    fails(lambda: model.losses, exception, message)
    fails(lambda: model.fit(x, y, verbose=0), exception, message, *arrays)
    fails(lambda: model.evaluate(x, y, verbose=0), exception, message, *arrays)


def test_build_again_only_where_the_parameters_changed():
    model = net(OPTIMIZERS["adam"])
    one_step(model)
    state = [a.copy() for a in model.optimizer.state]
    x, y = data()
    model.evaluate(x, y, verbose=0)
    one_step(model)
    assert model.optimizer.iterations == 2
    assert any((a != b).any() for a, b in zip(state, model.optimizer.state, strict=True))
    model.pop()
    model.add(layers.Dense(3, activation="softmax"))
    one_step(model)
    assert model.optimizer.iterations == 1
