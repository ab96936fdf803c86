"""Ensemble: the mean of models, as one model."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from small import bits

import corereg
from corereg import layers, models, ops
from corereg.models import Ensemble, Model, Sequential, clone_model, load_model

ROWS = 33
CLASSES = np.arange(ROWS) % 3


def rows(features=4):
    return np.random.default_rng(2).standard_normal((ROWS, features)).astype("float32")


def net(seed, name=None, activation="softmax", units=3, dtype="float32"):
    corereg.set_random_seed(seed)
    stack = [
        layers.Input((4,), dtype=dtype),
        layers.Dense(5, "tanh", dtype=dtype),
        layers.BatchNormalization(dtype=dtype),
        layers.Dropout(0.5, dtype=dtype),
        layers.Dense(units, activation, dtype=dtype),
    ]
    return Sequential(stack, name=name)


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class Own(Model):
    """A model with a `call`."""

    def __init__(self, units=3, **options):
        super().__init__(**options)
        self.units = units
        self.inner = layers.Dense(units, "softmax")

    def call(self, x):
        return self.inner(x)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def close(a, b):
    assert a.shape == b.shape
    assert np.allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("weights", [None, [1, 2, 5]])
def test_it_gives_the_mean_of_its_models(weights):
    x, members = rows(), [net(seed) for seed in range(3)]
    ensemble = Ensemble(members, weights)
    each = np.stack([one.predict(x, verbose=0) for one in members])
    close(ensemble.predict(x, verbose=0), np.average(each, axis=0, weights=weights))
    assert ensemble.predict_members(x).tobytes() == each.tobytes()
    assert ensemble.execution_report()["predict"].mode == "replayed"
    assert ensemble.layers == ensemble.models == members
    assert repr(ensemble) == f"<Ensemble {ensemble.name!r}, 3 models>"
    assert ensemble.count_params() == sum(one.count_params() for one in members)


def test_weights_of_one_model_alone_give_that_model():
    x, members = rows(), [net(seed) for seed in range(2)]
    close(Ensemble(members, [0, 3]).predict(x, verbose=0), members[1].predict(x, verbose=0))


@pytest.mark.parametrize("units", [3, 1])
def test_probabilities_of_logits(units):
    x, members = rows(), [net(seed, activation=None, units=units) for seed in range(3)]
    logits = np.stack([one.predict(x, verbose=0) for one in members])
    wanted = softmax(logits) if units > 1 else 1 / (1 + np.exp(-logits))
    ensemble = Ensemble(members, average="probabilities")
    close(ensemble.predict(x, verbose=0), wanted.mean(axis=0))
    close(ensemble.predict_members(x), wanted)
    close(Ensemble(members).predict(x, verbose=0), logits.mean(axis=0))


@pytest.mark.parametrize("threads", [1, 2])
def test_replayed_is_eager_for_any_number_of_threads(threads):
    x = np.tile(rows(), (40, 1))
    ensemble = Ensemble([net(seed) for seed in range(3)])
    eager = ensemble(x).numpy()
    before = corereg.get_num_threads()
    corereg.set_num_threads(threads)
    try:
        for _ in range(3):
            assert ensemble.predict(x, verbose=0).tobytes() == eager.tobytes()
    finally:
        corereg.set_num_threads(before)


def two_in_two_out(seed, keys=None, name=None):
    corereg.set_random_seed(seed)
    a, b = layers.Input((4,), name="numbers"), layers.Input((2,), name="words", dtype="int32")
    node = layers.Concatenate()([a, layers.Flatten()(layers.Embedding(6, 2)(b))])
    label = layers.Dense(3, "softmax", name="label")(node)
    value = layers.Dense(1, name="value")(node)
    ends = [label, value] if keys is None else dict(zip(keys, (label, value), strict=True))
    return Model([a, b], ends, name=name)


@pytest.mark.parametrize("keys", [None, ("p", "q")])
def test_several_inputs_and_outputs(keys, tmp_path, fails):
    members = [two_in_two_out(seed, keys) for seed in range(2)]
    ensemble = Ensemble(members)
    x = {"numbers": rows(), "words": np.arange(2 * ROWS).reshape(ROWS, 2) % 6}
    found, each = ensemble.predict(x, verbose=0), [one.predict(x, verbose=0) for one in members]
    said = ensemble.predict_members(x)
    for key in keys or (0, 1):
        stack = np.stack([one[key] for one in each])
        close(found[key], stack.mean(axis=0))
        assert said[key].tobytes() == stack.tobytes()
    assert ensemble.input_names == ["numbers", "words"]
    assert ensemble.output_names == ["label", "value"]
    losses = {"label": "sparse_categorical_crossentropy", "value": "mse"}
    if keys is None:
        ensemble.compile("adam", losses)
        targets = {"label": CLASSES, "value": rows(1)}
        assert np.isfinite(ensemble.evaluate(x, targets, verbose=0)).all()
        again = load_model(saved(ensemble, tmp_path))
        for one, other in zip(again.predict(x, verbose=0), found, strict=True):
            assert one.tobytes() == other.tobytes()
    beyond = {**x, "words": x["words"] + 1}
    fails(lambda: ensemble.predict(beyond, verbose=0), ValueError, "6")


def saved(model, folder):
    path = folder / "model.corereg"
    model.save(path)
    return path


def test_evaluate_and_fit(tmp_path):
    x, members = rows(), [net(seed) for seed in range(2)]
    ensemble = Ensemble(members)
    labels = (x[:, 0] > 0).astype(int)
    adam = corereg.optimizers.Adam(0.02)
    ensemble.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    p = ensemble.predict(x, verbose=0)
    loss, accuracy = ensemble.evaluate(x, labels, verbose=0)
    assert loss == pytest.approx(-np.log(p[np.arange(ROWS), labels]).mean(), rel=1e-5)
    assert accuracy == pytest.approx((p.argmax(axis=1) == labels).mean())
    before = bits(members[1])
    history = ensemble.fit(x, labels, epochs=20, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert ensemble.execution_report()["fit"].mode == "replayed"
    assert bits(members[1]) != before  # the models are its own, not copied
    again = load_model(saved(ensemble, tmp_path))
    kwargs = {"epochs": 22, "initial_epoch": 20, "verbose": 0}
    histories = [one.fit(x, labels, **kwargs).history for one in (ensemble, again)]
    assert histories[0] == histories[1]
    assert bits(ensemble) == bits(again)


@pytest.mark.parametrize("average", ["outputs", "probabilities"])
def test_one_file_has_it_all(average, tmp_path):
    x = rows()
    members = [net(0, "net"), net(1, "net"), two_level(2)]
    ensemble = Ensemble(members, [1, 2, 1], average, name="three")
    again = load_model(saved(ensemble, tmp_path))
    assert type(again) is Ensemble
    assert again.name == "three"
    assert [one.name for one in again.models] == ["net", "net", "inner"]
    assert again.get_config() == ensemble.get_config()
    found = ensemble.predict(x, verbose=0).tobytes()
    assert again.predict(x, verbose=0).tobytes() == found
    again.load_weights(saved(ensemble, tmp_path))
    fresh = Ensemble.from_config(ensemble.get_config())
    assert [w.shape for w in fresh.weights] == [w.shape for w in ensemble.weights]
    fresh.set_weights(ensemble.get_weights())
    for other in (fresh, copy.deepcopy(ensemble), pickle.loads(pickle.dumps(ensemble))):
        assert type(other) is Ensemble
        assert other.predict(x, verbose=0).tobytes() == found
    clone = clone_model(ensemble)
    assert type(clone) is Ensemble
    assert clone.models[0] is not members[0]
    text = models.model_from_json(ensemble.to_json())
    assert text.get_config() == ensemble.get_config()


def two_level(seed):
    corereg.set_random_seed(seed)
    source = layers.Input((4,))
    return Model(source, net(seed, "within")(layers.Dense(4)(source)), name="inner")


def test_it_stands_in_a_larger_model(tmp_path):
    x, ensemble = rows(), Ensemble([net(0), net(1)])
    source = layers.Input((4,))
    whole = Model(source, layers.Dense(1)(ensemble(ops.exp(source))))
    again = load_model(saved(whole, tmp_path))
    assert again.predict(x, verbose=0).tobytes() == whole.predict(x, verbose=0).tobytes()
    assert isinstance(again.layers[-2], Ensemble)
    outer = Ensemble([ensemble, net(2)], [2, 1])
    each = [ensemble.predict(x, verbose=0), net(2).predict(x, verbose=0)]
    close(outer.predict(x, verbose=0), np.average(each, axis=0, weights=[2, 1]))
    cut = Model(ensemble.inputs, ensemble.outputs)
    again = load_model(saved(cut, tmp_path))
    assert again.predict(x, verbose=0).tobytes() == ensemble.predict(x, verbose=0).tobytes()


def test_subclasses_with_a_call(tmp_path):
    x, members = rows(), [Own(), Own()]
    ensemble = Ensemble(members, inputs=layers.Input((4,)))
    each = [one.predict(x, verbose=0) for one in members]
    close(ensemble.predict(x, verbose=0), np.mean(each, axis=0))
    assert np.array_equal(ensemble.predict_members(x), each)
    again = load_model(saved(ensemble, tmp_path), custom_objects={"Own": Own})
    assert again.predict(x, verbose=0).tobytes() == ensemble.predict(x, verbose=0).tobytes()
    mixed = Ensemble([net(0), members[0]])
    assert mixed.input_shape == (None, 4)
    built = Ensemble(members)  # by now they have seen data
    close(built.predict(x, verbose=0), ensemble.predict(x, verbose=0))


def test_float64():
    x = rows()
    ensemble = Ensemble([net(seed, dtype="float64") for seed in range(2)])
    found = ensemble.predict(x, verbose=0)
    assert found.dtype == np.float64
    each = [one.predict(x, verbose=0) for one in ensemble.models]
    assert np.allclose(found, np.mean(each, axis=0), rtol=1e-14)


def test_what_cannot_be(fails, tmp_path):
    pytest.importorskip("h5py")
    one, other = net(0), net(1)
    whole = Ensemble([net(2, "p"), net(3, "q")])
    for call, kind, message in (
        (lambda: Ensemble([]), ValueError, "expected at least one model, received none"),
        (lambda: Ensemble(one), TypeError, "expected a list of models, received Sequential"),
        (lambda: Ensemble([one, layers.Dense(2)]), TypeError, "expected models, received"),
        (lambda: Ensemble([one, one]), ValueError, "expected each model once"),
        (lambda: Ensemble([one, other], [1]), ValueError, "weights as 2 numbers >= 0"),
        (lambda: Ensemble([one, other], [1, -1]), ValueError, "weights as 2 numbers >= 0"),
        (lambda: Ensemble([one, other], [0, 0]), ValueError, "not all of them 0"),
        (lambda: Ensemble([one, other], ["a", 1]), TypeError, "weights as a list of numbers"),
        (lambda: Ensemble([one, other], average="mean"), ValueError, "'outputs', 'probabilities'"),
        (
            lambda: Ensemble([one, net(2, units=2)]),
            ValueError,
            f"expected outputs as those of {one.name!r}, of shapes .*3.*, received .* shapes .*2",
        ),
        (lambda: Ensemble([one, net(2, dtype="float64")]), ValueError, "models of one dtype"),
        (lambda: Ensemble([Own()]), ValueError, "received models that are not built"),
        (lambda: Ensemble([one, two_in_two_out(1)]), ValueError, "models that take inputs of"),
        (
            lambda: Ensemble([one, other]).save(tmp_path / "a.keras"),
            ValueError,
            "Keras does not have the model Ensemble; save to a .corereg file",
        ),
        (
            lambda: Model(whole.inputs, whole.outputs).save(tmp_path / "a.keras"),
            ValueError,
            "Keras does not have the layer EnsembleAverage 'average'; save to a .corereg file",
        ),
    ):
        fails(call, kind, message)
