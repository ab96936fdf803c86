"""Layers that are called, built and made in ways that Keras allows."""

from __future__ import annotations

import io
from typing import ClassVar

import numpy as np
import pytest

import corereg
from corereg import layers


class Sum(layers.Layer):
    """Two inner layers, which are built for two arguments."""

    def __init__(self):
        super().__init__()
        self.first, self.second = layers.Dense(2), layers.Dense(2)

    def call(self, a, b):
        return self.first(a) + self.second(b)


@pytest.mark.parametrize(
    "call",
    [
        lambda layer: layer(np.ones((3, 4)), np.ones((3, 5))),
        lambda layer: layer(np.ones((3, 4)), b=np.ones((3, 5))),
        lambda layer: layer(a=np.ones((3, 4)), b=np.ones((3, 5))),
        lambda layer: layer(corereg.Input((4,)), corereg.Input((5,))),
        lambda layer: layer(b=corereg.Input((5,)), a=corereg.Input((4,))),
    ],
)
def test_inner_layers_are_built_for_all_arguments(call):
    layer = Sum()
    assert call(layer).shape in ((3, 2), (None, 2))
    assert [w.shape for w in layer.weights] == [(4, 2), (2,), (5, 2), (2,)]


def test_a_call_without_its_first_argument(fails):
    fails(lambda: Sum()(b=np.ones((3, 5))), TypeError, "its first argument, a, received none")
    fails(lambda: layers.Dense(2)(), TypeError, "its first argument, x, received none")


class Named(layers.Layer):
    def build(self, b_shape, a_shape):
        self.seen = a_shape, b_shape

    def call(self, a, b):
        return a + b[:, :1]


def test_shapes_find_build_by_their_names():
    for args, named in (
        ((np.ones((4, 1)), np.ones((4, 2))), {}),
        ((), {"b": np.ones((4, 2)), "a": np.ones((4, 1))}),
    ):
        layer = Named()
        layer(*args, **named)
        assert layer.seen == ((None, 1), (None, 2))


class Either(layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, given):
        first, second = given
        found = self.dense(first)
        return found if second is None else found + self.dense(second)


def test_none_in_a_list_of_inputs():
    layer = Either()
    x = np.ones((3, 4), "float32")
    assert layer([corereg.Input((4,)), None]).shape == (None, 2)
    assert np.array_equal(layer([x, None]).numpy(), layer.dense(x).numpy())
    assert np.array_equal(layer([x, x]).numpy(), 2 * layer.dense(x).numpy())


WITHOUT_WEIGHTS = {
    layers.Dropout: (0.5,),
    layers.AlphaDropout: (0.5,),
    layers.SpatialDropout1D: (0.5,),
    layers.GaussianDropout: (0.5,),
    layers.GaussianNoise: (0.5,),
    layers.Activation: ("relu",),
    layers.ReLU: (),
    layers.LeakyReLU: (),
    layers.ELU: (),
    layers.Softmax: (),
    layers.Masking: (),
    layers.Identity: (),
    layers.UnitNormalization: (),
    layers.ActivityRegularization: (),
    layers.GlobalAveragePooling1D: (),
    layers.GlobalMaxPooling1D: (),
}


@pytest.mark.parametrize("kind", WITHOUT_WEIGHTS)
def test_layers_without_weights_are_built_at_once(kind):
    layer = kind(*WITHOUT_WEIGHTS[kind])
    assert layer.built
    assert not layer.weights

    class Own(kind):
        def build(self, input_shape):
            self.scale = self.add_weight((1,), "ones")

    own = Own(*WITHOUT_WEIGHTS[kind])
    assert not own.built
    own.build((None, 2, 3))
    assert own.built
    assert len(own.weights) == 1


def test_a_subclass_may_give_weights_to_a_layer_without_any():
    class Both(layers.Dropout):
        def __init__(self):
            super().__init__(0.5)
            self.dense = layers.Dense(2)

        def call(self, x, training=False):
            return self.dense(super().call(x, training))

    layer = Both()
    assert not layer.built
    assert layer(np.ones((3, 4))).shape == (3, 2)
    assert layer.built
    assert len(layer.weights) == 2
    assert not layers.Activation(layers.PReLU()).built


def test_compute_output_spec():
    class Halves(layers.Layer):
        def call(self, x):
            raise RuntimeError("it is said what comes out")

        def compute_output_shape(self, input_shape):
            return {"a": input_shape, "b": (input_shape[:1], input_shape)}

    found = Halves().compute_output_spec(corereg.KerasTensor((2, 3), "float32"))
    assert found["a"].shape == (2, 3)
    assert [one.shape for one in found["b"]] == [(2,), (2, 3)]
    assert found["a"].dtype == "float32"
    assert not found["a"].sparse
    assert not found["a"].ragged
    dense = layers.Dense(5)
    x = corereg.Input((3,))
    assert dense.compute_output_spec(x).shape == (None, 5)
    own = Sum().compute_output_spec(corereg.Input((4,)), corereg.Input((5,)))
    assert own.shape == (None, 2)


def test_a_layer_that_says_its_output_by_compute_output_spec():
    class Cut(layers.Layer):
        def call(self, x):
            return x[:, :1]

        def compute_output_spec(self, x):
            return corereg.KerasTensor((*x.shape[:-1], 1), x.dtype)

    x = corereg.Input((3,))
    model = corereg.Model(x, Cut()(x))
    assert model.output_shape == (None, 1)
    assert model(np.arange(6.0).reshape(2, 3)).tolist() == [[0.0], [3.0]]


def test_trainable_is_a_bool(fails):
    for bad in ("yes", 1, None):
        fails(lambda bad=bad: layers.Dense(2, trainable=bad), ValueError, "trainable as a bool")


def test_embedding_is_built_without_a_shape():
    layer = layers.Embedding(3, 2)
    layer.build()
    assert layer.built
    assert layer.embeddings.shape == (3, 2)
    table = np.arange(6.0).reshape(3, 2)
    for weights in (table, [table]):
        layer = layers.Embedding(3, 2, weights=weights)
        assert layer.built
        assert np.array_equal(layer.embeddings.numpy(), table)
        layer.build((None, 4))
        assert layer(np.array([[2]])).tolist() == [[[4.0, 5.0]]]


def test_input_layer(fails):
    source = layers.InputLayer((2, 3), 4, "float32", False, False)
    assert source.batch_shape == (4, 2, 3)
    assert source.call() is None
    assert layers.InputLayer(input_shape=(2,), batch_size=4).batch_shape == (4, 2)
    for word in ("sparse", "ragged"):
        fails(lambda word=word: layers.Input((2,), **{word: True}), ValueError, f"{word} inputs")
    fails(
        lambda: layers.InputLayer(batch_size=4, batch_shape=(4, 2)),
        ValueError,
        "batch_size or batch_shape, received both",
    )


def test_single_numbers_as_rows_of_an_own_model():
    class Table(corereg.Model):
        def __init__(self):
            super().__init__()
            self.table, self.top = layers.Embedding(5, 3), layers.Dense(1)

        def call(self, x):
            return self.top(self.table(x))

    x, y = np.arange(20) % 5, np.arange(20.0)[:, None]
    found = []
    for eager in (False, True):
        corereg.set_random_seed(1)
        model = Table()
        model.compile("adam", "mse", run_eagerly=eager)
        found.append(model.fit(x, y, epochs=2, batch_size=8, verbose=0).history["loss"])
        assert model.predict(x, verbose=0).shape == (20, 1)
    assert found[0] == found[1]
    assert corereg.Sequential([layers.Embedding(3, 2)])(np.array([1, 2])).shape == (2, 2)


def test_rms_scaling():
    x = np.random.default_rng(0).normal(3.0, size=(4, 2, 3)).astype("float32")
    for axis in (-1, (1, 2)):
        layer = layers.LayerNormalization(axis, rms_scaling=True)
        spread = np.sqrt(x.var(axis, keepdims=True) + 1e-3)
        assert np.allclose(layer(x).numpy(), x / spread, atol=1e-6)
        assert len(layer.weights) == 1
        again = layers.LayerNormalization.from_config(layer.get_config())
        assert again.rms_scaling
        assert again.get_config() == layer.get_config()
    whole = corereg.saving.serialize_keras_object(layers.LayerNormalization(rms_scaling=True))
    assert corereg.saving.deserialize_keras_object(whole).rms_scaling
    assert "rms_scaling" not in layers.LayerNormalization().get_config()


def test_masks_by_place():
    """`call(inputs, mask)`: the mask comes second, as in Keras."""
    x = np.arange(24.0).reshape(2, 3, 4)
    mask = np.array([[1, 1, 0], [0, 1, 0]])
    wanted = [[2.0, 3.0, 4.0, 5.0], [16.0, 17.0, 18.0, 19.0]]
    assert layers.GlobalAveragePooling1D()(x, mask).tolist() == wanted
    double = layers.Lambda(lambda x, mask=None: x if mask is None else 2 * x)
    assert double(x, mask).numpy().max() == 46.0


# ---- fit ---------------------------------------------------------------------------------------


def steps_model(loss, units, **options):
    model = corereg.Sequential(
        [corereg.Input((5, 3)), layers.Dense(units, kernel_initializer="ones")]
    )
    model.compile(corereg.optimizers.SGD(0.0), loss, weighted_metrics=["mse"], **options)
    return model


X = np.arange(60.0).reshape(4, 5, 3) / 60
Y = np.ones((4, 5, 2))
W = np.arange(20.0).reshape(4, 5)


@pytest.mark.parametrize("eager", [False, True])
def test_a_weight_for_each_step(eager, fails):
    """sum(w * loss) / n, as the reduction of Keras's losses has it; metrics by sum(w)."""
    each = ((X.sum(-1, keepdims=True) - Y) ** 2).mean(-1)
    model = steps_model("mse", 2, run_eagerly=eager)
    history = model.fit(X, Y, sample_weight=W, batch_size=4, verbose=0, epochs=2).history
    assert history["loss"] == pytest.approx([(each * W).mean()] * 2, rel=1e-6)
    assert history["mse"] == pytest.approx([(each * W).sum() / W.sum()] * 2, rel=1e-6)
    for weights in (W, W[..., None]):
        found = model.evaluate(X, Y, sample_weight=weights, verbose=0)
        assert found == pytest.approx([(each * W).mean(), (each * W).sum() / W.sum()], rel=1e-6)
    by_row = model.evaluate(X, Y, sample_weight=W[:, :1], verbose=0)
    assert by_row == model.evaluate(X, Y, sample_weight=W[:, 0], verbose=0)
    for bad in (np.ones((4, 4)), np.ones((3, 5)), np.ones((4, 5, 2))):
        fails(
            lambda bad=bad: model.fit(X, Y, sample_weight=bad, verbose=0),
            ValueError,
            "one a row, or .4, 5., one a step",
        )
    fails(
        lambda: model.fit(X, Y, sample_weight=np.where(W == 3, np.nan, W), verbose=0),
        ValueError,
        "finite sample_weight",
    )


def test_weights_of_steps_of_labels_replayed_as_eager():
    labels = np.arange(20).reshape(4, 5) % 2
    found = []
    for eager in (False, True):
        corereg.set_random_seed(2)
        model = corereg.Sequential([corereg.Input((5, 3)), layers.Dense(2, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=eager)
        history = model.fit(X, labels, sample_weight=W, batch_size=3, epochs=3, verbose=0)
        found.append((history.history["loss"], [w.tobytes() for w in model.get_weights()]))
    assert found[0] == found[1]


class Seen(corereg.metrics.Metric):
    shapes: ClassVar[set] = set()

    def __init__(self, name="seen"):
        super().__init__(name=name)
        self.total = self.add_variable((), "zeros", name="total")

    def update_state(self, y_true, y_pred, sample_weight=None):
        Seen.shapes.add((y_true.ndim, y_pred.ndim))
        self.total.assign_add(corereg.ops.sum(y_true))

    def result(self):
        return self.total


@pytest.mark.parametrize(
    ("y", "ndim"),
    [
        (np.arange(10.0), 1),
        (list(range(10)), 1),
        (np.arange(10.0)[:, None], 2),
        (corereg.Tensor(np.arange(10.0)), 1),
    ],
)
def test_own_metrics_get_targets_as_they_were_given(y, ndim):
    found = []
    for eager in (False, True):
        corereg.set_random_seed(1)
        model = corereg.Sequential([corereg.Input((3,)), layers.Dense(1)])
        model.compile("sgd", "mse", metrics=[Seen(), "mae"], run_eagerly=eager)
        Seen.shapes.clear()
        x = np.random.default_rng(0).normal(size=(10, 3))
        history = model.fit(x, y, batch_size=4, epochs=2, validation_data=(x, y), verbose=0)
        assert Seen.shapes == {(ndim, 2)}
        assert history.history["seen"] == [45.0, 45.0]
        found.append(history.history)
    assert found[0] == found[1]


# ---- models of texts ---------------------------------------------------------------------------


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("mode", ["multi_hot", "int"])
def test_a_stack_that_begins_with_a_model_of_texts(graph, mode):
    length = {"output_sequence_length": 3} if mode == "int" else {}
    number = layers.TextVectorization(vocabulary=["a", "b"], output_mode=mode, **length)
    inner = corereg.Sequential([corereg.Input((1,), dtype="string"), number, layers.Dense(2)])
    if graph:
        text = corereg.Input((1,), dtype="string")
        inner = corereg.Model(text, inner(text))
    model = corereg.Sequential([inner, layers.Dense(1)])
    x = np.array([["a b"], ["c"]])
    one_by_one = model.layers[1](inner(x)).numpy()
    assert np.allclose(model(x).numpy(), one_by_one, atol=1e-6)
    model.compile("sgd", "mse")
    model.fit(x, np.ones((2, 1)), verbose=0)
    found = model.predict(x, verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    again = corereg.saving.load_model(file)
    assert np.array_equal(again.predict(x, verbose=0), found)
