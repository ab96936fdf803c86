"""Layers: shapes, values, gradients, names, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import (
    Tensor,
    initializers,
    losses,
    naming,
    no_grad,
    regularizers,
)
from corereg.autograd import check_grads
from corereg.graph import SymbolicTensor
from corereg.layers import Activation, Dense, Dropout, Flatten, Input, InputLayer, Layer
from corereg.models import Sequential
from corereg.recordable import declares_recordable

ACTIVATIONS = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True),
}


class Scale(Layer):
    """A layer of one's own: a factor for each column."""

    def __init__(self, start=1.0, **options):
        super().__init__(**options)
        self.start = start

    def build(self, input_shape):
        self.factor = self.add_weight(
            (input_shape[-1],), initializers.Constant(self.start), name="factor"
        )

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return {**super().get_config(), "start": self.start}


# ---- Dense ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("use_bias", [True, False])
def test_dense(activation, use_bias, rng, dtype):
    layer = Dense(5, activation, use_bias, bias_initializer="ones", dtype=dtype)
    x = rng.standard_normal((7, 3))
    out = layer(x)
    kernel, *bias = (w.astype("float64") for w in layer.get_weights())
    assert kernel.shape == (3, 5)
    assert [b.shape for b in bias] == [(5,)] * use_bias
    assert out.dtype == dtype
    expected = ACTIVATIONS[activation](x @ kernel + (bias[0] if use_bias else 0))
    np.testing.assert_allclose(out.data, expected, atol=1e-6 if dtype == "float32" else 1e-14)
    with no_grad():
        np.testing.assert_allclose(layer(x).data, out.data, rtol=1e-6)
    assert layer.count_params() == 15 + 5 * use_bias
    assert layer.compute_output_shape((None, 3)) == (None, 5)


def test_dense_defaults_are_those_of_keras():
    layer = Dense(40)
    layer.build((None, 60))
    kernel, bias = layer.get_weights()
    assert kernel.dtype == bias.dtype == "float32"
    assert 0.9 * np.sqrt(6 / 100) < np.abs(kernel).max() <= np.sqrt(6 / 100)
    assert not bias.any()
    assert layer.kernel_regularizer is layer.bias_regularizer is layer.activity_regularizer is None
    assert [p.name.rpartition("/")[2] for p in layer.weights] == ["kernel", "bias"]


def test_dense_of_any_rank(rng):
    layer = Dense(4, activation="softmax", dtype="float64")
    x = rng.standard_normal((2, 3, 5, 6))
    out = layer(x)
    flat = layer(x.reshape(30, 6))
    assert out.shape == (2, 3, 5, 4)
    np.testing.assert_array_equal(out.data.reshape(30, 4), flat.data)
    assert layer.compute_output_shape((None, 3, 5, 6)) == (None, 3, 5, 4)
    weight = rng.standard_normal(out.shape)
    check_grads(lambda t: layer(t) * weight, x)


def test_dense_activation_may_be_a_function(rng):
    layer = Dense(3, activation=lambda z: z * z, dtype="float64")
    x = rng.standard_normal((4, 2))
    kernel = layer(x) is not None and layer.get_weights()[0]
    np.testing.assert_allclose(layer(x).data, (x @ kernel) ** 2)


def test_layers_cast_what_they_are_given(dtype):
    for x in (np.ones((2, 3)), np.ones((2, 3), "float32"), np.ones((2, 3), int), [[1, 1, 1]] * 2):
        for layer in (
            Dense(2, dtype=dtype),
            Dropout(0.0, dtype=dtype),
            Activation("relu", dtype=dtype),
        ):
            assert layer(x).dtype == dtype


@pytest.mark.parametrize("form", ["transposed", "every second", "one number"])
def test_layers_cast_what_is_not_contiguous(form, rng, dtype):
    source = rng.standard_normal((3, 2)).astype("float64" if dtype == "float32" else "float32")
    x = {
        "transposed": source.T,
        "every second": source.repeat(2, 0)[::2],
        "one number": source[0, 0],
    }
    x = x[form]
    out = Activation("tanh", dtype=dtype)(x)
    assert out.dtype == dtype
    np.testing.assert_allclose(out.data, np.tanh(x), rtol=1e-6)
    with no_grad():
        assert Activation("linear", dtype=dtype)(x).data.tobytes() == x.astype(dtype).tobytes()


def test_a_cast_that_would_lose_a_gradient_raises(fails):
    layer = Dense(2, name="d", dtype="float32")
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    fails(
        lambda: layer(x),
        TypeError,
        "Dense 'd': expected a tensor of dtype float32, received float64",
    )


# ---- Dropout -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0, 0.1, 0.5, 0.9, 1, np.float32(0.25)])
def test_dropout_scales_what_it_keeps(rate, dtype):
    x = np.full((100, 100), 3.0, dtype)
    layer = Dropout(rate, seed=1, dtype=dtype)
    assert layer(x).data is x
    assert layer(x, training=False).data is x
    out = layer(x, training=True).data
    kept = out != 0
    assert kept.mean() == pytest.approx(1 - rate, abs=0.02)
    assert (rate not in (0, 1)) == (0 < kept.mean() < 1)
    np.testing.assert_allclose(out[kept], 3 / (1 - np.float64(rate) if rate < 1 else 1), rtol=1e-6)


def test_dropout_seed_fixes_the_sequence_of_masks():
    x = np.ones((20, 30), "float32")
    one, same, other = Dropout(0.5, seed=4), Dropout(0.5, seed=4), Dropout(0.5, seed=5)
    first = [layer(x, training=True).data for layer in (one, same, other)]
    second = [layer(x, training=True).data for layer in (one, same, other)]
    assert np.array_equal(first[0], first[1])
    assert np.array_equal(second[0], second[1])
    assert not np.array_equal(first[0], second[0])
    assert not np.array_equal(first[0], first[2])
    corereg.set_random_seed(1)
    a = Dropout(0.5)(x, training=True).data
    b = Dropout(0.5)(x, training=True).data
    corereg.set_random_seed(1)
    assert np.array_equal(a, Dropout(0.5)(x, training=True).data)
    assert not np.array_equal(a, b)


@pytest.mark.parametrize(
    "noise_shape", [(None, 1), (1, None), (40, 1), (1, 30), (None, None), (1, 1)]
)
def test_dropout_noise_shape(noise_shape):
    x = np.ones((40, 30), "float32")
    out = Dropout(0.5, noise_shape=noise_shape, seed=2)(x, training=True).data
    shared = [axis for axis, n in enumerate(noise_shape) if n == 1]
    assert set(np.unique(out)) <= {0.0, 2.0}
    for axis in shared:
        assert (out == out.take([0], axis=axis)).all()
    if len(shared) < 2:
        assert len(np.unique(out)) == 2


@pytest.mark.parametrize("before", ["relu", "tanh"])
def test_dropout_gradient_flows_where_the_mask_kept(before, rng):
    x = Tensor(rng.standard_normal((6, 7)), requires_grad=True)
    h = x.relu() if before == "relu" else x.tanh()
    out = Dropout(0.4, seed=3, dtype="float64")(h, training=True)
    out.sum().backward()
    slope = np.where(x.data > 0, 1.0, 0.0) if before == "relu" else 1 - np.tanh(x.data) ** 2
    expected = np.where(out.data != 0, slope / 0.6, 0)
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-12)


# ---- the others ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name, rng, dtype):
    z = rng.standard_normal((3, 4)).astype(dtype)
    out = Activation(name, dtype=dtype)(z)
    assert out.dtype == dtype
    np.testing.assert_allclose(
        out.data, ACTIVATIONS[name](z), rtol=1e-5 if dtype == "float32" else 1e-12
    )


def test_flatten():
    x = np.arange(24.0, dtype="float32").reshape(2, 3, 4)
    layer = Flatten()
    np.testing.assert_array_equal(layer(x).data, x.reshape(2, 12))
    assert layer(np.ones((2, 5))).shape == (2, 5)
    assert layer(np.ones(2)).shape == (2, 1)
    assert layer.compute_output_shape((None, 3, 4)) == (None, 12)
    assert layer.compute_output_shape((None, None, 4)) == (None, None)


def test_input():
    made = Input((3, 4))
    assert type(made) is SymbolicTensor
    assert made.shape == (None, 3, 4)
    assert InputLayer((3, 4)).shape == (3, 4)
    model = Sequential([made, Flatten(), Dense(2)])
    assert model.built
    assert (model.input_shape, model.output_shape) == ((None, 3, 4), (None, 2))
    assert [type(layer) for layer in model.layers] == [Flatten, Dense]
    assert Input(shape=(3,)).shape == Input(3).shape == Input(batch_shape=(None, 3)).shape
    assert Input((3,), 5).shape == (5, 3)


def test_layers_of_ones_own():
    model = Sequential([Dense(3, input_dim=2), Scale(2.0), Scale(0.5, trainable=False)])
    x = np.ones((4, 2), "float32")
    np.testing.assert_allclose(model.predict(x, verbose=0), model.layers[0](x).data, rtol=1e-6)
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(x, np.ones((4, 3)), verbose=0)
    changed = [bool((a != b).any()) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [True, True, True, False]
    assert len(model.trainable_weights) == 3
    assert len(model.non_trainable_weights) == 1


class WithTraining(Layer):
    def call(self, x, training=False):
        return x * (2.0 if training else 1.0)


class WithMore(Layer):
    def call(self, x, mask=None, **more):
        return x * (2.0 if more["training"] else 1.0)


class Child(WithTraining):
    pass


class Doubling:
    """No function, and so without the names of its arguments."""

    def __call__(self, x, training):
        return x * (2.0 if training else 1.0)


class WithObject(Layer):
    call = Doubling()


@pytest.mark.parametrize("kind", [WithTraining, WithMore, Child, WithObject])
def test_call_may_take_training_or_not(kind):
    x = np.ones((1, 1), "float32")
    assert kind()(x, training=True).item() == 2
    assert kind()(x).item() == 1
    assert Sequential([kind()])(x, training=True).item() == 2
    assert Scale()(x, training=True).item() == 1


@pytest.mark.parametrize(
    ("call", "method"),
    [
        (lambda: Layer()(np.ones((1, 1))), "call"),
        (lambda: losses.Loss()(np.ones((1, 1)), np.ones((1, 1))), "call"),
        (lambda: regularizers.Regularizer()(np.ones((1, 1))), "__call__"),
    ],
)
def test_a_base_class_says_what_to_write(call, method, fails):
    fails(call, NotImplementedError, rf"(Layer|Loss|Metric|Regularizer).*: {method} is not written")


def test_penalties_set_before_there_are_weights():
    layer, plain = Dense(2, use_bias=False), Dense(2)
    layer.kernel_regularizer = layer.bias_regularizer = "l2"
    plain.bias_regularizer = "l1"
    for one in (layer, plain):
        one(np.ones((1, 3)))
    assert type(layer.kernel_regularizer) is type(layer.kernel.regularizer) is regularizers.L2
    assert len(layer.losses) == len(plain.losses) == 1
    assert type(plain.bias.regularizer) is regularizers.L1
    layer.bias_regularizer = None
    assert layer.bias_regularizer is None


def test_only_layers_that_draw_have_a_random_state(fails):
    layer = Dense(2, name="d")
    assert layer.random_state is None
    fails(lambda: setattr(layer, "random_state", 1), ValueError, "Dense 'd': has no random state")


def test_that_a_layer_may_be_recorded_is_never_inherited():
    class Deaf(Dense):
        recordable = True

        def __init_subclass__(cls):  # does not pass the call on
            pass

    class Child(Deaf):
        pass

    assert declares_recordable(Dense(1))
    assert declares_recordable(Deaf(1))
    assert not declares_recordable(Child(1))
    assert not declares_recordable(type("Plain", (Dense,), {})(1))


# ---- names, configs, weights ---------------------------------------------------------------------


def test_names_are_unique_and_as_in_keras(monkeypatch):
    monkeypatch.setattr(naming, "_counts", {})
    made = [Dense(1), Dense(1), Dropout(0.1), Dense(1, name="mine"), WithMore(), Dense(1)]
    assert [layer.name for layer in made] == [
        *("dense", "dense_1", "dropout", "mine", "with_more", "dense_2")
    ]
    made[0](np.ones((1, 1)))
    assert [p.name for p in made[0].weights] == ["dense/kernel", "dense/bias"]


@pytest.mark.parametrize(
    "layer",
    [
        Dense(3, "relu", kernel_regularizer="l1", bias_regularizer="l2", activity_regularizer="l1"),
        Dense(2, use_bias=False, kernel_initializer="he_normal", dtype="float64", trainable=False),
        Dropout(0.25, noise_shape=(None, 1), seed=3),
        Activation("tanh"),
        Flatten(name="flat"),
        InputLayer((3, None)),
        InputLayer((3,), batch_size=2, dtype="int64"),
        Scale(0.5),
    ],
    ids=repr,
)
def test_configs_make_equal_layers(layer):
    config = layer.get_config()
    again = type(layer).from_config(config)
    assert again.get_config() == config
    assert (again.name, again.dtype, again.trainable) == (layer.name, layer.dtype, layer.trainable)


def test_set_weights_checks_all_before_it_changes_any(fails):
    layer = Dense(2, name="d")
    layer.build((None, 3))
    arrays = [p.data for p in layer.weights]
    good = [np.ones((3, 2)), np.ones(2)]
    for weights, exception, message in [
        (
            good[:1],
            ValueError,
            r"Dense 'd': expected weights of shapes \[\(3, 2\), \(2,\)\], recei",
        ),
        ([good[0], np.ones(3)], ValueError, r"received \[\(3, 2\), \(3,\)\]"),
        ([good[0], ["a", "b"]], TypeError, "expected numbers for 'd/bias', received dtype <U1"),
        (np.ones(2), TypeError, "Dense 'd': expected a list of weights, received ndarray"),
    ]:
        fails(lambda w=weights: layer.set_weights(w), exception, message, *arrays)
    layer.set_weights(good)
    assert all((a == 1).all() for a in layer.get_weights())
    assert layer.weights[0].data is arrays[0]


# ---- what is refused -----------------------------------------------------------------------------


def build(layer, shape=(None, 3)):
    return lambda: layer.build(shape)


@pytest.mark.parametrize(
    ("call", "exception", "message"),
    [
        *(
            (lambda u=u: Dense(u), ValueError, "Dense .*: expected a positive integer for units")
            for u in (0, -1, 2.5, "3", None, True)
        ),
        *(
            (
                lambda r=r: Dropout(r),
                ValueError,
                r"Dropout .*: expected a rate in \[0, 1\], received",
            )
            for r in (-0.1, 1.1, float("nan"), "0.5", None, True)
        ),
        (
            lambda: Dropout(0.5, seed=1.5),
            ValueError,
            "expected an integer seed or None, received 1.5",
        ),
        (
            lambda: Dropout(0.5, noise_shape=(1,))(np.ones((2, 3)), training=True),
            ValueError,
            r"expected an input whose shape fits noise_shape \(1,\), received \(2, 3\)",
        ),
        (lambda: Dense(1, "rleu"), ValueError, "unknown activation 'rleu'; known are .*relu"),
        (lambda: Dense(1, 3), TypeError, "activation: expected a name or a callable, received 3"),
        (lambda: Activation("rleu"), ValueError, "unknown activation 'rleu'; known are .*relu"),
        (
            lambda: Dense(1, kernel_regularizer="l3"),
            ValueError,
            "unknown regularizer 'l3'; known are",
        ),
        (
            lambda: Dense(1, kernel_initializer="x"),
            ValueError,
            "unknown initializer 'x'; known are",
        ),
        (
            lambda: Dense(1, dtype="float16"),
            ValueError,
            "expected dtype 'float32', 'float64' or 'mixed_bfloat16', rece",
        ),
        (
            lambda: Dense(1, input_dim=0),
            ValueError,
            r"expected positive sizes in a shape, received \(0",
        ),
        (
            lambda: Dense(1, input_dim=2, input_shape=(2,)),
            ValueError,
            "give input_dim or input_shape",
        ),
        (
            lambda: Input((3, -1)),
            ValueError,
            r"expected positive sizes in a shape, received \(3, -1\)",
        ),
        (
            build(Dense(1, name="d"), (None,)),
            ValueError,
            r"Dense 'd': expected inputs of shape .* received \(None,\); give input_dim",
        ),
        (
            build(Dense(1, kernel_initializer=lambda shape, dtype: np.ones(3), name="d")),
            ValueError,
            r"Dense 'd': expected the initializer to give 'kernel' of shape \(3, 1\), received",
        ),
        (lambda: Layer()(np.ones((2, 2))), NotImplementedError, "Layer .*: call is not written"),
    ],
)
def test_bad_arguments(call, exception, message, fails):
    fails(call, exception, message)


def test_a_wrong_number_of_inputs_raises(fails):
    layer = Dense(4, name="h1")
    layer(np.ones((2, 64)))
    for shape in ((32, 63), (64,), (2, 3, 63)):
        fails(
            lambda s=shape: layer(np.ones(s)),
            ValueError,
            r"Dense 'h1': expected x of shape \(batch, 64\), received \(",
        )


def test_weights_of_ones_own_layer_take_keras_arguments():
    class Shifted(Layer):
        def build(self, input_shape):
            self.a = self.add_weight(shape=(input_shape[-1],), initializer="ones", trainable=True)
            self.b = self.add_weight(initializer="zeros", trainable=False, name="b")

        def call(self, x):
            return x * self.a + self.b

    model = Sequential([Shifted(), Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((4, 3), np.float32)
    model.fit(x, np.zeros((4, 1)), verbose=0)
    layer = model.layers[0]
    assert [w.name.split("/")[1] for w in layer.weights] == ["weight_0", "b"]
    assert (layer.a.data != 1).all()
    assert layer.b.data == 0
    layer.trainable = False
    assert layer.trainable_weights == []
    layer.trainable = True
    assert layer.trainable_weights == [layer.a]
    assert layer.non_trainable_weights == [layer.b]


def test_add_weight_with_the_name_first():
    with pytest.raises(TypeError, match=r"expected the shape first, received 'w'; use add_weight"):
        Layer().add_weight("w", (3,))
