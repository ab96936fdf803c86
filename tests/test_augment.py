"""fit(augment=[...]): batches that are changed, labels too, as a part of the recorded step."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest

import corereg
from corereg import layers, losses, random
from corereg.callbacks import BackupAndRestore, Callback
from corereg.layers import CutMix, Dropout, GaussianNoise, MixUp
from corereg.saving import FileFormatError, archive, load_model
from corereg.training.augmentation import Augmentation

RNG = np.random.default_rng(0)
X = RNG.standard_normal((45, 16)).astype("float32")
CLASSES = RNG.integers(0, 3, 45)
ONE_HOT = np.eye(3, dtype="float32")[CLASSES]
BINARY = (CLASSES > 0).astype("float32")[:, None]
NUMBERS = (X[:, :2] @ np.array([[1.0, 2.0], [0.5, -1.0]])).astype("float32")
WEIGHTS = RNG.random(45).astype("float32")
TASKS = {
    "one-hot": (ONE_HOT, "softmax", "categorical_crossentropy", ["accuracy"]),
    "integers": (CLASSES, "softmax", "sparse_categorical_crossentropy", ["accuracy"]),
    "binary": (BINARY, "sigmoid", "binary_crossentropy", ["accuracy"]),
    "hinge": (2 * BINARY - 1, "tanh", "hinge", ["mae"]),
    "numbers": (NUMBERS, None, "mse", ["mae"]),
}


def network(task="one-hot", rate=0.1, **options):
    y, activation, loss, metrics = TASKS[task]
    corereg.set_random_seed(5)
    units = 3 if y.ndim == 1 else y.shape[1]
    model = corereg.Sequential(
        [
            corereg.Input((16,)),
            layers.Dense(6, "relu"),
            Dropout(0.2),
            layers.Dense(units, activation),
        ]
    )
    model.compile(
        corereg.optimizers.SGD(rate), loss, metrics=metrics, weighted_metrics=metrics, **options
    )
    return model


def noisy(x, y, w):
    """A function of a user's."""
    return x * 1.5 - 0.25, y, w


def chain():
    return [
        noisy,
        GaussianNoise(0.1, seed=3),
        MixUp(0.4, seed=1),
        CutMix(seed=2, image_shape=(4, 4)),
    ]


class Looks(Callback):
    """Observes batches, so that Python runs after each."""

    def on_train_batch_end(self, batch, logs=None):
        pass


def bits(model):
    return b"".join(w.tobytes() for w in model.get_weights())


# ---- the same bits -------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_replayed_equals_eager_on_one_thread_and_two(task, weighted):
    results, threads = set(), corereg.get_num_threads()
    options = {"batch_size": 10, "epochs": 4, "verbose": 0}
    if weighted:
        options["sample_weight"] = WEIGHTS
    try:
        for eager, count, callbacks in ((False, 1, []), (False, 2, [Looks()]), (True, 1, [])):
            corereg.set_num_threads(count)
            model = network(task, run_eagerly=eager)
            history = model.fit(
                X, TASKS[task][0], augment=chain(), callbacks=callbacks, **options
            ).history
            results.add((bits(model), str(history)))
            mode = model.execution_report()["fit"].mode
            assert mode == ("eager" if eager else "replayed")
    finally:
        corereg.set_num_threads(threads)
    assert len(results) == 1
    assert bits(network(task)) != bits(model)


def test_float64(tmp_path):
    found = []
    for eager in (False, True):
        corereg.set_random_seed(1)
        model = corereg.Sequential([corereg.Input((16,)), layers.Dense(3, dtype="float64")])
        model.compile("adam", losses.SparseCategoricalCrossentropy(True), run_eagerly=eager)
        augment = [GaussianNoise(0.1, seed=3, dtype="float64"), MixUp(seed=1)]
        model.fit(X.astype(float), CLASSES, epochs=3, augment=augment, verbose=0)
        found.append(bits(model))
    assert found[0] == found[1]


# ---- what is computed ----------------------------------------------------------------------------


def first_step(task, model, **options):
    """The logs of one step on all rows, augmented, of a model that learns nothing."""
    return model.fit(X, TASKS[task][0], batch_size=45, shuffle=False, verbose=0, **options).history


def mixture():
    """What MixUp(0.4, seed=1) draws first."""
    share, order = MixUp(0.4, seed=1).draw(45, np.dtype("float32"))
    return share.astype(float), order


def plain(task):
    """A model without dropout, whose weights do not move."""
    model = network(task, 1e-30)
    model.layers[1].rate = 0.0
    return model


def loss_of(task, y, p):
    """The loss of each row by its formula."""
    p = p.astype(float)
    return {
        "one-hot": lambda: -(y * np.log(p)).sum(1),
        "integers": lambda: -np.log(p[np.arange(45), y]),
        "binary": lambda: -(y * np.log(p) + (1 - y) * np.log(1 - p))[:, 0],
        "hinge": lambda: np.maximum(1 - y * p, 0)[:, 0],
        "numbers": lambda: ((y - p) ** 2).mean(1),
    }[task]()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_rows_targets_and_weights_are_mixed_by_one_share(task, weighted):
    y, _, _, (metric,) = TASKS[task]
    model = plain(task)
    share, order = mixture()
    s = share[:, None]
    mixed = (s * X + (1 - s) * X[order]).astype("float32")
    p = model.predict(mixed, verbose=0)
    if task == "numbers":
        target = s * y + (1 - s) * y[order]
        rows = loss_of(task, target, p)
        seen = np.abs(target - p).mean(1)
    else:
        rows = share * loss_of(task, y, p) + (1 - share) * loss_of(task, y[order], p)
        larger = np.where(share >= 0.5, np.arange(45), order)
        own = y[larger]
        seen = {
            "one-hot": lambda: own.argmax(1) == p.argmax(1),
            "integers": lambda: own == p.argmax(1),
            "binary": lambda: (own > 0.5) == (p > 0.5),
            "hinge": lambda: np.abs(own - p),
        }[task]()
    weight = share * WEIGHTS + (1 - share) * WEIGHTS[order] if weighted else np.ones(45)
    options = {"sample_weight": WEIGHTS} if weighted else {}
    logs = first_step(task, model, augment=[MixUp(0.4, seed=1)], **options)
    seen = np.asarray(seen, float).reshape(45)
    np.testing.assert_allclose(logs["loss"], [(rows * weight).mean()], rtol=2e-5)
    np.testing.assert_allclose(logs[metric], [seen.mean()], rtol=2e-5)
    mean = (seen * weight).sum() / weight.sum()
    np.testing.assert_allclose(logs[f"weighted_{metric}"], [mean], rtol=2e-5)


def test_integer_labels_train_as_one_hot_ones_do():
    """Through a chain of two that mix, too."""
    found = []
    for task in ("integers", "one-hot"):
        model = network(task)
        augment = [MixUp(0.4, seed=1), CutMix(seed=2, image_shape=(4, 4))]
        options = {"epochs": 5, "class_weight": {0: 2.0, 1: 0.5}, "verbose": 0}
        found.append((model.fit(X, TASKS[task][0], augment=augment, **options).history, model))
    for name in ("loss",):
        np.testing.assert_allclose(found[0][0][name], found[1][0][name], rtol=1e-5)
    for a, b in zip(*(model.get_weights() for _, model in found), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_labels_of_steps_are_mixed_by_their_rows():
    """Labels (rows, steps), which a batch holds as floats, are classes nevertheless."""
    x = RNG.standard_normal((20, 4, 5)).astype("float32")
    y = RNG.integers(0, 3, (20, 4))
    logs = []
    for targets, loss in (
        (y, losses.SparseCategoricalCrossentropy(True)),
        (np.eye(3, dtype="float32")[y], losses.CategoricalCrossentropy(True)),
    ):
        corereg.set_random_seed(5)
        model = corereg.Sequential([corereg.Input((4, 5)), layers.Dense(3)])
        model.compile("sgd", loss)
        options = {"sample_weight": WEIGHTS[:20], "epochs": 3, "verbose": 0}
        logs.append(model.fit(x, targets, augment=MixUp(seed=1), **options).history["loss"])
    np.testing.assert_allclose(*logs, rtol=1e-5)


def test_other_layers_act_on_x_alone():
    model = plain("numbers")
    drop = Dropout(0.5, seed=3)
    expected = Dropout(0.5, seed=3)(X, training=True).numpy()
    rows = loss_of("numbers", NUMBERS, model.predict(expected, verbose=0))
    logs = first_step("numbers", model, augment=[drop, layers.Dense(16, trainable=False)][:1])
    np.testing.assert_allclose(logs["loss"], [rows.mean()], rtol=1e-5)


def test_layers_with_weights_and_penalties_are_no_part_of_the_model():
    inner = corereg.Sequential(
        [corereg.Input((16,)), layers.Dense(16, activity_regularizer="l2"), GaussianNoise(0.1)]
    )
    model, before = network("numbers"), None
    for _ in range(2):
        logs = model.fit(X, NUMBERS, augment=[inner], verbose=0).history
        assert "penalty" not in logs
        now = bits(inner)
        assert before in (None, now)
        before = now
    assert all(w.grad is None for w in inner.weights)
    assert len(model.weights) == 4
    assert model.execution_report()["fit"].mode == "replayed"


def test_validation_evaluate_and_predict_see_the_data_as_they_are():
    model = network("integers")
    logs = model.fit(
        X, CLASSES, epochs=3, validation_data=(X, CLASSES), augment=chain(), verbose=0
    ).history
    found = model.evaluate(X, CLASSES, verbose=0, return_dict=True)
    assert {name: logs[f"val_{name}"][-1] for name in found} == found
    assert np.array_equal(model.predict(X, verbose=0), model(X).numpy())


def test_several_inputs_and_outputs_are_mixed_alike():
    share, order = mixture()
    a, b = corereg.Input((16,), name="a"), corereg.Input((2,), name="b")
    numbers = layers.Dense(2, name="numbers", use_bias=False)(b)
    kinds = layers.Dense(3, "softmax", name="kinds")(layers.Concatenate()([a, b]))
    model = corereg.Model({"a": a, "b": b}, {"numbers": numbers, "kinds": kinds})
    model.compile(
        corereg.optimizers.SGD(1e-30),
        {"numbers": "mse", "kinds": "sparse_categorical_crossentropy"},
    )
    inputs, targets = {"a": X, "b": NUMBERS}, {"numbers": NUMBERS, "kinds": CLASSES}
    mixed = {
        k: (share[:, None] * v + (1 - share[:, None]) * v[order]).astype("float32")
        for k, v in inputs.items()
    }
    p = model.predict(mixed, verbose=0)
    logs = model.fit(
        inputs,
        targets,
        batch_size=45,
        shuffle=False,
        epochs=2,
        augment=[MixUp(0.4, seed=1)],
        verbose=0,
    ).history
    kinds = share * loss_of("integers", CLASSES, p["kinds"])
    kinds += (1 - share) * loss_of("integers", CLASSES[order], p["kinds"])
    np.testing.assert_allclose(logs["kinds_loss"][0], kinds.mean(), rtol=1e-5)
    expected = ((mixed["b"] - p["numbers"]) ** 2).mean()
    np.testing.assert_allclose(logs["numbers_loss"][0], expected, rtol=1e-5)
    assert model.execution_report()["fit"].mode == "replayed"


def thrice(x, y, weight):
    """A function that gives weights where there are none."""
    return x, 2 * y, (0 * y + 3).reshape(-1)[::2]


def test_functions_see_and_change_all_of_a_batch():
    model = plain("numbers")
    logs = first_step("numbers", model, epochs=4, augment=thrice)
    rows = loss_of("numbers", 2 * NUMBERS, model.predict(X, verbose=0))
    np.testing.assert_allclose(logs["loss"], [3 * rows.mean()] * 4, rtol=1e-5)
    assert model.execution_report()["fit"].mode == "replayed"
    seen = []

    def looks(x, y, weight):
        seen.append((x.shape, y.shape, weight.shape, weight.dtype))
        return x, y, weight

    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(X, NUMBERS, sample_weight=WEIGHTS, augment=[looks], verbose=0)
    assert seen == [((rows, 16), (rows, 2), (rows,), np.float32) for rows in (32, 13)]


def test_a_function_that_draws_in_python_runs_through_python():
    def shaky(x, y, weight):
        return x + float(np.random.default_rng().random()), y, weight

    model = network()
    modes = []
    for augment in ([shaky], None, [shaky], [MixUp()]):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            model.fit(X, ONE_HOT, epochs=3, augment=augment, verbose=0)
        if not modes:
            assert [w.category for w in found] == [corereg.PerformanceWarning]
            assert "shaky" in str(found[0].message)
        modes.append(model.execution_report()["fit"].mode)
    assert modes == ["eager", "replayed", "eager", "replayed"]


def test_recordings_of_other_lists_are_others():
    """With, without, with another, and with the first again: as if each was recorded anew."""
    results = []
    for eager in (True, False):
        model, first, other = network(run_eagerly=eager), [MixUp(seed=1)], [MixUp(1.0, seed=2)]
        for augment in (first, None, other, first, None):
            model.fit(X, ONE_HOT, epochs=2, augment=augment, verbose=0)
        results.append(bits(model))
    assert results[0] == results[1]
    first[0].alpha = 3.0  # is noticed, too
    model.fit(X, ONE_HOT, epochs=2, augment=first, verbose=0)
    before = bits(model)
    again = network(run_eagerly=True)
    first, other = [MixUp(seed=1)], [MixUp(1.0, seed=2)]
    for augment in (first, None, other, first, None):
        again.fit(X, ONE_HOT, epochs=2, augment=augment, verbose=0)
    first[0].alpha = 3.0
    again.fit(X, ONE_HOT, epochs=2, augment=first, verbose=0)
    assert bits(again) == before


def test_iterables_and_train_on_batch():
    batches = [(X[i : i + 15], ONE_HOT[i : i + 15]) for i in (0, 15, 30)]
    whole = network()
    whole.fit(X, ONE_HOT, 15, 2, 0, shuffle=False, augment=[MixUp(seed=1)])
    model = network()
    model.fit(batches, epochs=2, verbose=0, augment=[MixUp(seed=1)])
    assert bits(model) == bits(whole)
    model, augment = network(), [MixUp(seed=1)]
    for _ in range(2):
        for x, y in batches:
            model.train_on_batch(x, y, augment=augment)
    assert bits(model) == bits(whole)
    plain_losses = [network("one-hot").train_on_batch(*batches[0])[0] for _ in range(2)]
    model = network()
    for _ in range(3):  # the quick way of equal batches is not taken for another list
        model.train_on_batch(*batches[0])
    mixed = model.train_on_batch(*batches[0], augment=augment)[0]
    assert mixed != model.train_on_batch(*batches[0])[0]
    assert plain_losses[0] == plain_losses[1]


# ---- training that goes on -----------------------------------------------------------------------


def fitted(model, augment, epochs, first=0, **options):
    return model.fit(
        X,
        CLASSES,
        batch_size=10,
        epochs=epochs,
        initial_epoch=first,
        augment=augment,
        verbose=0,
        **options,
    )


class Shakes(layers.Layer):
    """Draws by a SeedGenerator, inside of a model in the list."""

    recordable = True

    def __init__(self, **options):
        super().__init__(**options)
        self.seeds = random.SeedGenerator()

    def call(self, x, training=False):
        return x + random.normal(x.shape, dtype=x.dtype, seed=self.seeds)


def makers():
    """New objects at each call, seeded and not."""
    inner = corereg.Sequential([corereg.Input((16,)), Shakes(), Dropout(0.2)])
    return [GaussianNoise(0.1), inner, MixUp(0.4), CutMix(seed=2, image_shape=(4, 4))]


@pytest.mark.parametrize("way", ["same objects", "new objects", "file", "pickle", "copy"])
def test_two_fits_equal_one(way, tmp_path):
    whole = network("integers")
    fitted(whole, makers(), 4)
    model = network("integers")
    augment = makers()
    fitted(model, augment, 2)
    if way == "file":
        model.save(tmp_path / "half.corereg")
        model = load_model(tmp_path / "half.corereg")
    elif way != "same objects" and way != "new objects":
        model = pickle.loads(pickle.dumps(model)) if way == "pickle" else copy.deepcopy(model)
    if way != "same objects":
        corereg.set_random_seed(99)
        augment = makers()
    fitted(model, augment, 4, 2)
    assert bits(model) == bits(whole)


def test_a_second_fit_replays_what_the_first_has_recorded():
    """A layer that does not say the shape of its output is tried on zeros by the checks; the count
    of its draws does not move by that, and nothing is recorded anew."""
    model, augment = network("integers"), [Shakes(), MixUp(0.4)]
    fitted(model, augment, 1)
    version = model._trainer.captures["train"].version
    count = augment[0].seeds.random_state[1]
    fitted(model, augment, 2, 1)
    assert model._trainer.captures["train"].version == version
    assert augment[0].seeds.random_state[1] == 2 * count == 10


def test_another_seed_is_another_sequence():
    whole, model = network("integers"), network("integers")
    fitted(whole, [MixUp(seed=1)], 2)
    fitted(model, [MixUp(seed=1)], 1)
    fitted(model, [MixUp(seed=2)], 2, 1)
    assert bits(model) != bits(whole)


class Stops(Callback):
    """Ends a training by an error after a number of batches."""

    def __init__(self, after):
        self.left = after

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("save_freq", ["epoch", 3])
def test_a_killed_training_goes_on(save_freq, tmp_path):
    whole = network("integers")
    expected = fitted(whole, makers(), 3).history
    model = network("integers")
    backup = BackupAndRestore(tmp_path / "backup", save_freq)
    with pytest.raises(KeyboardInterrupt):
        fitted(model, makers(), 3, callbacks=[Stops(9), backup])
    corereg.set_random_seed(99)
    model = network("integers")
    logs = fitted(model, makers(), 3, callbacks=[BackupAndRestore(tmp_path / "backup", save_freq)])
    assert bits(model) == bits(whole)
    assert logs.history == expected


def test_a_damaged_state_is_refused(tmp_path, fails):
    model = network("integers")
    fitted(model, [MixUp(seed=1)], 1)
    path = tmp_path / "m.corereg"
    model.save(path)
    config, sections = archive.read(path)
    assert sections["training"]["augment/0"].tolist()[1] == 5
    for wrong in (np.zeros(3, np.uint64), np.zeros(2), np.array([1, 2**63], np.uint64)):
        sections["training"]["augment/0"] = wrong
        archive.write(path, config, sections)
        fails(lambda: load_model(path), FileFormatError, "no valid 'augment/0'")


# ---- errors --------------------------------------------------------------------------------------


class OwnStep(corereg.Sequential):
    def train_step(self, data):
        return super().train_step(data)


class OwnLoss(corereg.Sequential):
    def compute_loss(self, **given):
        return super().compute_loss(**given)


def other_model(kind):
    model = kind([corereg.Input((16,)), layers.Dense(3, "softmax")])
    model.compile("sgd", "categorical_crossentropy")
    return model


def divided():
    model = other_model(corereg.Sequential)
    model.compile("sgd", losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight"))
    return model


def looked_up():
    model = corereg.Sequential([corereg.Input((16,), dtype="int32"), layers.Embedding(9, 2)])
    model.add(layers.Flatten())
    model.add(layers.Dense(3))
    model.compile("sgd", "mse")
    return model


ERRORS = {
    "no layer": (None, ["mix_up"], TypeError, "list of layers and functions .*received 'mix_up'"),
    "a class": (None, [MixUp], TypeError, "received <class"),
    "own step": (lambda: other_model(OwnStep), [MixUp()], ValueError, "call the layers in its tr"),
    "own loss": (lambda: other_model(OwnLoss), [MixUp()], ValueError, "call the layers in its tr"),
    "table": (None, [CutMix(name="c")], ValueError, "CutMix 'c': expected images"),
    "size": (None, [CutMix(image_shape=(5, 5))], ValueError, "expected rows of 25 numbers"),
    "inside": (
        None,
        [corereg.Sequential([corereg.Input((16,)), MixUp(name="m")], name="s")],
        ValueError,
        "expected MixUp 'm' in the list itself, received it inside of Sequential 's'",
    ),
    "shape": (
        None,
        [layers.Dense(7, name="d")],
        ValueError,
        r"keep the shape \(None, 16\), received Dense 'd', which gives \(None, 7\)",
    ),
    "dtype": (None, [Dropout(0.1, dtype="float64")], ValueError, "make it with dtype='float32'"),
    "behind": (
        lambda: network("integers"),
        [MixUp(), noisy],
        ValueError,
        "expected noisy in front of the layers that mix rows",
    ),
    "reduction": (divided, [MixUp()], ValueError, "with reduction 'mean_with_sample_weight'"),
    "look-ups": (looked_up, [MixUp(name="m")], ValueError, "of floats for MixUp 'm', received in"),
    "arguments": (
        None,
        [lambda x, y: (x, y)],
        TypeError,
        r"fit: expected <lambda> to take \(x, y, sample_weight\), received a function of \(x, y\)",
    ),
    "an array": (
        None,
        [lambda x, y, w: (x.numpy(), y, w)],
        ValueError,
        r"received no tensor, float32 of shape \(32, 16\)",
    ),
    "two": (None, [lambda x, y, w: (x, y)], TypeError, "to return .*received tuple of 2"),
    "one": (None, [lambda x, y, w: x], TypeError, r"return \(x, y, sample_weight\), received T"),
    "x": (
        None,
        [lambda x, y, w: (x[:, :3], y, w)],
        ValueError,
        r"to give x as tensors, float32 of shape \(32, 16\), received float32 of shape \(32, 3\)",
    ),
    "x of another dtype": (
        None,
        [lambda x, y, w: (x.astype("float64"), y, w)],
        ValueError,
        r"received float64 of shape \(32, 16\)",
    ),
    "x as a list": (
        None,
        [lambda x, y, w: ([1.0, 2.0], y, w)],
        ValueError,
        r"received \['no tensor, float', 'no tensor, float'\]",
    ),
    "y": (
        None,
        [lambda x, y, w: (x, y[:, :1], w)],
        ValueError,
        r"to give y as float32 of shape \(32, 3\), received float32 of shape \(32, 1\)",
    ),
    "no y": (None, [lambda x, y, w: (x, None, w)], ValueError, "to give y .*received NoneType"),
    "sample_weight": (
        None,
        [lambda x, y, w: (x, y, y)],
        ValueError,
        r"to give sample_weight as float32 of shape \(32,\), received float32 of shape \(32, 3\)",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_before_anything_changes(case, fails):
    make, augment, kind, message = ERRORS[case]
    model = (make or network)()
    y = {"integers": CLASSES, "reduction": CLASSES, "behind": CLASSES}.get(case, ONE_HOT)
    x = np.abs(X).astype(np.int64) if case == "look-ups" else X
    before, kept = bits(model), model._trainer.row_order.passes.copy()
    states = [one.random_state for one in augment if isinstance(one, layers.Layer)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fails(lambda: model.fit(x, y, augment=augment, verbose=0), kind, message)
    assert bits(model) == before
    assert model.optimizer.iterations == 0
    assert model._trainer.augmentation is None
    if case not in (
        "two",
        "one",
        "an array",
        "x of another dtype",
        "x as a list",
        "x",
        "y",
        "no y",
        "sample_weight",
        "behind",
    ):
        assert model._trainer.row_order.passes == kept
        again = [one.random_state for one in augment if isinstance(one, layers.Layer)]
        assert all(np.array_equal(a, b) for a, b in zip(states, again, strict=True))


def test_nothing_to_do():
    model = network()
    assert Augmentation.of("fit", model, []) is None
    model.fit(X, ONE_HOT, augment=[], verbose=0)
    other = network()
    other.fit(X, ONE_HOT, verbose=0)
    assert bits(model) == bits(other)
