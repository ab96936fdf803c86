"""Ctrl-C, exceptions and second threads in the middle of training."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from small import ROWS, bits, data, held_fit, net

import corereg
from corereg import layers
from corereg.callbacks import Callback, LambdaCallback
from corereg.training import fit as fit_module


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


@pytest.mark.parametrize("where", ["forward", "loss", "penalty", "backward", "update"])
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
        "penalty": (fit_module, "penalty"),
        "backward": (corereg.Tensor, "backward"),
        "update": (type(model.optimizer), "update"),
    }[where]
    with monkeypatch.context() as patch:
        patch.setattr(target, name, interrupt)
        interrupted_run(model, x, y, None)
    assert bits(model) == before
    assert all(p.grad is None for p in model.weights)
    assert model.train_on_batch(x, y) == twin.train_on_batch(x, y)
    assert bits(model) == bits(twin)


CHILD = """
import signal
import sys
import numpy as np
import corereg
from corereg.layers import Dense

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job's is ignored

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


@pytest.mark.skipif(os.name != "posix", reason="needs timers")
def test_interrupts_at_random_moments():
    """A small run of the campaign; COREREG_INTERRUPTS sets how many seconds."""
    seconds = os.environ.get("COREREG_INTERRUPTS", "2")
    tests = Path(__file__).parent
    run = subprocess.run(
        [sys.executable, tests / "campaigns" / "interrupts.py", "--seconds", seconds],
        env={**os.environ, "PYTHONPATH": str(Path(corereg.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert ", 0 failures" in run.stdout


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
    with held_fit(model, x, y):
        before, history = bits(model), model.history
        for train in (lambda: model.fit(x, y, verbose=0), lambda: model.train_on_batch(x, y)):
            with pytest.raises(RuntimeError, match="being trained by another call"):
                train()
        assert bits(model) == before
        assert model.history is history
        assert model.predict(x, verbose=0).shape == (ROWS, 1)  # reading is allowed
    assert bits(model) != before
    assert len(history.history["loss"]) == 1
    model.fit(x, y, verbose=0)


@pytest.mark.parametrize(
    ("who", "change"),
    [
        ("compile", lambda model: model.compile("sgd", "mae")),
        ("Sequential.add", lambda model: model.add(layers.Dense(1))),
        ("Sequential.pop", lambda model: model.pop()),
        ("train_on_batch", lambda model: model.train_on_batch(*data())),
    ],
)
def test_a_model_keeps_its_shape_during_fit(who, change):
    x, y = data()
    model = net()
    before = model.optimizer, model.layers

    def act(epoch, logs):
        with pytest.raises(RuntimeError, match=f"{who}: .*model is being trained"):
            change(model)

    model.fit(x, y, callbacks=LambdaCallback(on_epoch_begin=act), verbose=0)
    assert before == (model.optimizer, model.layers)
    change(model)


def test_models_trained_in_threads_beside_each_other():
    x, y = data(3)
    runs = []
    for together in (False, True):
        models = [net(3, dropout=0.2) for _ in range(4)]
        go = threading.Barrier(4 if together else 1)

        def train(model, go=go):
            go.wait(10)
            model.fit(x, y, batch_size=4, epochs=40, shuffle=False, verbose=0)

        threads = [threading.Thread(target=train, args=(model,)) for model in models]
        for thread in threads:
            thread.start()
            if not together:
                thread.join(10)
        for thread in threads:
            thread.join(10)
        runs.append([bits(model) for model in models])
    assert runs[0] == runs[1]
    assert runs[0][0] == runs[0][3]


def test_predict_beside_training():
    x, y = data(3)
    model, twin = net(3, dropout=0.2), net(3, dropout=0.2)
    options = {"batch_size": 4, "epochs": 20, "shuffle": False, "verbose": 0}
    twin.fit(x, y, **options)
    found = []

    def read():
        while len(found) < 30:
            found.append(model.predict(x, verbose=0))

    reader = threading.Thread(target=read)
    reader.start()
    model.fit(x, y, **options)
    reader.join(10)
    assert bits(model) == bits(twin)
    assert len(found) == 30
    assert all(out.sum(axis=1) == pytest.approx(1) for out in found)


def test_a_callback_that_raises_leaves_the_model_usable():
    x, y = data()
    model = net()

    def fail(epoch, logs):
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        model.fit(x, y, callbacks=LambdaCallback(on_epoch_end=fail), verbose=0)
    assert model.fit(x, y, verbose=0).history["loss"][0] > 0
