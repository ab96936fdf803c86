"""train_on_batch of arrays like those of the call before: the same as with all checks, and still
with those that values can fail."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import layers, losses, metrics, optimizers, regularizers
from corereg.models import Sequential
from corereg.training.repeated_batch import RepeatedBatch


def made(loss="binary_crossentropy", units=1, metric="accuracy", optimizer="adam", **options):
    corereg.set_random_seed(5)
    hidden = layers.Dense(6, "relu", kernel_regularizer=regularizers.L1(0.01))
    last = layers.Dense(units, "sigmoid" if units == 1 else "softmax")
    model = Sequential([corereg.Input((4,)), hidden, layers.Dropout(0.2), last])
    model.compile(optimizer, loss, metrics=[metric], **options)
    return model


def batches(count=6, rows=8, dtype="float32"):
    rng = np.random.default_rng(3)
    return [
        (rng.normal(size=(rows, 4)).astype(dtype), rng.integers(0, 2, (rows, 1)).astype(dtype))
        for _ in range(count)
    ]


def repeats(model):
    return isinstance(model._trainer.repeated_batch, RepeatedBatch)


def with_all_checks(model, x, y, **options):
    model._trainer.repeated_batch = None
    return model.train_on_batch(x, y, **options)


def same(a, b):
    assert [w.tobytes() for w in a.get_weights()] == [w.tobytes() for w in b.get_weights()]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "bool"])
def test_bits_and_results_are_those_of_all_checks(dtype):
    a, b = made(), made()
    for x, y in batches(dtype=dtype):
        found = a.train_on_batch(x, y, return_dict=True)
        assert found == with_all_checks(b, x, y, return_dict=True)
    assert repeats(a)
    same(a, b)


def test_other_forms_between_take_all_checks():
    a, b = made(), made()
    for rows, weight in ((8, None), (8, None), (5, None), (8, np.ones(8)), (8, None), (8, None)):
        ((x, y),) = batches(1, rows)
        b.train_on_batch([*x], y, sample_weight=weight)
        assert not repeats(b)  # a list
        a.train_on_batch(x, y, sample_weight=weight)
        assert repeats(a) == (weight is None)
    x, y = batches(1)[0]
    for view in (x[::-1], np.asfortranarray(x), x.astype("float16")):
        assert a.train_on_batch(view, y) == b.train_on_batch(view.tolist(), y)
    same(a, b)


@pytest.mark.parametrize(
    ("loss", "units", "metric", "y", "wrong", "message"),
    [
        ("binary_crossentropy", 1, "accuracy", 1.0, 2.0, "train_on_batch: .*in .0, 1."),
        ("mse", 1, "mae", 1.0, np.nan, "train_on_batch: .*expected finite y.*row 3"),
        ("sparse_categorical_crossentropy", 3, "accuracy", 2, 3, "train_on_batch: .*labels.*3"),
    ],
)
def test_values_are_checked_in_each_call_before_anything_changes(
    loss, units, metric, y, wrong, message
):
    model = made(loss, units, metric)
    x = batches(1)[0][0]
    targets = np.full(8, y)
    for _ in range(3):
        model.train_on_batch(x, targets)
    assert repeats(model)
    before, steps = model.get_weights(), int(model.optimizer.iterations)
    bad = targets.copy()
    bad[3] = wrong
    with pytest.raises(ValueError, match=message):
        model.train_on_batch(x, bad)
    x = x.copy()
    x[2, 1] = np.inf
    with pytest.raises(ValueError, match=r"train_on_batch: expected X finite.*row 2"):
        model.train_on_batch(x, targets)
    assert int(model.optimizer.iterations) == steps
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


class Careful(metrics.MeanAbsoluteError):
    """A metric that refuses targets above 1."""

    recordable = True

    def check_targets(self, y, outputs):
        if y.max() > 1:
            raise ValueError("Careful: expected targets of 1 at most")


def test_metrics_check_targets_in_each_call():
    model = made("mse", metric=Careful())
    x, y = batches(1)[0]
    for _ in range(3):
        model.train_on_batch(x, y)
    assert repeats(model)
    with pytest.raises(ValueError, match=r"^train_on_batch: Careful: expected"):
        model.train_on_batch(x, y + 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: setattr(m.layers[0], "trainable", False),
        lambda m: setattr(m.layers[0], "kernel_regularizer", regularizers.L2(0.3)),
        lambda m: setattr(m.layers[1], "rate", 0.9),
        lambda m: setattr(m, "loss", losses.MeanSquaredError()),
        lambda m: setattr(m.optimizer, "clipvalue", 1e-5),
        lambda m: m.compile("sgd", "mse"),
        lambda m: m.compile("adam", "binary_crossentropy", run_eagerly=True),
        lambda m: setattr(m, "optimizer", optimizers.SGD(0.5)),
        lambda m: m.pop(),
    ],
)
def test_what_was_set_anew_counts(change):
    a, b = made(), made()
    given = batches()
    for x, y in given[:3]:
        a.train_on_batch(x, y)
        with_all_checks(b, x, y)
    assert repeats(a)
    for model in (a, b):
        change(model)
    if len(a.layers) == 2:
        given = [(x, np.tile(y, 6)) for x, y in given]
    for x, y in given[3:]:
        assert a.train_on_batch(x, y) == with_all_checks(b, x, y)
    same(a, b)


def test_steps_of_the_models_own_count():
    model = made()
    x, y = batches(1)[0]
    for _ in range(3):
        model.train_on_batch(x, y)
    model.compute_metrics = lambda x, y, y_pred, sample_weight=None: {"own": 7.0}
    assert model.train_on_batch(x, y, return_dict=True)["own"] == 7.0


def test_a_learning_rate_in_python_is_asked_at_each_step():
    asked = []

    def rate():
        asked.append(None)
        return 0.01

    model = made(optimizer=optimizers.SGD(rate))
    x, y = batches(1)[0]
    for _ in range(5):
        model.train_on_batch(x, y)
    assert repeats(model)
    count = len(asked)
    model.train_on_batch(x, y)
    assert len(asked) == count + 1
