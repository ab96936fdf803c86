"""pruning.compact: equal, smaller models."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import layers, regularizers
from corereg.pruning import compact

KINDS = ["relu", "tanh", "gelu", "softplus", "linear"]


def thin_out(model, rng, zeros=0.8, dead=0.3):
    """Sets weights to zero: many by themselves, and whole rows and columns; and biases to any."""
    for w in model.weights:
        if w.name.endswith("kernel"):
            w.data[rng.random(w.shape) < zeros] = 0
            w.data[rng.random(w.shape[0]) < dead] = 0
            w.data[:, rng.random(w.shape[1]) < dead] = 0
        elif w.name.endswith("variance"):
            w.data[...] = rng.random(w.shape) + 0.5
        else:
            w.data[...] = rng.normal(size=w.shape)
    return model


def assert_equal(small, model, x, selected=None):
    expected = model.predict(x, verbose=0)
    given = x if selected is None else x.reshape(len(x), -1)[:, selected]
    found = small.predict(given, verbose=0)
    if not isinstance(expected, list | tuple):
        expected, found = [expected], [found]
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(b, a, rtol=2e-5, atol=2e-6)


def chain(*stack, shape=(12,)):
    return corereg.Sequential([corereg.Input(shape), *stack])


@pytest.fixture
def mixed():
    """A chain of all kinds of layers that are understood, thinned out."""
    corereg.set_random_seed(3)
    model = chain(
        layers.Rescaling(0.5, 0.1),
        layers.Flatten(),
        layers.Normalization(),
        layers.Dense(20, "relu"),
        layers.Dropout(0.2),
        layers.BatchNormalization(),
        layers.Dense(15, use_bias=False),
        layers.LeakyReLU(),
        layers.GaussianNoise(0.1),
        layers.Dense(9, "tanh"),
        layers.Activation("sigmoid"),
        layers.Dense(4, "softmax"),
        shape=(5, 6),
    )
    return thin_out(model, np.random.default_rng(3))


def test_all_that_is_understood(mixed, rng):
    x = rng.normal(size=(50, 5, 6)).astype("float32")
    small = compact(mixed)
    assert_equal(small, mixed, x)
    assert small.count_params() < mixed.count_params() / 3
    assert [type(one) for one in small.layers[:3]] == [
        *(layers.Flatten, layers.SelectColumns, layers.Rescaling)
    ]
    assert {one.name for one in mixed.layers} <= {one.name for one in small.layers}
    few, selected = compact(mixed, keep_inputs=False)
    assert selected.dtype == np.int64
    assert few.input_shape == (None, len(selected))
    assert selected.tolist() == small.layers[1].columns
    assert_equal(few, mixed, x, selected)
    again = compact(small)
    assert again.count_params() == small.count_params()


def test_the_compacted_model_is_a_model(mixed, rng, tmp_path):
    x, y = rng.normal(size=(40, 5, 6)).astype("float32"), rng.integers(0, 4, 40)
    before = mixed.get_weights()
    small = compact(mixed)
    small.save(tmp_path / "small.corereg")
    loaded = corereg.models.load_model(tmp_path / "small.corereg")
    assert np.array_equal(loaded.predict(x, verbose=0), small.predict(x, verbose=0))
    histories = []
    for model in (small, loaded):
        corereg.set_random_seed(1)
        model.compile("adam", "sparse_categorical_crossentropy")
        histories.append(model.fit(x, y, epochs=2, verbose=0).history["loss"])
        assert model.execution_report()["fit"].mode == "replayed"
    assert np.isfinite(histories).all()
    assert all(np.array_equal(a, b) for a, b in zip(before, mixed.get_weights(), strict=True))


def test_the_models_of_an_ensemble(rng):
    x = rng.normal(size=(50, 12)).astype("float32")
    models = [thin_out(chain(layers.Dense(20, "relu"), layers.Dense(3)), rng) for _ in range(3)]
    whole = corereg.models.Ensemble(models, weights=[1, 2, 1], average="probabilities", name="all")
    small = compact(whole)
    assert isinstance(small, corereg.models.Ensemble)
    assert small.name == "all"
    assert small.count_params() < whole.count_params() / 2
    assert_equal(small, whole, x)
    with pytest.raises(ValueError, match="expected one network, received an Ensemble"):
        compact(whole, keep_inputs=False)


def test_files_of_keras_take_the_selected_inputs_alone(mixed, tmp_path):
    pytest.importorskip("h5py")
    with pytest.raises(ValueError, match=r"Keras does not have the layer .* keep_inputs=False"):
        compact(mixed).save(tmp_path / "small.keras")
    few, _ = compact(mixed, keep_inputs=False)
    few.save(tmp_path / "few.keras")


@pytest.mark.parametrize("activation", KINDS)
def test_constants_go_into_the_bias_behind(activation, rng):
    model = chain(layers.Dense(3, activation), layers.Dense(2, use_bias=False))
    first, second = (one.kernel.data for one in model.layers)
    first[:, 1] = 0  # dead: activation(0.7) whatever comes in
    first[4:] = 0
    model.layers[0].bias.assign([0.1, 0.7, -0.2])
    second[2] = 0  # leads to nothing
    small = compact(model)
    select, one, two = small.layers
    assert select.columns == [0, 1, 2, 3]
    assert (one.units, two.kernel.shape) == (1, (1, 2))
    value = corereg.activations.get(activation)(corereg.tensor([np.float32(0.7)])).data
    np.testing.assert_allclose(two.bias.data, value * second[1], rtol=1e-6)
    assert_equal(small, model, rng.normal(size=(30, 12)).astype("float32"))


def test_constants_spread_and_needs_go_back(rng):
    """What a dead neuron alone leads to is dead, too, and so is what leads to nothing but that."""
    model = chain(*(layers.Dense(4, "relu") for _ in range(3)), layers.Dense(2))
    a, b, c, d = (one.kernel.data for one in model.layers)
    a[:, 0] = 0
    b[1:, 0] = 0  # the first of b hears the first of a alone
    c[1:, 0] = 0
    d[3] = 0
    c[3, :3] = 0  # the last of b speaks to the last of c alone
    for one in model.layers:
        one.bias.assign(rng.normal(size=one.bias.shape))
    small = compact(model)
    assert [one.units for one in small.layers] == [3, 2, 2, 2]
    assert_equal(small, model, rng.normal(size=(30, 12)).astype("float32"))


def test_bits_stay_where_nothing_is_folded(rng):
    model = thin_out(chain(layers.Dense(30, "relu"), layers.Dense(6)), rng)
    for one in model.layers:
        one.bias.assign(np.zeros(one.bias.shape))
    x = rng.normal(size=(300, 12)).astype("float32")
    small = compact(model)
    assert small.count_params() < model.count_params()
    assert np.array_equal(small.predict(x, verbose=0), model.predict(x, verbose=0))


def test_heads_and_joins(rng):
    a, b = corereg.Input((10,), name="a"), corereg.Input((7,), name="b")
    left, right = layers.Dense(9, "relu")(a), layers.Dense(8, "tanh")(b)
    joined = layers.Concatenate()([left, layers.Dropout(0.5)(right), a])
    trunk = layers.Dense(12, "relu")(joined)
    outputs = [layers.Dense(3, "softmax")(trunk), layers.Dense(1)(trunk), trunk * 2]
    model = corereg.Model([a, b], outputs)
    thin_out(model, np.random.default_rng(5))
    x = [rng.normal(size=(20, n)).astype("float32") for n in (10, 7)]
    small = compact(model)
    assert_equal(small, model, x)
    assert small.count_params() < model.count_params()
    assert small.input_names == ["a", "b"]
    few, (of_a, of_b) = compact(model, keep_inputs=False)
    assert len(of_b) < 7
    for p, q in zip(few.predict([x[0][:, of_a], x[1][:, of_b]]), model.predict(x), strict=True):
        np.testing.assert_allclose(p, q, rtol=2e-5, atol=2e-6)


def test_what_is_shared_or_not_understood_stays(rng):
    x = corereg.Input((8,))
    shared = layers.Dense(8, "relu", name="shared")
    h = shared(shared(x))
    inner = corereg.Sequential([corereg.Input((8,)), layers.Dense(6, "relu")], name="inner")
    h = layers.LayerNormalization()(inner(h))
    model = corereg.Model(x, layers.Dense(2)(h))
    thin_out(model, rng)
    small = compact(model)
    assert small.get_layer("shared").kernel.shape == (8, 8)
    assert small.get_layer("inner").layers[0].kernel.shape == (8, 6)
    assert small.layers[-1].kernel.shape[0] < 6
    assert_equal(small, model, rng.normal(size=(20, 8)).astype("float32"))
    small.get_layer("shared").kernel.assign(np.ones((8, 8)))
    assert not (shared.kernel.data == 1).any()


@pytest.mark.parametrize(
    "last",
    [layers.Softmax, lambda: layers.Activation("log_softmax"), lambda: layers.Dense(3, "softmax")],
)
def test_rows_that_are_computed_together_stay_whole(last, rng):
    model = chain(layers.Dense(5), last())
    model.layers[0].kernel.data[:, 1:3] = 0
    small = compact(model)
    assert small.layers[0].units == (5 if not isinstance(model.layers[-1], layers.Dense) else 3)
    assert_equal(small, model, rng.normal(size=(9, 12)).astype("float32"))


def test_nothing_is_left(rng):
    model = chain(layers.Dense(5, "relu"), layers.Dense(2))
    for w in model.weights:
        w.assign(np.zeros(w.shape) if w.ndim == 2 else rng.normal(size=w.shape))
    small = compact(model)
    assert small.count_params() == 1 + 1 + 2 + 2
    assert_equal(small, model, rng.normal(size=(9, 12)).astype("float32"))


def test_options_of_layers_are_carried_over():
    given = np.arange(36.0).reshape(12, 3) + 1
    given[:, 1] = given[4] = 0
    dense = layers.Dense(
        3,
        "relu",
        kernel_initializer=corereg.initializers.Constant(given),
        kernel_regularizer=regularizers.L1(0.1),
        kernel_constraint=corereg.constraints.MaxNorm(2.0),
        activity_regularizer="l2",
        name="first",
    )
    model = chain(dense, layers.Dense(2))
    dense.bias.trainable = False
    small = compact(model)
    new = small.get_layer("first")
    assert np.array_equal(new.kernel.data, np.delete(given, 4, 0)[:, [0, 2]])
    assert new.kernel_regularizer.l1 == pytest.approx(0.1)
    assert new.kernel.regularizer is not None
    assert new.kernel_constraint.max_value == 2
    assert new.activity_regularizer is not None
    assert not new.bias.trainable
    corereg.models.clone_model(small)  # initial values of the new shape


def test_models_of_ones_own_and_wrong_arguments(rng):
    class Own(corereg.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    own = Own()
    with pytest.raises(ValueError, match="compact: expected a model that is built"):
        compact(own)
    x = rng.normal(size=(9, 5)).astype("float32")
    own(x)
    copied = compact(own)
    assert copied is not own
    assert_equal(copied, own, x)
    with pytest.raises(ValueError, match="which has a call of its own"):
        compact(own, keep_inputs=False)
    with pytest.raises(TypeError, match="compact: expected a Model, received Dense"):
        compact(layers.Dense(2))


def test_select_columns_layer(rng):
    layer = layers.SelectColumns([4, 0, 2])
    x = rng.normal(size=(3, 2, 5)).astype("float32")
    assert np.array_equal(layer(x).data, x[..., [4, 0, 2]])
    assert np.array_equal(layer(x[:, 0]).data, x[:, 0, [4, 0, 2]])
    again = layers.SelectColumns.from_config(layer.get_config())
    assert again.columns == [4, 0, 2]
    assert layer.compute_output_shape((None, 7)) == (None, 3)
    for wrong in ([], [1, 1], [-1], [0.5], [[1]], "a"):
        with pytest.raises(ValueError, match="expected columns as whole numbers"):
            layers.SelectColumns(wrong)
    with pytest.raises(ValueError, match="5 or more"):
        layers.SelectColumns([4])(x[..., :3])
