"""compile, fit, evaluate and predict: their options, the data they take, and interrupts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import corereg
from corereg import layers, optimizers
from corereg.callbacks import Callback, EarlyStopping, LambdaCallback, ModelCheckpoint
from corereg.models import Sequential, load_model

ROWS = 50


def data(classes=0, dtype="float32"):
    """x (50, 6) and y: integer labels, or a column of numbers for classes=0."""
    rng = np.random.default_rng(4)
    x = rng.standard_normal((ROWS, 6)).astype(dtype)
    return x, (rng.integers(0, classes, ROWS) if classes else x @ rng.standard_normal((6, 1)))


def net(classes=0, optimizer="adam", dropout=0.0, **options):
    corereg.set_random_seed(11)
    last = layers.Dense(classes or 1, activation="softmax" if classes else None)
    first = layers.Dense(5, activation="relu", input_dim=6, kernel_regularizer="l2")
    model = Sequential([first, layers.Dropout(dropout), last])
    model.compile(optimizer, "sparse_categorical_crossentropy" if classes else "mse", **options)
    return model


def fit(model, *args, **options):
    """The history of a fit, the same batches at each call."""
    corereg.set_random_seed(12)
    return model.fit(*args, verbose=0, **options).history


def bits(model):
    return [w.tobytes() for w in model.get_weights()]


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
                self.model.optimizer.learning_rate = 1.0

        def on_epoch_end(self, epoch, logs=None):
            kept.append(bits(self.model))

    stop = EarlyStopping(patience=3, restore_best_weights=True)
    history = model.fit(
        x, y, epochs=50, validation_data=(x, y), callbacks=[GoWrong(), stop], verbose=0
    )
    values = history.history["val_loss"]
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
        np.testing.assert_allclose(
            model.predict(x, batch_size=size, verbose=0), whole, rtol=1e-5, atol=1e-7
        )
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


# ---- what x and y may be -------------------------------------------------------------------------


def memmap(x, path):
    stored = np.memmap(path, x.dtype, "w+", shape=x.shape)
    stored[:] = x
    stored.flush()
    return np.memmap(path, x.dtype, "r", shape=x.shape)


FORMS = {
    "list": lambda x, path: x.tolist(),
    "tuples": lambda x, path: tuple(map(tuple, x.tolist())),
    "float64": lambda x, path: x.astype("float64"),
    "float16": lambda x, path: x.astype("float16"),
    "longdouble": lambda x, path: x.astype("longdouble"),
    "big-endian": lambda x, path: x.astype(">f8"),
    "int8": lambda x, path: x.astype("int8"),
    "int64": lambda x, path: x.astype("int64"),
    "uint16": lambda x, path: x.astype("uint16"),
    "memmap": memmap,
    "memmap of int": lambda x, path: memmap(x.astype("int32"), path),
    "read-only": lambda x, path: np.frombuffer(x.tobytes(), x.dtype).reshape(x.shape),
    "Fortran": lambda x, path: np.asfortranarray(x),
    "every second row": lambda x, path: np.repeat(x, 2, axis=0)[::2],
    "every second column": lambda x, path: np.repeat(x, 2, axis=1)[:, ::2],
    "rows backwards": lambda x, path: x[::-1].copy()[::-1],
    "columns backwards": lambda x, path: x[:, ::-1].copy()[:, ::-1],
    "broadcast and cut": lambda x, path: np.broadcast_to(x, (3, *x.shape))[1],
    "unaligned": lambda x, path: np.frombuffer(b"0" + x.tobytes(), x.dtype, offset=1).reshape(
        x.shape
    ),
    "Tensor": lambda x, path: corereg.Tensor(x),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_x(form, tmp_path):
    rng = np.random.default_rng(5)
    x = rng.integers(0, 9, (ROWS, 6)).astype("float32")
    y = rng.integers(0, 3, ROWS)
    one, other = net(3), net(3)
    given = FORMS[form](x, tmp_path / "x")
    assert fit(one, x, y, epochs=2) == fit(other, given, y, epochs=2)
    assert bits(one) == bits(other)
    assert np.array_equal(other.predict(given, verbose=0), one.predict(x, verbose=0))
    assert other.evaluate(given, y, verbose=0) == one.evaluate(x, y, verbose=0)


@pytest.mark.parametrize(
    "form",
    [
        lambda y: y.tolist(),
        lambda y: y[:, None],
        lambda y: y.astype("float32"),
        lambda y: y.astype("float64"),
        lambda y: y.astype("uint8"),
        lambda y: y.astype(">i4"),
        lambda y: np.repeat(y, 2)[::2],
        lambda y: corereg.Tensor(y),
    ],
)
def test_forms_of_integer_labels(form):
    x, y = data(3)
    one, other = net(3, metrics=["accuracy"]), net(3, metrics=["accuracy"])
    assert fit(one, x, y, epochs=2) == fit(other, x, form(y), epochs=2)


def test_float64_data_reach_a_float64_model_in_full():
    x, y = data(dtype="float64")
    model = Sequential([layers.Dense(1, dtype="float64")])
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    kernel, bias = model.get_weights()
    assert kernel.dtype == "float64"
    for given in (x, x.astype(">f8"), x.astype("longdouble")):
        np.testing.assert_allclose(model.predict(given, verbose=0), x @ kernel + bias, rtol=1e-13)


def test_data_are_not_written_to():
    x, y = data(3)
    x.flags.writeable = y.flags.writeable = False
    model = net(3, dropout=0.5)
    model.fit(x, y, sample_weight=np.broadcast_to(1.0, ROWS), validation_split=0.5, verbose=0)
    model.train_on_batch(x, y)
    model.predict(x, verbose=0)


# ---- interrupts and threads ----------------------------------------------------------------------


def interrupted_run(model, x, y, callback):
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, batch_size=10, epochs=3, shuffle=False, callbacks=callback, verbose=0)


@pytest.mark.parametrize("hook", ["on_train_batch_begin", "on_train_batch_end"])
def test_an_interrupt_leaves_the_weights_of_the_last_finished_step(hook):
    x, y = data()
    seen = []
    model, twin = net(), net()

    class Interrupt(Callback):
        pass

    def count(self, batch, logs=None):
        seen.append(batch)
        if len(seen) == 8:
            raise KeyboardInterrupt

    setattr(Interrupt, hook, count)
    interrupted_run(model, x, y, Interrupt())
    done = 7 if hook == "on_train_batch_begin" else 8
    for step in range(done):
        rows = slice(step % 5 * 10, step % 5 * 10 + 10)
        twin.train_on_batch(x[rows], y[rows])
    assert model.optimizer.iterations == done
    assert bits(model) == bits(twin)
    assert all(p.grad is None for p in model.weights)
    a, b = (m.fit(x, y, epochs=2, shuffle=False, verbose=0).history for m in (model, twin))
    assert a == b
    assert bits(model) == bits(twin)


@pytest.mark.parametrize("where", ["forward", "loss", "penalty", "backward"])
def test_an_interrupt_inside_a_step_leaves_it_undone(where, monkeypatch):
    x, y = data()
    model, twin = net(), net()
    for m in (model, twin):
        m.layers[0].kernel_regularizer = lambda w: (w * w).sum() * 0.01
        m.train_on_batch(x[:10], y[:10])
    before = bits(model)

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    target, name = {
        "forward": (layers.Dropout, "call"),
        "loss": (type(model.loss), "__call__"),
        "penalty": (corereg.regularizers, "penalty"),
        "backward": (corereg.Tensor, "backward"),
    }[where]
    with monkeypatch.context() as patch:
        patch.setattr(target, name, interrupt)
        interrupted_run(model, x, y, None)
    assert bits(model) == before
    assert all(p.grad is None for p in model.weights)
    assert model.train_on_batch(x, y) == twin.train_on_batch(x, y)
    assert bits(model) == bits(twin)


CHILD = """
import sys
import numpy as np
import corereg
from corereg.layers import Dense

x = np.random.default_rng(0).standard_normal((32, 8)).astype("float32")
y = x[:, :1] - 0.5

def net():
    corereg.set_random_seed(3)
    model = corereg.Sequential([Dense(8, activation="relu", kernel_regularizer="l1"), Dense(1)])
    model.compile("adam", "mse")
    return model

def ready(epoch, logs):
    if epoch == 30:
        print("ready", flush=True)

model, twin = net(), net()
try:
    model.fit(x, y, epochs=10**9, shuffle=False, verbose=0,
              callbacks=corereg.callbacks.LambdaCallback(on_epoch_end=ready))
except KeyboardInterrupt:
    steps = model.optimizer.iterations
    for _ in range(steps):
        twin.train_on_batch(x, y)
    assert steps > 30
    for a, b in zip(model.get_weights(), twin.get_weights()):
        assert np.array_equal(a, b)
    losses = [m.fit(x, y, epochs=2, shuffle=False, verbose=0).history for m in (model, twin)]
    assert losses[0] == losses[1]
    print("usable", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_in_the_middle_of_fit():
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGINT)
        out, errors = child.communicate(timeout=20)
    finally:
        child.kill()
        child.communicate()
    assert (out, errors) == ("usable\n", "")


def test_training_from_two_threads_raises():
    x, y = data()
    model = net()
    inside, go_on = threading.Event(), threading.Event()

    class Wait(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            inside.set()
            assert go_on.wait(10)

    first = threading.Thread(
        target=model.fit, args=(x, y), kwargs={"callbacks": Wait(), "verbose": 0}
    )
    first.start()
    try:
        assert inside.wait(10)
        before, history = bits(model), model.history
        for train in (lambda: model.fit(x, y, verbose=0), lambda: model.train_on_batch(x, y)):
            with pytest.raises(RuntimeError, match="being trained by another call"):
                train()
        assert bits(model) == before
        assert model.history is history
        assert model.predict(x, verbose=0).shape == (ROWS, 1)  # reading is allowed
    finally:
        go_on.set()
        first.join(10)
    assert bits(model) != before
    assert len(history.history["loss"]) == 1
    model.fit(x, y, verbose=0)


def test_a_callback_that_raises_leaves_the_model_usable():
    x, y = data()
    model = net()

    def fail(epoch, logs):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        model.fit(x, y, callbacks=LambdaCallback(on_epoch_end=fail), verbose=0)
    assert model.fit(x, y, verbose=0).history["loss"][0] > 0
