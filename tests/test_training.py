"""fit, evaluate and predict: what their options do."""

from __future__ import annotations

import os

import numpy as np
import pytest
from small import ROWS, bits, data, fit, net

import corereg
from corereg import layers, optimizers
from corereg.callbacks import Callback, EarlyStopping, LambdaCallback, ModelCheckpoint
from corereg.models import Sequential, load_model
from corereg.warn import NotFiniteWarning


class Losses(Callback):
    """The loss of each batch, from the running means."""

    def __init__(self):
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs.append([])

    def on_train_batch_end(self, batch, logs=None):
        self.epochs[-1].append(logs["loss"])


# ---- validation ----------------------------------------------------------------------------------


def test_validation_data_gives_what_evaluate_gives():
    x, y = data(3)
    model = net(3, metrics=["accuracy"])
    history = model.fit(x[:30], y[:30], epochs=2, validation_data=(x[30:], y[30:]), verbose=0)
    assert set(history.history) == {
        *("loss", "penalty", "accuracy", "val_loss", "val_penalty", "val_accuracy")
    }
    found = model.evaluate(x[30:], y[30:], verbose=0, return_dict=True)
    assert {f"val_{k}": v for k, v in found.items()} == {
        k: v[-1] for k, v in history.history.items() if k.startswith("val_")
    }


def test_validation_does_not_change_training():
    x, y = data()
    one, other = net(dropout=0.3), net(dropout=0.3)
    a = fit(one, x, y, epochs=2)
    b = fit(other, x, y, epochs=2, validation_data=(x, y))
    assert bits(one) == bits(other)
    assert a == {k: v for k, v in b.items() if not k.startswith("val_")}


@pytest.mark.parametrize(("share", "kept"), [(0.2, 40), (0.25, 37), (0.99, 0), (0.01, 49)])
def test_validation_split_takes_the_last_rows(share, kept):
    x, y = data()
    model, by_hand = net(), net()
    if not kept:
        with pytest.raises(ValueError, match="leaves none to train on"):
            model.fit(x, y, validation_split=share, verbose=0)
        return
    a = fit(model, x, y, validation_split=share)
    b = fit(by_hand, x[:kept], y[:kept], validation_data=(x[kept:], y[kept:]))
    assert a == b
    assert bits(model) == bits(by_hand)


def test_validation_weights():
    x, y = data()
    weight = np.linspace(0, 2, ROWS)
    model, by_hand = net(), net()
    a = fit(model, x, y, validation_split=0.2, sample_weight=weight)
    b = fit(
        *(by_hand, x[:40], y[:40]),
        sample_weight=weight[:40],
        validation_data=(x[40:], y[40:], weight[40:]),
    )
    assert a == b
    plain = by_hand.evaluate(x[40:], y[40:], verbose=0)
    assert b["val_loss"][0] != pytest.approx(plain)


def test_class_weight_is_for_the_training_rows_only():
    x, y = data(3)
    model, by_hand = net(3), net(3)
    weights = {0: 10.0, 2: 0.5}
    a = fit(model, x, y, validation_split=0.2, class_weight=weights)
    b = fit(by_hand, x[:40], y[:40], class_weight=weights, validation_data=(x[40:], y[40:]))
    assert a == b


@pytest.mark.parametrize(
    ("frequency", "epochs"), [(1, [1, 2, 3, 4]), (2, [2, 4]), (3, [3]), ([1, 4], [1, 4])]
)
def test_validation_freq(frequency, epochs):
    x, y = data()
    seen = []
    watch = LambdaCallback(
        on_epoch_end=lambda epoch, logs: "val_loss" in logs and seen.append(epoch + 1)
    )
    history = net().fit(
        *(x, y),
        epochs=4,
        validation_data=(x, y),
        validation_freq=frequency,
        callbacks=watch,
        verbose=0,
    )
    assert seen == epochs
    assert len(history.history["val_loss"]) == len(epochs)


def test_validation_steps_and_batch_size():
    x, y = data()
    model = net()
    history = model.fit(
        x, y, validation_data=(x, y), validation_steps=2, validation_batch_size=10, verbose=0
    )
    expected = model.evaluate(x[:20], y[:20], verbose=0)
    assert history.history["val_loss"][0] == pytest.approx(expected, rel=1e-6)


# ---- batches and epochs --------------------------------------------------------------------------


def test_the_short_last_batch_counts_by_its_rows():
    x, y = data()
    model = net(optimizer=optimizers.SGD(0.0))
    losses = [
        model.evaluate(x[at : at + 16], y[at : at + 16], verbose=0) for at in range(0, ROWS, 16)
    ]
    for found in (
        model.fit(x, y, batch_size=16, verbose=0).history["loss"][0],
        model.evaluate(x, y, batch_size=16, verbose=0),
    ):
        assert found == pytest.approx(np.average(losses, weights=[16, 16, 16, 2]), rel=1e-6)


def test_shuffle_draws_a_new_order_each_epoch_and_keeps_every_row():
    x = np.arange(ROWS, dtype=float)[:, None]
    seen = []

    def keep(y_true, y_pred):
        seen.append(y_true.numpy().ravel().tolist())
        return y_pred

    for shuffle in (True, False):
        seen.clear()
        corereg.set_random_seed(1)
        model = Sequential([layers.Dense(1)])
        model.compile("sgd", "mse", metrics=[keep])
        model.fit(x / ROWS, x, batch_size=16, epochs=2, shuffle=shuffle, verbose=0)
        assert [len(batch) for batch in seen] == [16, 16, 16, 2] * 2
        first, second = ([row for batch in part for row in batch] for part in (seen[:4], seen[4:]))
        assert sorted(first) == sorted(second) == list(range(ROWS))
        assert (first != second) == shuffle
        assert (first != sorted(first)) == shuffle


def test_steps_per_epoch_goes_on_where_the_last_epoch_stopped():
    x, y = data()
    watch = Losses()
    model, whole = net(), net()
    model.fit(
        *(x, y),
        batch_size=16,
        epochs=4,
        steps_per_epoch=2,
        shuffle=False,
        callbacks=watch,
        verbose=0,
    )
    whole.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    assert [len(epoch) for epoch in watch.epochs] == [2, 2, 2, 2]
    assert bits(model) == bits(whole)


def test_more_steps_than_batches_are_one_pass():
    x, y = data()
    model, whole = net(), net()
    fit(model, x, y, batch_size=16, steps_per_epoch=9)
    fit(whole, x, y, batch_size=16)
    assert bits(model) == bits(whole)


def test_initial_epoch_and_no_epochs():
    x, y = data()
    model = net()
    before = bits(model)
    assert model.fit(x, y, epochs=0, verbose=0).history == {}
    assert model.fit(x, y, epochs=3, initial_epoch=3, verbose=0).history == {}
    assert bits(model) == before
    history = model.fit(x, y, epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]
    assert len(history.history["loss"]) == 2
    assert model.history is history
    assert model.optimizer.iterations == 4


def test_two_fits_go_on_as_one_longer():
    x, y = data()
    one, other = net(), net()
    one.fit(x, y, epochs=4, shuffle=False, verbose=0)
    other.fit(x, y, epochs=2, shuffle=False, verbose=0)
    other.fit(x, y, epochs=4, initial_epoch=2, shuffle=False, verbose=0)
    assert bits(one) == bits(other)


def test_train_on_batch_steps_as_fit_does():
    x, y = data()
    one, other = net(), net()
    history = one.fit(x, y, batch_size=ROWS, epochs=3, shuffle=False, verbose=0).history
    losses = [other.train_on_batch(x, y) for _ in range(3)]
    assert losses == history["loss"]
    assert bits(one) == bits(other)
    assert other.test_on_batch(x, y) == one.evaluate(x, y, batch_size=ROWS, verbose=0)
    assert np.array_equal(other.predict_on_batch(x), one.predict(x, verbose=0))


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto"])
def test_verbose_in_a_pipe(verbose, capsys):
    x, y = data()
    model = net(metrics=["mae"])
    model.fit(x, y, epochs=3, verbose=verbose)
    model.evaluate(x, y, verbose=verbose)
    model.predict(x, verbose=verbose)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == (0 if verbose == 0 else 5)
    assert all("\r" not in line and "\x1b" not in line for line in lines)
    if lines:
        assert "penalty" in lines[0]
        assert "mae" in lines[0]


# ---- weights -------------------------------------------------------------------------------------


def test_a_weight_of_two_is_a_row_that_counts_twice():
    x, y = data()
    model = net()
    weight = np.ones(ROWS)
    weight[7] = 2
    weighted = model.evaluate(x, y, sample_weight=weight, return_dict=True, verbose=0)
    twice = np.r_[np.arange(ROWS), 7]
    doubled = model.evaluate(x[twice], y[twice], return_dict=True, verbose=0)
    a, b = (found["loss"] - found["penalty"] for found in (weighted, doubled))
    assert a == pytest.approx(b * 51 / 50, rel=1e-5)  # the sum is divided by the rows, not weights


def test_class_weight_is_a_sample_weight_by_class():
    x, y = data(3)
    results = []
    by_class = {0: 3.0, 2: 0.25}
    for targets, options in [
        (y, {"class_weight": by_class}),
        (y[:, None], {"class_weight": by_class}),
        (y, {"sample_weight": np.array([3.0, 1.0, 0.25])[y]}),
        (y, {"sample_weight": np.array([3.0, 1.0, 0.25])[y][:, None].tolist()}),
    ]:
        model = net(3)
        results.append((fit(model, x, targets, **options)["loss"], bits(model)))
    assert results[0] == results[1] == results[2] == results[3]


def test_class_weight_of_regression_targets_goes_by_the_nearest_integer():
    x, _ = data()
    y = np.tile([-2.0, 0.2, 3e6, 1.0, 0.9], 10)
    weight = np.where(y == 0.2, 5.0, np.where(np.rint(y) == 1, 0.5, 1.0))
    found = fit(net(), x, y, class_weight={0: 5.0, 1: 0.5})
    assert found["loss"] == fit(net(), x, y, sample_weight=weight)["loss"]


# ---- callbacks -----------------------------------------------------------------------------------


def test_early_stopping_restores_the_best_weights():
    x, y = data()
    model = net(optimizer=optimizers.SGD(0.05))
    kept = []

    class GoWrong(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 4:
                self.model.optimizer.learning_rate = 50.0

        def on_epoch_end(self, epoch, logs=None):
            kept.append(bits(self.model))

    stop = EarlyStopping(patience=3, restore_best_weights=True)
    with pytest.warns(NotFiniteWarning, match="fit: in epoch "):
        history = fit(model, x, y, epochs=50, validation_data=(x, y), callbacks=[GoWrong(), stop])
    values = history["val_loss"]
    assert stop.best_epoch == int(np.nanargmin(values)) == 3
    assert len(values) == 7
    assert bits(model) == kept[3]
    assert model.evaluate(x, y, verbose=0) == values[3]


def test_model_checkpoint_writes_models_that_load(tmp_path):
    x, y = data()
    model = net()
    path = os.fspath(tmp_path / "at-{epoch}")
    predictions = []
    watch = LambdaCallback(
        on_epoch_end=lambda epoch, logs: predictions.append(model.predict(x, verbose=0))
    )
    model.fit(x, y, epochs=3, callbacks=[ModelCheckpoint(path), watch], verbose=0)
    for epoch, expected in enumerate(predictions, 1):
        assert np.array_equal(load_model(path.format(epoch=epoch)).predict(x, verbose=0), expected)


def test_a_callback_can_stop_in_the_middle_of_an_epoch():
    x, y = data()
    model = net()

    class Stop(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    history = model.fit(x, y, batch_size=10, epochs=5, callbacks=Stop(), verbose=0)
    assert model.optimizer.iterations == 2
    assert len(history.history["loss"]) == 1


def test_predict_batches_of_any_size_agree():
    x, y = data(3)
    model = net(3)
    model.fit(x, y, verbose=0)
    whole = model.predict(x, verbose=0)
    for size in (1, 7, ROWS, 1000):
        assert np.array_equal(model.predict(x, batch_size=size, verbose=0), whole)
    parts = []
    watch = LambdaCallback(on_predict_batch_end=lambda batch, logs: parts.append(logs["outputs"]))
    out = model.predict(x, batch_size=20, callbacks=watch, verbose=0)
    assert np.array_equal(np.concatenate(parts), out)
    assert model.predict(x, batch_size=20, steps=2, verbose=0).shape == (40, 3)


def test_predictions_that_are_views_of_the_input_are_copied():
    x = np.arange(24.0, dtype="float32").reshape(6, 2, 2)
    for stack in ([layers.Flatten()], [layers.Flatten(), layers.Dropout(0.5)]):
        model = Sequential([layers.Input((2, 2)), *stack])
        assert np.array_equal(model.predict(x, batch_size=2, verbose=0), x.reshape(6, 4))
