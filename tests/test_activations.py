"""Activations and activation layers: beside Keras, in files, and replayed in dense layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from goldens.activation_cases import (
    ALONG_AN_AXIS,
    ELEMENTWISE,
    LAYERS,
    POINTS,
    ROWS,
    training_data,
)

import corereg
from corereg import Tensor, activations, layers, ops, optimizers
from corereg.models import Sequential, load_model

GOLDENS = np.load(Path(__file__).parent / "goldens" / "activations.npz")
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
# where Keras has infinity times 0, and corereg the limit
LIMITS = {"gelu", "gelu tanh", "mish", "silu", "softsign", "sparse_plus"}
SINGLE_IN_KERAS = {"tanh"}  # computed in float32 there


def value_and_gradient(function, x, weights):
    t = Tensor(x, requires_grad=True)
    with np.errstate(all="ignore"):
        y = function(t)
        y.backward(Tensor(weights[tuple(map(slice, y.shape))].copy()))
    return y.data, t.grad.data


@pytest.mark.parametrize("key", ELEMENTWISE | ALONG_AN_AXIS)
def test_values_and_derivatives_are_those_of_keras(key, dtype):
    name, arguments = (ELEMENTWISE | ALONG_AN_AXIS)[key]
    x = (POINTS if key in ELEMENTWISE else ROWS).astype(dtype)
    weights = np.arange(1, x.size + 1, dtype=dtype).reshape(x.shape)
    if key in ELEMENTWISE:
        weights = np.ones_like(x)
    found = value_and_gradient(lambda t: activations.get(name)(t, **arguments), x, weights)
    expected = [GOLDENS[f"{key} {dtype} {what}"].copy() for what in ("value", "gradient")]
    if key in ELEMENTWISE:
        for ours, theirs in zip(found, expected, strict=True):
            ends = ~np.isfinite(POINTS)
            free = ends & (np.isnan(theirs) if key in LIMITS else np.isnan(POINTS))
            theirs[free] = ours[free]  # derivatives at NaN are nothing to rely on
    for ours, theirs, what in zip(found, expected, ("value", "gradient"), strict=True):
        assert ours.dtype == dtype
        close = TOLERANCE["float32" if key in SINGLE_IN_KERAS else dtype]
        np.testing.assert_allclose(ours, theirs, rtol=close, atol=close, err_msg=what)


@pytest.mark.parametrize("key", sorted(LIMITS))
def test_nan_stays_nan(key, dtype):
    name, arguments = ELEMENTWISE[key]
    nan = np.full(3, np.nan, dtype)
    assert np.isnan(activations.get(name)(nan, **arguments).data).all()


@pytest.mark.parametrize("key", LAYERS)
def test_layers_train_as_in_keras(key, dtype):
    kind, arguments, _ = LAYERS[key]
    x, y, weights = training_data()
    layer = getattr(layers, kind)(**arguments, dtype=dtype)
    model = Sequential([corereg.Input((4,)), layers.Dense(5, dtype=dtype), layer])
    model.add(layers.Dense(1, dtype=dtype))
    model.layers[0].set_weights(weights[:2])
    model.layers[2].set_weights(weights[2:])
    model.compile(optimizers.SGD(0.1), "mse")
    losses = model.fit(
        x.astype(dtype), y.astype(dtype), batch_size=4, epochs=1, shuffle=False, verbose=0
    ).history["loss"]
    assert model.execution_report()["fit"].mode == "replayed"
    trained = [w.ravel() for w in model.get_weights()]
    found = np.concatenate([*trained, losses, model.predict(x.astype(dtype), verbose=0).ravel()])
    close = 1e-5  # of float64 too: Keras keeps the learning rate and losses in float32
    np.testing.assert_allclose(found, GOLDENS[f"layer {key} {dtype}"], rtol=close, atol=close)


def deep(activation, eager, dtype="float32"):
    """Dense layers with an activation, one apart, dropout behind one, a frozen layer before one."""
    corereg.set_random_seed(3)
    model = Sequential(
        [
            corereg.Input((6,)),
            layers.Dense(33, activation, trainable=False, dtype=dtype),
            layers.Dense(20, activation, dtype=dtype),
            layers.Dropout(0.3, dtype=dtype),
            layers.Dense(17, use_bias=False, dtype=dtype),
            layers.Activation(activation, dtype=dtype),
            layers.Dense(1, activation, dtype=dtype),
        ]
    )
    model.compile("adam", "mse", run_eagerly=eager)
    return model


KERNELS = ["elu", "gelu", "leaky_relu", "mish", "selu", "silu", "softplus"]


@pytest.mark.parametrize("activation", [*KERNELS, "hard_silu", "sparse_plus", ops.gelu])
def test_replayed_steps_are_those_through_python(activation, rng):
    x = rng.standard_normal((40, 6)).astype("float32")
    y = x[:, :1] * x[:, 1:2]
    outcomes = []
    before = corereg.get_num_threads()
    try:
        for eager, threads in ((True, 1), (False, 1), (False, 2)):
            corereg.set_num_threads(threads)
            model = deep(activation, eager)
            frozen = model.layers[0].get_weights()[0].copy()
            losses = model.fit(x, y, batch_size=16, epochs=2, verbose=0).history["loss"]
            assert model.execution_report()["fit"].mode == ("eager" if eager else "replayed")
            assert np.array_equal(frozen, model.layers[0].get_weights()[0])
            last = [model.predict(x, verbose=0), *model.get_weights()]
            outcomes.append([losses, *(a.tobytes() for a in last)])
    finally:
        corereg.set_num_threads(before)
    assert outcomes[0] == outcomes[1] == outcomes[2]


@pytest.mark.parametrize("name", KERNELS)
def test_dense_is_its_activation_behind_a_linear_one(name, rng):
    x = Tensor(rng.standard_normal((9, 5)), requires_grad=True)
    fused = layers.Dense(7, name, dtype="float64")
    apart = layers.Dense(7, dtype="float64")
    results = []
    for layer, after in ((fused, lambda t: t), (apart, activations.get(name))):
        layer.build((None, 5))
        layer.set_weights(fused.get_weights())
        out = after(layer(x))
        x.grad = None
        (out * out).sum().backward()
        results.append([out.data, x.grad.data, *(w.grad.data for w in layer.weights)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)


# ---- names and files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "saved"),
    [
        ("swish", "silu"),
        ("hard_swish", "hard_silu"),
        (None, "linear"),
        (activations.gelu, "gelu"),
        (ops.gelu, "ops.gelu"),
        ("ops.tanh", "ops.tanh"),
    ],
)
def test_names_in_files(given, saved, tmp_path):
    model = Sequential([corereg.Input((3,)), layers.Dense(4, given), layers.Activation(given)])
    assert model.layers[0].get_config()["activation"] == saved
    assert activations.serialize(activations.deserialize(saved)) == saved
    model.save(tmp_path / "m.corereg")
    x = np.linspace(-2, 2, 12, dtype="float32").reshape(4, 3)
    again = load_model(tmp_path / "m.corereg")
    assert again.layers[1].get_config()["activation"] == saved
    assert np.array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_a_layer_as_an_activation(tmp_path, rng):
    x = rng.standard_normal((8, 3)).astype("float32")
    model = Sequential(
        [corereg.Input((3,)), layers.Dense(4, layers.PReLU("ones")), layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    assert len(model.trainable_variables) == 5
    model.fit(x, x[:, :1], epochs=2, verbose=0)
    model.save(tmp_path / "m.corereg")
    again = load_model(tmp_path / "m.corereg")
    assert np.array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_functions_take_symbolic_tensors():
    x = corereg.Input((4,))
    model = corereg.Model(x, activations.glu(activations.leaky_relu(x, negative_slope=0.5)))
    given = np.array([[-2.0, 1.0, 3.0, 0.0]], "float32")
    expected = activations.glu(np.array([[-1.0, 1.0, 3.0, 0.0]], "float32")).data
    np.testing.assert_allclose(model.predict(given, verbose=0), expected, rtol=1e-6)


# ---- layers --------------------------------------------------------------------------------------


def test_defaults_and_names_are_keras_s():
    x = np.array([[-1.0, 2.0]], "float32")
    assert layers.LeakyReLU()(x).data.tolist() == [[np.float32(-0.3), 2]]
    assert layers.LeakyReLU(alpha=0.5)(x).data.tolist() == [[-0.5, 2]]
    assert activations.leaky_relu(x).data.tolist() == [[np.float32(-0.2), 2]]
    for kind, name in (("LeakyReLU", "leaky_re_lu"), ("ReLU", "re_lu"), ("PReLU", "p_re_lu")):
        assert getattr(layers, kind)().name.startswith(name)


@pytest.mark.parametrize("axes", [(1, 2), [0, -1], (2,)])
def test_softmax_along_several_axes(axes, dtype):
    x = np.random.default_rng(2).normal(size=(2, 3, 4)).astype(dtype)
    shares = np.exp(x) / np.exp(x).sum(axis=tuple(axes), keepdims=True)
    found = activations.softmax(x, axis=axes)
    assert found.dtype == dtype
    np.testing.assert_allclose(found.data, shares, 1e-5)
    np.testing.assert_allclose(activations.log_softmax(x, axes).data, np.log(shares), 1e-5)


def test_softmax_with_a_mask(dtype):
    layer = layers.Softmax(dtype=dtype)
    x = np.array([[1.0, 2.0, 3.0], [5.0, 5.0, 5.0]], dtype)
    mask = np.array([[True, False, True], [False, True, False]])
    e = np.exp(-2.0)
    expected = [[e / (1 + e), 0, 1 / (1 + e)], [0, 1, 0]]
    np.testing.assert_allclose(layer(x, mask=mask).data, expected, rtol=1e-6)


def test_shapes_of_prelu():
    for shared, shape in ((None, (3, 4)), (1, (1, 4)), ([2], (3, 1)), ((1, 2), (1, 1))):
        layer = layers.PReLU(shared_axes=shared)
        layer.build((None, 3, 4))
        assert [w.shape for w in layer.weights] == [shape]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.ReLU(max_value=-1), "max_value as a number of 0 or more, received -1"),
        (lambda: layers.ReLU(negative_slope=None), "negative_slope as a number of 0 or more"),
        (lambda: layers.ReLU(threshold=-1), "threshold as a number of 0 or more, received -1"),
        (lambda: layers.LeakyReLU(-0.1), "negative_slope as a number of 0 or more, received -0.1"),
        (lambda: layers.LeakyReLU("a"), "negative_slope as a number of 0 or more, received 'a'"),
        (lambda: layers.ELU("a"), "alpha as a number, received 'a'"),
        (lambda: layers.PReLU(shared_axes=[0]), "shared_axes of integers from 1 on, received 0"),
        (lambda: layers.PReLU(alpha_constraint="x"), "unknown constraint 'x'"),
        (lambda: layers.PReLU(shared_axes=3).build((None, 4)), "shared_axes of an input of shape"),
        (lambda: layers.PReLU().build((None, None, 4)), "inputs of known lengths"),
        (lambda: layers.Softmax("a"), "an integer axis or several, received 'a'"),
        (lambda: activations.get("nope"), "unknown activation 'nope'"),
        (lambda: activations.get("ops.nope"), "unknown activation 'ops.nope'"),
        (lambda: activations.glu(np.ones((2, 3))), "an axis of even length"),
        (lambda: activations.sparsemax(np.ones(3), 1), "an axis of a tensor of 1 axes"),
    ],
)
def test_wrong_arguments_raise(make, message):
    with pytest.raises(ValueError, match=message):
        make()
