"""Which hooks fit, evaluate and predict call, in which order and with what, and what the display
shows while they run."""

from __future__ import annotations

import contextlib
import io
import re
import time

import numpy as np
import pytest
from small import ROWS, data, fit, net

from corereg.callbacks import Callback, LambdaCallback

HOOKS = [name for name in dir(Callback) if name.startswith("on_") and "on_batch" not in name]


@pytest.fixture(params=[True, False], ids=["eager", "replayed"])
def eager(request):
    return request.param


def listener(*names):
    """A callback with these hooks, and the list of what they hear."""
    heard = []

    def hook(name):
        return lambda *args, **kwargs: heard.append((name, *args, *kwargs.values()))

    return LambdaCallback(**{name: hook(name) for name in names}), heard


def short(heard):
    """What was heard, without the logs: ["epoch begin 0", ...]."""
    return [
        " ".join([name.removeprefix("on_").replace("_", " "), *(str(a) for a in args[:-1])])
        for name, *args in heard
    ]


def test_hooks_of_a_fit_with_validation(eager):
    x, y = data(3)
    callback, heard = listener(*HOOKS)
    model = net(3, metrics=["accuracy"], run_eagerly=eager)
    options = {"validation_data": (x[:20], y[:20]), "validation_batch_size": 8}
    history = fit(model, x, y, epochs=2, batch_size=25, callbacks=callback, **options)
    epoch = [
        *("train batch begin 0", "train batch end 0", "train batch begin 1", "train batch end 1"),
        *("test begin", "test batch begin 0", "test batch end 0", "test batch begin 1"),
        *("test batch end 1", "test batch begin 2", "test batch end 2", "test end"),
    ]
    assert short(heard) == [
        "train begin",
        *("epoch begin 0", *epoch, "epoch end 0"),
        *("epoch begin 1", *epoch, "epoch end 1"),
        "train end",
    ]
    names = {"loss", "penalty", "accuracy"}
    for name, *_, logs in heard:
        validation = {f"val_{n}" for n in names} if name in ("on_epoch_end", "on_train_end") else ()
        begins = "begin" in name
        assert set(logs) == (set() if begins else names | set(validation)), name
    last = [logs for name, *_, logs in heard if name == "on_test_end"]
    assert [logs["loss"] for logs in last] == history["val_loss"]
    assert [logs["accuracy"] for logs in last] == history["val_accuracy"]


def test_logs_of_a_validation_are_the_means_so_far(eager):
    x, y = data()
    callback, heard = listener("on_test_batch_end")
    model = net(run_eagerly=eager)
    model.fit(x, y, validation_data=(x, y), validation_batch_size=20, callbacks=callback, verbose=0)
    prediction = model.predict(x, verbose=0).astype(float)
    errors = ((prediction - y) ** 2).mean(axis=1)
    penalty = sum(loss.item() for loss in model.losses)
    for (_, batch, logs), rows in zip(heard, (20, 40, 50), strict=True):
        assert batch == rows // 20 - (rows < 50)
        assert logs["loss"] == pytest.approx(errors[:rows].mean() + penalty, rel=1e-5)
        assert logs["penalty"] == pytest.approx(penalty, rel=1e-5)


def test_hooks_of_evaluate(eager):
    x, y = data(3)
    callback, heard = listener(*HOOKS)
    model = net(3, metrics=["accuracy"], run_eagerly=eager)
    found = model.evaluate(x, y, batch_size=20, callbacks=callback, verbose=0, return_dict=True)
    batches = [f"test batch {what} {n}" for n in range(3) for what in ("begin", "end")]
    assert short(heard) == ["test begin", *batches, "test end"]
    means = [logs for name, *_, logs in heard if name == "on_test_batch_end"]
    assert means[-1] == heard[-1][-1] == found
    first = model.evaluate(x[:20], y[:20], verbose=0, return_dict=True)
    assert means[0] == pytest.approx(first, rel=1e-6)
    heard.clear()
    model.evaluate(x, y, batch_size=20, steps=2, callbacks=callback, verbose=0)
    assert short(heard) == ["test begin", *batches[:4], "test end"]


def test_hooks_of_predict(eager):
    x, _ = data(3)
    callback, heard = listener(*HOOKS)
    model = net(3, run_eagerly=eager)
    found = model.predict(x, batch_size=20, callbacks=callback, verbose=0)
    batches = [f"predict batch {what} {n}" for n in range(3) for what in ("begin", "end")]
    assert short(heard) == ["predict begin", *batches, "predict end"]
    parts = [logs["outputs"] for name, *_, logs in heard if name == "on_predict_batch_end"]
    assert np.concatenate(parts).tobytes() == found.tobytes()
    assert [len(part) for part in parts] == [20, 20, 10]


# ---- the display, while something runs ----------------------------------------------------------


class Terminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Standard output within a `with`: a wide terminal."""
    monkeypatch.setenv("COLUMNS", "200")
    return contextlib.redirect_stdout(Terminal())


class Slow(Callback):
    """Takes longer than the display waits between two of its redraws, after the first batch; keeps
    the logs of each."""

    def __init__(self):
        self.logs = []

    def on_train_batch_end(self, batch, logs=None):
        self.logs.append(logs)
        if batch == 0:
            time.sleep(0.12)

    on_test_batch_end = on_predict_batch_end = on_train_batch_end


def drawn(stream, step=2):
    """The line after so many batches and the last one, of those drawn over one another."""
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", stream.getvalue()) if line.strip()]
    (live,) = (line for line in lines if f"{step}/5 [" in line)
    return live, lines[-1]


def test_fit_redraws_within_an_epoch(terminal, eager):
    x, y = data(3)
    model, slow = net(3, run_eagerly=eager), Slow()
    with terminal as stream:
        history = model.fit(x, y, batch_size=10, callbacks=slow, verbose=1).history
    live, last = drawn(stream)
    assert re.match(r"Epoch 1/1  2/5 \[█+ +\] ETA \d+s - loss: ", live)
    assert re.match(r"Epoch 1/1  5/5 \[█+\] \S+s/step - loss: ", last)
    assert f"loss: {slow.logs[1]['loss']:.4f} (data " in live
    assert f"loss: {history['loss'][0]:.4f} (data " in last


def test_evaluate_redraws_within_its_batches(terminal, eager):
    x, y = data(3)
    model, slow = net(3, metrics=["accuracy"], run_eagerly=eager), Slow()
    with terminal as stream:
        found = model.evaluate(x, y, batch_size=10, callbacks=slow, verbose=1, return_dict=True)
    live, last = drawn(stream)
    assert re.match(r"2/5 \[█+ +\] ETA \d+s - loss: ", live)
    assert re.match(r"5/5 \[█+\] \S+s/step - loss: ", last)
    for line, logs in ((live, slow.logs[1]), (last, found)):
        assert f"loss: {logs['loss']:.4f} (data " in line
        assert line.endswith(f"accuracy: {logs['accuracy']:.4f}")


def test_predict_redraws_within_its_batches(terminal, eager):
    x, _ = data(3)
    model = net(3, run_eagerly=eager)
    with terminal as stream:
        model.predict(x, batch_size=10, callbacks=Slow(), verbose=1)
    live, last = drawn(stream, 1)  # hooks come before the display here
    assert re.fullmatch(r"1/5 \[█+ +\] ETA \d+s", live)
    assert re.fullmatch(r"5/5 \[█+\] \S+s/step", last)


def test_evaluate_writes_one_line_into_a_pipe(capsys):
    x, y = data(3)
    found = net(3).evaluate(x, y, batch_size=10, verbose=1)
    line = capsys.readouterr().out
    assert re.fullmatch(r"5/5 \S+s/step - loss: (\d+\.\d{4}) \(data .*\)\n", line)
    assert f"loss: {found:.4f}" in line
    net(3).evaluate(x[: ROWS // 2], y[: ROWS // 2], batch_size=10, verbose=0)
    assert capsys.readouterr().out == ""
