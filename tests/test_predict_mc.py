"""predict_mc: many passes with dropout, their moments, and what they leave as it was."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import corereg
from corereg import _kernels, layers, losses, models, ops
from corereg.layers.sampling import BLOCK
from corereg.training.likelihood import entropy, figure_of_merit


def stack(*inside, last="softmax", units=3, features=6, dtype="float32"):
    found = [corereg.Input((features,), dtype=dtype), layers.Dense(9, "relu", dtype=dtype)]
    return models.Sequential([*found, *inside, layers.Dense(units, last, dtype=dtype)])


def numbers(rows=40, features=6, dtype="float32"):
    return np.random.default_rng(3).standard_normal((rows, features)).astype(dtype)


def branches():
    """A graph whose skip connection goes around the dropout, with a layer used twice."""
    x = corereg.Input((6,))
    first = layers.Dense(8, "tanh")(x)
    drop = layers.Dropout(0.4)
    again = drop(layers.Dense(8, "gelu")(drop(first)))
    y = layers.Concatenate()([again, layers.Dense(4)(first), ops.exp(-first)])
    return models.Model(x, layers.Dense(3, "softmax")(y))


def nested():
    inner = models.Sequential(
        [layers.Dense(7, "relu"), layers.Dropout(0.3), layers.Dense(5), layers.LayerNormalization()]
    )
    x = corereg.Input((6,))
    y = layers.BatchNormalization()(inner(layers.Dense(5)(x)))
    return models.Model(x, layers.Dense(3, "softmax")(y))


class Block(layers.Layer):
    """A layer of the user's own, of which two recordings have to be compared."""

    def __init__(self, **options):
        super().__init__(**options)
        self.dense, self.drop = layers.Dense(7, "relu"), layers.Dropout(0.5)

    def call(self, x, training=False):
        return self.drop(self.dense(x), training=training) + ops.mean(x, -1, keepdims=True)


class Own(models.Model):
    def __init__(self):
        super().__init__()
        self.one, self.drop = layers.Dense(8, "relu"), layers.Dropout(0.5)
        self.last = layers.Dense(3, "softmax")

    def call(self, x, training=None):
        return self.last(self.drop(self.one(x), training=training))


def own():
    model = Own()
    model.build((None, 6))
    return model


MODELS = {
    "dropout": lambda: stack(layers.Dropout(0.5)),
    "behind tanh": lambda: stack(layers.Dense(8, "tanh"), layers.Dropout(0.3)),
    "first": lambda: models.Sequential([corereg.Input((6,)), layers.Dropout(0.2), *stack().layers]),
    "two": lambda: stack(layers.Dropout(0.5), layers.Dense(8, "silu"), layers.Dropout(0.1)),
    "gaussian": lambda: stack(layers.GaussianDropout(0.3)),
    "alpha": lambda: stack(layers.AlphaDropout(0.3)),
    "noise shape": lambda: stack(layers.Dropout(0.3, noise_shape=(None, 1))),
    "batch": lambda: stack(
        layers.BatchNormalization(), layers.Dropout(0.5), layers.GaussianNoise(1)
    ),
    "branches": branches,
    "nested": nested,
    "block": lambda: stack(Block()),
    "own": own,
}


def same(a, b):
    return all(
        (x is None and y is None) or np.array_equal(x, y) for x, y in zip(a[:5], b[:5], strict=True)
    )


@pytest.mark.parametrize("name", MODELS)
def test_moments_are_those_of_the_samples(name):
    corereg.set_random_seed(1)
    model, x = MODELS[name](), numbers()
    model.compile("sgd", "categorical_crossentropy")
    found = model.predict_mc(x, 12, seed=4, return_samples=True)
    samples = found.samples.astype(float)
    assert samples.shape == (12, 40, 3)
    np.testing.assert_allclose(found.mean, samples.mean(0), atol=1e-6)
    np.testing.assert_allclose(found.std, samples.std(0), atol=1e-6)
    assert (found.std > 0).mean() > 0.9
    whole, each = (entropy(p, "categorical") for p in (samples.mean(0), samples))
    np.testing.assert_allclose(found.entropy, whole, atol=1e-5)
    np.testing.assert_allclose(found.mutual_information, whole - each.mean(0), atol=1e-5)
    assert found.better is None
    assert found.scores is None
    assert len({s.tobytes() for s in found.samples}) == 12
    assert same(found[:4], model.predict_mc(x, 12, seed=4)[:4])
    assert not same(found[:4], model.predict_mc(x, 12, seed=5)[:4])


@pytest.mark.parametrize("name", MODELS)
def test_replays_equal_python_on_any_number_of_threads(name):
    results = []
    for eagerly, threads in ((True, 1), (False, 1), (False, 2)):
        corereg.set_random_seed(1)
        model = MODELS[name]()
        model.compile("sgd", "categorical_crossentropy", run_eagerly=eagerly)
        _kernels.set_num_threads(min(threads, corereg.get_num_threads()))
        found = [model.predict_mc(numbers(rows), 6, seed=2) for rows in (BLOCK + 30, 30, 1)]
        _kernels.set_num_threads(0)
        results.append(found)
    for other in results[1:]:
        assert all(same(a, b) for a, b in zip(results[0], other, strict=True))


@pytest.mark.parametrize("name", MODELS)
def test_rows_and_samples_are_the_same_whatever_else_is_computed(name):
    corereg.set_random_seed(1)
    model, x = MODELS[name](), numbers(2 * BLOCK + 9)
    x[BLOCK] = x[0]
    whole = model.predict_mc(x, 6, seed=2, return_samples=True).samples
    for rows in (1, 2, 31, BLOCK, BLOCK + 5):
        part = model.predict_mc(x[:rows], 6, seed=2, return_samples=True).samples
        assert np.array_equal(part, whole[:, :rows])
    few = model.predict_mc(x[:40], 4, seed=2, return_samples=True).samples
    assert np.array_equal(few, whole[:4, :40])
    assert not np.array_equal(whole[:, 0], whole[:, BLOCK])


def test_what_is_not_dropped_equals_predict():
    """Each sample of a linear network is one of the few that masks can give."""
    model = models.Sequential([corereg.Input((2,)), layers.Dropout(0.5), layers.Dense(1)])
    model.layers[-1].set_weights([np.array([[1.0], [10.0]]), np.zeros(1)])
    found = model.predict_mc(np.ones((300, 2)), 64, seed=1, return_samples=True)
    values, counts = np.unique(found.samples, return_counts=True)
    assert values.tolist() == [0, 2, 20, 22]
    assert counts.min() / found.samples.size > 0.23
    np.testing.assert_allclose(found.mean.mean(), 11, atol=0.2)
    assert found.entropy is None
    assert found.mutual_information is None
    assert found.mean.shape == found.std.shape == (300, 1)


def test_each_dropout_has_masks_of_its_own():
    drop = layers.Dropout(0.5)
    x = corereg.Input((50,))
    for y in (layers.Dropout(0.5)(drop(x)), drop(drop(x))):
        samples = (
            models.Model(x, y).predict_mc(np.ones((40, 50)), 9, 1, return_samples=True).samples
        )
        assert abs((samples > 0).mean() - 0.25) < 0.02


def test_masks_that_rows_share():
    model = stack(layers.Dropout(0.5, noise_shape=(1, 9)), last=None)
    x = np.tile(numbers(1), (BLOCK + 3, 1))
    samples = model.predict_mc(x, 5, seed=1, return_samples=True).samples
    np.testing.assert_allclose(samples, np.broadcast_to(samples[:, :1], samples.shape), rtol=1e-5)
    assert samples.std(0).min() > 0


def test_what_comes_before_the_first_dropout_is_computed_once():
    calls = []

    class Counted(layers.Layer):
        def __init__(self, what):
            super().__init__()
            self.what = what

        def call(self, x):
            calls.append(self.what)
            return x * 1.0

    x = corereg.Input((6,))
    before = Counted("before")(x)
    inner = models.Sequential([Counted("inside"), layers.Dropout(0.5), Counted("behind")])
    y = layers.add([inner(before), Counted("beside")(before)])
    model = models.Model(x, y)
    model.compile("sgd", "mse", run_eagerly=True)
    calls.clear()
    model.predict_mc(numbers(BLOCK), 7, seed=1)
    counts = {what: calls.count(what) for what in calls}
    assert counts == {"before": 1, "beside": 1, "inside": 1, "behind": 7}


def test_passes_are_replayed():
    model, python = stack(Block()), []
    original = Block.call
    Block.call = lambda self, x, training=False: python.append(1) or original(self, x, training)
    try:
        model.predict_mc(numbers(BLOCK), 30, seed=1)
        first = len(python)
        model.predict_mc(numbers(BLOCK), 30, seed=2)
    finally:
        Block.call = original
    assert first <= 3
    assert len(python) == first


def test_nothing_of_the_model_is_changed():
    corereg.set_random_seed(2)
    model = stack(layers.Dropout(0.5), layers.BatchNormalization(), layers.GaussianNoise(0.1))
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = numbers(), np.arange(40) % 3
    model.fit(x, y, epochs=1, verbose=0)
    before = model.get_weights(), [layer.random_state for layer in model.layers]
    state = corereg.random.get_state()
    model.predict_mc(x, 5, seed=1, validation_data=(x, y))
    after = model.get_weights(), [layer.random_state for layer in model.layers]
    assert all(np.array_equal(a, b) for a, b in zip(before[0], after[0], strict=True))
    assert all(
        (a is None and b is None) or np.array_equal(a, b)
        for a, b in zip(before[1], after[1], strict=True)
    )
    assert corereg.random.get_state() == state
    a = model.predict_mc(x, 5)
    assert not same(a, model.predict_mc(x, 5))


def test_changes_of_the_model_are_seen():
    model, x = stack(layers.Dropout(0.0), layers.Dense(8, "relu"), layers.Dropout(0.5)), numbers()
    first = model.predict_mc(x, 5, seed=1)
    model.layers[1].rate = 0.9
    wild = model.predict_mc(x, 5, seed=1)
    assert wild.std.mean() > first.std.mean()
    model.layers[0].set_weights([np.zeros((6, 9)), np.zeros(9)])
    model.layers[3].rate = 0.0
    assert not model.predict_mc(x, 5, seed=1).std.any()
    model.layers[1].rate = 0.0
    with pytest.raises(ValueError, match="expected a model with dropout"):
        model.predict_mc(x)


def test_an_inner_call_that_trains_takes_its_masks_from_the_samples():
    class Always(models.Model):
        def __init__(self):
            super().__init__()
            self.block, self.last = Block(), layers.Dense(2)

        def call(self, x):
            return self.last(self.block(x, training=True))

    model, x = Always(), numbers()
    model.build((None, 6))
    model.block.dense.activity_regularizer = corereg.regularizers.L2(0.1)
    before = model.block.drop.random_state
    assert same(model.predict_mc(x, 4, seed=1), model.predict_mc(x, 4, seed=1))
    assert np.array_equal(model.block.drop.random_state, before)
    assert not model.losses  # nothing is left of the calls


# ---- outputs -------------------------------------------------------------------------------------


def test_several_inputs_and_outputs():
    a, b = corereg.Input((6,), name="a"), corereg.Input((2,), name="b")
    y = layers.Dropout(0.5)(layers.concatenate([layers.Dense(8, "relu")(a), b]))
    outputs = {
        "kind": layers.Dense(3, "softmax", name="kind")(y),
        "size": layers.Dense(1, name="size")(y),
        "tags": layers.Dense(4, name="tags")(y),
    }
    model = models.Model([a, b], outputs)
    model.compile(
        "sgd",
        {
            "kind": "sparse_categorical_crossentropy",
            "size": "mse",
            "tags": losses.BinaryCrossentropy(from_logits=True),
        },
    )
    x = {"a": numbers(), "b": numbers(features=2)}
    targets = {
        "kind": np.arange(40) % 3,
        "size": numbers(features=1),
        "tags": (numbers(features=4) > 0).astype(int),
    }
    found = model.predict_mc(x, 8, 1, return_samples=True, validation_data=(x, targets))
    assert found.mean["size"].shape == (40, 1)
    assert found.entropy["size"] is None
    assert 0 < found.mean["tags"].min() <= found.mean["tags"].max() < 1
    for name, kind in (("kind", "categorical"), ("tags", "bernoulli")):
        assert found.entropy[name].shape == (40,)
        p = found.samples[name].astype(float)
        np.testing.assert_allclose(found.mean[name], p.mean(0), atol=1e-6)
        mutual = entropy(p.mean(0), kind) - entropy(p, kind).mean(0)
        np.testing.assert_allclose(found.mutual_information[name], mutual, atol=1e-5)
    expected = sum(
        figure_of_merit(kind, found.mean[name], targets[name], None)
        for name, kind in (("kind", "categorical"), ("size", None), ("tags", "bernoulli"))
    )
    assert found.scores["mean"] == pytest.approx(expected)


def test_figures_by_hand():
    p = np.array([[0.5, 0.5], [0.9, 0.1]])
    by_hand = -(np.log(0.5) + np.log(0.1)) / 2
    assert figure_of_merit("categorical", p, np.array([0, 1]), None) == pytest.approx(by_hand)
    assert figure_of_merit("categorical", p, np.eye(2), None) == pytest.approx(by_hand)
    weighted = -(np.log(0.5) + 3 * np.log(0.1)) / 4
    found = figure_of_merit("categorical", p, np.array([[0], [1]]), np.array([1, 3]))
    assert found == pytest.approx(weighted)
    labels = np.array([[1, 0], [0, 0]])
    by_hand = -(2 * np.log(0.5) + np.log(0.1) + np.log(0.9)) / 4
    assert figure_of_merit("bernoulli", p, labels, None) == pytest.approx(by_hand)
    assert figure_of_merit(None, p, labels, None) == pytest.approx((0.5 + 0.81 + 0.01) / 4)
    assert entropy(p, "categorical")[0] == pytest.approx(np.log(2))
    assert entropy(p, "bernoulli")[0] == pytest.approx(2 * np.log(2))


def open_inside(last):
    """A model inside whose input's shape is not said."""
    inner = models.Sequential([layers.Dropout(0.3), layers.Dense(3, last)])
    return models.Sequential([corereg.Input((6,)), layers.Dense(5), inner])


def two_outputs():
    x = corereg.Input((6,))
    first = layers.Dense(3, "softmax")(layers.Dropout(0.3)(x))
    return models.Model(x, [first, layers.Dense(2)(x)])


def two_outputs_inside():
    x = corereg.Input((6,))
    return models.Model(x, two_outputs()(x))


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (lambda: models.Ensemble([stack(layers.Dropout(0.3)), open_inside("softmax")]), [True]),
        (lambda: models.Ensemble([stack(layers.Dropout(0.3)), open_inside(None)]), [False]),
        (
            lambda: models.Ensemble(
                [stack(layers.Dropout(0.3), last=None), open_inside(None)], average="probabilities"
            ),
            [True],
        ),
        (lambda: models.Ensemble([two_outputs(), two_outputs_inside()]), [True, False]),
        (two_outputs_inside, [True, False]),
    ],
)
def test_probabilities_of_ensembles_and_of_models_inside(model, found):
    mutual = model().predict_mc(numbers(), 4, seed=1).mutual_information
    mutual = mutual if isinstance(mutual, list) else [mutual]
    assert [one is not None for one in mutual] == found


@pytest.mark.parametrize("last", ["sigmoid", None])
def test_better_is_what_validation_rows_say(last):
    corereg.set_random_seed(4)
    model = stack(layers.Dropout(0.5), last=last, units=1)
    if last is None:
        model.compile("sgd", losses.BinaryCrossentropy(from_logits=True))
    x, y = numbers(60), np.arange(60) % 2
    found = model.predict_mc(x[:9], 30, seed=1, validation_data=(x, y))
    plain = model.predict(x, verbose=0).astype(float)
    plain = plain if last else 1 / (1 + np.exp(-plain))
    mean = model.predict_mc(x, 30, seed=1).mean
    expected = {
        name: figure_of_merit("bernoulli", p, y, None)
        for name, p in (("mean", mean), ("plain", plain))
    }
    assert found.scores == pytest.approx(expected)
    assert found.better == min(expected, key=expected.get)
    worse = model.predict_mc(x[:9], 30, seed=1, validation_data=(x, y, np.arange(60)))
    assert worse.scores != found.scores


def test_outputs_of_higher_rank():
    model = models.Sequential(
        [corereg.Input((4, 6)), layers.Dropout(0.5), layers.Dense(3, "softmax")]
    )
    x = np.random.default_rng(0).standard_normal((10, 4, 6))
    found = model.predict_mc(x, 6, seed=3, return_samples=True)
    assert found.mean.shape == found.std.shape == (10, 4, 3)
    assert found.entropy.shape == found.mutual_information.shape == (10, 4)
    np.testing.assert_allclose(found.mean, found.samples.mean(0), atol=1e-6)


def test_a_number_for_each_row():
    corereg.set_random_seed(3)
    inner = [layers.Dropout(0.5, seed=1), layers.Dense(1)]
    model = corereg.Sequential([corereg.Input((3,)), *inner])
    flat = corereg.Sequential([*model.layers, layers.Lambda(lambda t: t[:, 0])])
    x = np.ones((4, 3), "float32")
    one, other = (net.predict_mc(x, 5, seed=2) for net in (model, flat))
    assert other.mean.shape == (4,)
    assert np.array_equal(other.mean, one.mean[:, 0])
    assert np.array_equal(other.std, one.std[:, 0])


def test_what_has_no_rows(fails):
    """Samples are not put one behind the other where something is kept that has no rows."""
    x = corereg.Input((6,))
    h = layers.Dense(8, "relu")(x)
    drop = layers.Dropout(0.5)(h)
    model = models.Model(x, layers.Dense(2)(drop * ops.exp(-ops.mean(h))))
    found = model.predict_mc(numbers(), 6, seed=1, return_samples=True)
    np.testing.assert_allclose(found.mean, found.samples.mean(0), atol=1e-6)
    model = models.Model(x, ops.sum(drop, axis=0))
    message = "predict_mc: expected outputs with a row for each row of x"
    fails(lambda: model.predict_mc(numbers(), 6), ValueError, message)


def test_not_a_number_stays_in_its_row():
    model, x = stack(layers.Dropout(0.5)), numbers()
    x[3] = np.nan
    found = model.predict_mc(x, 6)
    for array in found[:4]:
        assert np.flatnonzero(np.isnan(array.reshape(40, -1)).any(axis=1)).tolist() == [3]


def test_a_training_is_the_same_with_samples_between_its_steps():
    class Sample(corereg.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.predict_mc(numbers(2), 4)

    weights = []
    for callbacks in ([], [Sample()]):
        corereg.set_random_seed(1)
        model = stack(layers.Dropout(0.5))
        model.compile("sgd", "sparse_categorical_crossentropy")
        y = np.arange(40) % 3
        model.fit(numbers(), y, epochs=2, batch_size=16, verbose=0, callbacks=callbacks)
        weights.append(model.get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


def test_float64(dtype):
    model = stack(layers.Dropout(0.5, dtype=dtype), dtype=dtype)
    found = model.predict_mc(numbers(dtype=dtype), 4)
    assert {a.dtype for a in found[:4]} == {np.dtype(dtype)}


# ---- threads and errors --------------------------------------------------------------------------


def test_other_threads_may_predict_and_train_meanwhile():
    corereg.set_random_seed(5)
    model, x = stack(layers.Dropout(0.5)), numbers(BLOCK + 40)
    model.compile("sgd", "sparse_categorical_crossentropy")
    expected = model.predict_mc(x, 20, seed=3)
    found, errors = [], []

    def sample():
        try:
            found.append(model.predict_mc(x, 20, seed=3))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=sample) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert all(same(one, expected) for one in found)
    threads = [threading.Thread(target=sample) for _ in range(2)]
    for thread in threads:
        thread.start()
    model.fit(x, np.arange(len(x)) % 3, epochs=20, batch_size=8, verbose=0)
    for thread in threads:
        thread.join()
    assert not errors
    assert len(found) == 5


def test_bad_arguments_raise(fails):
    model, x = stack(layers.Dropout(0.5)), numbers()
    model.compile("sgd", "sparse_categorical_crossentropy")
    y = np.arange(40) % 3

    def call(*arguments, **options):
        return lambda: model.predict_mc(*arguments, **options)

    for count in (0, 1.5, True):
        fails(call(x, count), ValueError, "predict_mc: expected num_samples as an integer >= 1")
    fails(call(x, 2, 1.5), ValueError, "seed as an integer or None")
    fails(call(x[:, :2]), ValueError, "predict_mc: expected X of shape")
    fails(call(x[:0]), ValueError, "expected")
    bad = "predict_mc: validation_data: expected "
    for given in (x, (x,), (x, x, x, x), "xy"):
        fails(call(x, validation_data=given), ValueError, r"validation_data as \(x, y\)")
    fails(call(x, validation_data=(x, y[:9])), ValueError, f"{bad}y as numbers of shape")
    fails(call(x, validation_data=(x, y + 1)), ValueError, bad + r"classes in \[0, 3\), received 1")
    fails(call(x, validation_data=(x, y * np.nan)), ValueError, f"{bad}finite y")
    for other, what in (
        (stack(), "has none"),
        (stack(layers.GaussianNoise(0.5)), "has GaussianNoise"),
        (stack(layers.Dropout(0)), "has Dropout"),
    ):
        message = f"expected a model with dropout .* {what}.*use predict"
        fails(lambda m=other: m.predict_mc(x), ValueError, message)
    labels = stack(layers.Dropout(0.5), last="sigmoid", units=1)
    call = labels.predict_mc
    fails(lambda: call(x, validation_data=(x, y + 1)), ValueError, r"labels in \[0, 1\]")
