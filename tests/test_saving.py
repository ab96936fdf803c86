"""Models to files and back: structure, weights, training state, and files not to be trusted.

What the archive below does with damaged files is in test_archive_damaged.py.
"""

from __future__ import annotations

import io
import os

import numpy as np
import pytest

from corereg import initializers, losses, metrics, optimizers, regularizers
from corereg.layers import Activation, Dense, Dropout, Flatten, Input, Layer
from corereg.models import Sequential, load_model, save_model
from corereg.saving import FileFormatError, Limits, archive


class Scale(Layer):
    """A layer of one's own."""

    def build(self, input_shape):
        self.factor = self.add_weight((input_shape[-1],), "ones", regularizer="l2", name="factor")

    def call(self, x):
        return x * self.factor


class Cubic(regularizers.Regularizer):
    """A penalty of one's own."""

    def __init__(self, strength=0.01):
        self.strength = strength

    def __call__(self, w):
        return (w.abs() ** 3).sum() * self.strength

    def get_config(self):
        return {"strength": self.strength}


class Eighths(initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return np.full(shape, 0.125, dtype)


class Quartic(losses.Loss):
    def call(self, y_true, y_pred):
        return (y_true - y_pred) ** 4


class Worst(metrics.Metric):
    def rows(self, y_true, y_pred):
        return np.abs(y_true - y_pred).max(axis=1)


OWN = {c.__name__: c for c in (Scale, Cubic, Eighths, Quartic, Worst)}


def data():
    rng = np.random.default_rng(8)
    return rng.standard_normal((40, 3, 2)), rng.integers(0, 4, 40)


def every_layer(optimizer="adam"):
    model = Sequential(
        [
            Input((3, 2)),
            Flatten(),
            Dense(8, kernel_regularizer="l1", bias_regularizer=regularizers.L1L2(0.1, 0.2)),
            Activation("tanh"),
            Dropout(0.4),
            Dense(7, "relu", use_bias=False, kernel_initializer="he_normal"),
            Dropout(0.2, noise_shape=(None, 1), seed=5),
            Dense(6, "sigmoid", trainable=False, activity_regularizer="l2"),
            Dense(4, "softmax", kernel_regularizer=regularizers.OrthogonalRegularizer(0.02)),
        ],
        name="every",
    )
    model.compile(
        optimizer,
        losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy", metrics.SparseCategoricalAccuracy(name="own")],
        weighted_metrics=["acc"],
    )
    return model


def own_parts():
    model = Sequential(
        [
            Scale(name="scale"),
            Dense(2, kernel_regularizer=Cubic(0.5), kernel_initializer=Eighths()),
        ]
    )
    model.compile("sgd", Quartic(), metrics=[Worst()])
    return model


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.corereg"


OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1),
    "nesterov": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipnorm=1.0),
    "rmsprop": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "adam": lambda: optimizers.Adam(0.01, amsgrad=True, weight_decay=0.1),
    "adamw": lambda: optimizers.AdamW(0.01, global_clipnorm=1.0),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_goes_on_bit_for_bit(name, path):
    x, y = data()
    model = every_layer(OPTIMIZERS[name]())
    model.fit(x, y, epochs=2, verbose=0)
    model.optimizer.learning_rate = 0.007
    model.save(path)
    loaded = load_model(path)
    assert loaded.optimizer.iterations == model.optimizer.iterations == 4
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    assert loaded.get_config() == model.get_config()
    assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert loaded.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    runs = [m.fit(x, y, epochs=2, shuffle=False, verbose=0).history for m in (model, loaded)]
    assert runs[0] == runs[1]
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_float64_models(path):
    model = Sequential([Dense(3, dtype="float64", input_dim=2)])
    save_model(model, path)
    loaded = load_model(path)
    assert loaded.dtype == "float64"
    assert [w.tobytes() for w in loaded.get_weights()] == [w.tobytes() for w in model.get_weights()]


def test_models_not_compiled_or_not_built(path):
    x, y = data()
    model = Sequential([Flatten(), Dropout(0.5, seed=1), Dense(4, "softmax")])
    model.save(path)
    loaded = load_model(path)
    assert not loaded.built
    assert loaded.optimizer is None
    loaded.compile("sgd", "sparse_categorical_crossentropy")
    loaded.save(path)
    again = load_model(path)
    assert again.optimizer.iterations == 0
    again.fit(x, y, verbose=0)
    assert len(again.get_weights()) == 2
    Sequential(name="empty").save(path)
    assert load_model(path).name == "empty"


def test_load_without_compile(path):
    model = every_layer()
    x, y = data()
    model.fit(x, y, verbose=0)
    model.save(path)
    loaded = load_model(path, compile=False)
    assert loaded.optimizer is loaded.loss is None
    assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def test_parts_of_ones_own(path):
    x = np.random.default_rng(1).standard_normal((20, 3))
    model = own_parts()
    model.fit(x, x[:, :2], verbose=0)
    model.save(path)
    loaded = load_model(path, custom_objects=OWN)
    assert type(loaded.layers[1].kernel_regularizer) is Cubic
    assert loaded.layers[1].kernel_regularizer.strength == 0.5
    runs = [m.fit(x, x[:, :2], shuffle=False, verbose=0).history for m in (model, loaded)]
    assert runs[0] == runs[1]
    assert set(runs[0]) == {"loss", "penalty", "worst"}


@pytest.mark.parametrize("missing", ["Scale", "Cubic", "Eighths", "Quartic", "Worst"])
def test_parts_of_ones_own_must_be_given(missing, path):
    model = own_parts()
    model.build((None, 3))
    model.save(path)
    given = {name: c for name, c in OWN.items() if name != missing}
    with pytest.raises(FileFormatError, match=f"unknown .* '{missing}'; known are"):
        load_model(path, custom_objects=given)
    with pytest.raises(FileFormatError, match=r"unknown layer 'Scale'.*custom_objects"):
        load_model(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.add(Dense(2, activation=lambda x: x)), "custom activation function"),
        (lambda m: m.add(Activation(lambda x: x)), "custom activation function"),
        (
            lambda m: m.add(Dense(2, kernel_regularizer=lambda w: w.sum())),
            "cannot save the regular",
        ),
        (
            lambda m: m.add(Dense(2, kernel_initializer=lambda s, d: 0)),
            "cannot save the initializer",
        ),
        (lambda m: m.compile("sgd", lambda y, p: p), "cannot save the loss function"),
        (
            lambda m: m.compile("sgd", "mse", metrics=[lambda y, p: p]),
            "cannot save the metric function",
        ),
    ],
)
def test_what_cannot_be_saved_raises_and_leaves_the_old_file(change, message, path, fails):
    model = Sequential([Dense(3)])
    model.save(path)
    before = path.read_bytes()
    change(model)
    fails(lambda: model.save(path), TypeError, message)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_models_in_file_objects():
    x, y = data()
    model = every_layer()
    model.fit(x, y, verbose=0)
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    loaded = load_model(file)
    assert loaded.optimizer.iterations == 2
    assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    file = io.BytesIO()
    model.save_weights(file)
    file.seek(0)
    twin = every_layer()
    twin.load_weights(file)
    assert np.array_equal(twin.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("suffix", ["h5", "pt", "x.onnx"])
def test_files_of_other_formats_are_not_written(tmp_path, suffix, fails):
    model = Sequential([Dense(3, input_dim=2)])
    for save in (model.save, model.save_weights):
        message = rf"model\.{suffix}.* (says that the format is|is the name of a model in Keras's)"
        fails(lambda save=save: save(tmp_path / f"model.{suffix}"), ValueError, message)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones((3, 3), "f4"), r"float32 of shape \(2, 3\), but its data are .* \(3, 3\)"),
        (np.ones((3, 2), "f4"), r"float32 of shape \(2, 3\), but its data are .* \(3, 2\)"),
        (np.ones((2, 3), "f8"), r"float32 of shape \(2, 3\), but its data are float64"),
    ],
)
def test_weights_that_no_model_could_load_are_not_saved(path, array, message, fails):
    model = Sequential([Dense(3, input_dim=2)])
    model.save(path)
    before = path.read_bytes()
    model.weights[0].data = array
    fails(lambda: model.save(path), ValueError, f"save: expected 'dense.*/kernel' .*{message}")
    fails(lambda: model.save_weights(path), ValueError, f"save_weights: expected .*{message}")
    assert path.read_bytes() == before


def test_weights_of_one_name_are_not_saved(path, fails):
    class Twins(Layer):
        def build(self, input_shape):
            self.one = self.add_weight((2,), name="w")
            self.two = self.add_weight((2,), name="w")

        def call(self, x):
            return x

    model = Sequential([Twins(input_dim=2)])
    fails(lambda: model.save(path), ValueError, "weights of a layer to have different names")


def test_more_layers_than_the_limit(path, monkeypatch, fails):
    model = Sequential([Dense(3, input_dim=2), Dense(3)])
    model.save(path)
    message = r"2 layers, more than the limit of 1; allow more with limits=Limits\(layers=...\)"
    fails(lambda: load_model(path, limits=Limits(layers=1)), FileFormatError, message)
    assert len(load_model(path, limits=Limits(layers=2)).layers) == 2
    monkeypatch.setattr(archive, "default_limits", Limits(layers=1))
    fails(lambda: load_model(path), FileFormatError, f"load_model: .*{message}")
    fails(lambda: model.save(path), ValueError, f"save: {message}")


def test_only_weights_are_required(path, monkeypatch):
    """A reader of the future may leave out the rest; one of today refuses what it must know."""
    x, y = data()
    model = every_layer()
    model.fit(x, y, verbose=0)
    model.save(path)
    config, sections = archive.read(path, known=["weights"])
    archive.write(path, config, sections | {"notes": {"a": ["b"]}}, required=["weights"])
    assert np.array_equal(load_model(path).predict(x, verbose=0), model.predict(x, verbose=0))
    archive.write(path, config, sections | {"sketches": {}}, required=["weights", "sketches"])
    for load in (load_model, model.load_weights):
        with pytest.raises(FileFormatError, match=r"without the sections \['sketches'\]"):
            load(path)


# ---- weights alone -------------------------------------------------------------------------------


def test_weights_alone(path):
    x, _ = data()
    model, twin = every_layer(), every_layer()
    model.save_weights(path)
    twin.load_weights(path)
    assert np.array_equal(model.predict(x, verbose=0), twin.predict(x, verbose=0))
    model.save(path)
    other = every_layer()
    other.load_weights(path)
    assert np.array_equal(model.predict(x, verbose=0), other.predict(x, verbose=0))


def test_a_class_that_makes_no_layer(path, fails):
    class Other(Scale):
        @classmethod
        def from_config(cls, config):
            return config

    Sequential([Scale(input_shape=(2,))]).save(path)
    assert type(load_model(path, {"Scale": Scale}).layers[0]) is Scale
    message = "layer 'Scale': expected a Layer, received dict"
    fails(lambda: load_model(path, {"Scale": Other}), FileFormatError, message)


def test_weights_that_do_not_fit_change_nothing(path, fails):
    model = Sequential([Dense(3, input_dim=2), Dense(4)])
    arrays = [p.data for p in model.weights]
    for other, message in [
        (Sequential([Dense(3, input_dim=2)]), "it lacks .*1/kernel"),
        (
            Sequential([Dense(3, input_dim=2), Dense(4), Dense(1)]),
            "has .*2/kernel.* besides",
        ),
        (Sequential([Dense(3, input_dim=2), Dense(5)]), "expected weights of shapes"),
    ]:
        other.save_weights(path)
        fails(lambda: model.load_weights(path), FileFormatError, message, *arrays)
    Sequential([Dense(3, input_dim=2), Dense(4)]).save_weights(path)
    fails(lambda: load_model(path), FileFormatError, "holds weights without a model; build the mod")
    path.write_bytes(path.read_bytes()[:-100])
    fails(lambda: model.load_weights(path), FileFormatError, "truncated or damaged", *arrays)
    unbuilt = Sequential([Dense(3)])
    for call in (unbuilt.load_weights, unbuilt.save_weights):
        fails(lambda call=call: call(path), ValueError, "the model is not built")
