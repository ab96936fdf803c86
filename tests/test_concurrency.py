"""Many threads predict on one model; several models train side by side."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from small import bits, data, held_fit, net

import corereg
from corereg import _kernels, layers
from corereg.callbacks import LambdaCallback
from corereg.models import Sequential


def together(*functions):
    """Runs functions in threads that begin at once; raises what they raise."""
    go, errors = threading.Barrier(len(functions)), []

    def run(function):
        try:
            go.wait(20)
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    if errors:
        raise errors[0]


@pytest.mark.parametrize("eager", [False, True])
def test_predict_in_many_threads(eager):
    corereg.set_random_seed(2)
    model = Sequential([layers.Input((40,)), layers.Dense(300, "relu"), layers.Dense(30, "tanh")])
    model.compile("sgd", "mse", run_eagerly=eager)
    rng = np.random.default_rng(0)
    xs = [rng.standard_normal((rows, 40)).astype("f4") for rows in (1, 1, 3, 300, 300, 1500)]
    expected = [model.predict(x, verbose=0).tobytes() for x in xs]
    wrong = []

    def read(i):
        for n in range(40):
            k = (i + n) % len(xs)
            if model.predict(xs[k], verbose=0).tobytes() != expected[k]:
                wrong.append(k)

    together(*[lambda i=i: read(i) for i in range(6)])
    assert not wrong


def test_each_call_at_the_same_time_has_its_own_memory():
    """A workspace is taken while it is in use, so a second call makes another."""
    model = net(3)
    x = data(3)[0]
    model.predict(x, verbose=0)
    pool, signature = model._trainer.forward_pool, ((x.shape, x.dtype),)
    workspace = pool.take(signature)
    assert workspace.signature == signature
    assert pool.take(signature) is None
    assert pool(x) is None
    expected = model.predict(x, verbose=0)
    pool.give(workspace)
    one, other = pool.take(signature), pool.take(signature)
    assert one is not other
    assert not np.shares_memory(one.inputs[0], other.inputs[0])
    assert not np.shares_memory(one.outputs[0], other.outputs[0])
    for taken in (one, other):
        out = np.empty_like(expected)
        pool.run(taken, (x,), (out,))
        assert np.array_equal(out, expected)


def test_a_first_forward_pass_gives_its_workspace_away_after_its_result_is_copied(monkeypatch):
    """Once it is in the pool, another thread may run it on other rows before this one goes on."""
    model = net(3)
    x = data(3)[0]
    expected = model.predict(x, verbose=0)
    model = net(3)

    class BusyPool:
        """Whatever is given is taken at once by another user, for other rows."""

        def __init__(self, snapshot, lock):
            self.pool = pool(snapshot, lock)

        def give(self, workspace):
            workspace.outputs[0][...] = np.nan
            self.pool.give(workspace)

    pool = _kernels.ForwardPool
    monkeypatch.setattr(_kernels, "ForwardPool", BusyPool)
    assert np.array_equal(model.predict(x, verbose=0), expected)


def test_models_record_and_train_side_by_side():
    """Recordings of several threads at once do not mix."""
    x, y = data(3)
    alone = net(3, dropout=0.2)
    options = {"batch_size": 7, "epochs": 3, "shuffle": False, "verbose": 0}
    alone.fit(x, y, validation_data=(x, y), **options)
    for _ in range(5):
        models = [net(3, dropout=0.2) for _ in range(6)]
        together(*[lambda m=m: m.fit(x, y, validation_data=(x, y), **options) for m in models])
        assert [bits(m) for m in models] == [bits(alone)] * 6


def test_two_recordings_at_once_in_two_threads():
    a, b = np.ones((3, 3), "f4"), np.ones((3, 3), "f4")
    inner, outer = _kernels.Program(), _kernels.Program()

    def other():
        with inner:
            _kernels.add(b, b)
            _kernels.add(b, b)

    with outer:
        together(other)
        _kernels.add(a, a)
    assert (len(outer), len(inner)) == (1, 2)
    assert outer.fault is None
    assert inner.fault is None
    _kernels.add(a, a)
    assert len(outer) == 1


def reader_of(lock, log):
    """A thread that reads once."""

    def read():
        with lock.reading:
            log.append("read")

    return threading.Thread(target=read)


def test_a_reader_waits_for_the_writer_and_gets_its_turn():
    lock, log = _kernels.ReadWriteLock(), []
    reader = reader_of(lock, log)
    with lock.writing:
        with lock.reading:  # one's own thread may look
            pass
        reader.start()
        while not lock.waiting:
            time.sleep(0.001)
        log.append("wrote")
    for _ in range(100):
        with lock.writing:
            log.append("again")
    reader.join(10)
    assert log[:3] == ["wrote", "read", "again"]
    assert len(log) == 102


def test_the_writer_waits_for_readers():
    lock = _kernels.ReadWriteLock()
    log = []

    def write():
        with lock.writing:
            log.append("wrote")

    with lock.reading:
        with lock.reading:
            writer = threading.Thread(target=write)
            writer.start()
            time.sleep(0.02)
        time.sleep(0.02)
        assert not log
    writer.join(10)
    assert log == ["wrote"]


@pytest.mark.parametrize("eager", [False, True])
def test_predict_beside_training_sees_weights_between_two_steps(eager):
    """All weights of this model are equal after every step, so outputs must be, too."""
    model = Sequential(
        [
            layers.Input((64,)),
            layers.Dense(256, kernel_initializer="ones", use_bias=False),
            layers.Dense(64, kernel_initializer="ones", use_bias=False),
        ]
    )
    model.compile("adam", "mse", run_eagerly=eager)
    x = np.ones((8, 64), "f4")
    seen, values, done = [], set(), threading.Event()

    def read():
        while not done.is_set():
            seen.append(model.predict(x, verbose=0))
            values.add(float(seen[-1][0, 0]))

    def stop(epoch, logs):
        model.stop_training = len(values) > 2

    reader = threading.Thread(target=read)
    reader.start()
    try:
        watch = LambdaCallback(on_epoch_end=stop)
        model.fit(x, x * 0, epochs=200_000, batch_size=8, callbacks=watch, verbose=0)
    finally:
        done.set()
        reader.join(20)
    assert all((out == out[0, 0]).all() for out in seen)
    assert len(values) > 2


def test_evaluate_while_another_thread_trains_raises():
    x, y = data()
    model = net()
    found = model.evaluate(x, y, verbose=0)
    with held_fit(model, x, y):
        for who, test in (
            ("evaluate", lambda: model.evaluate(x, y, verbose=0)),
            ("test_on_batch", lambda: model.test_on_batch(x, y)),
        ):
            with pytest.raises(RuntimeError, match=f"{who}: .*being trained by another thread"):
                test()
    assert model.evaluate(x, y, verbose=0) != found


def test_evaluate_in_several_threads_and_in_callbacks():
    x, y = data(3)
    model = net(3, metrics=["accuracy"])
    expected = model.evaluate(x, y, batch_size=7, verbose=0)
    found = []
    together(
        *[lambda: found.append(model.evaluate(x, y, batch_size=7, verbose=0)) for _ in range(6)]
    )
    assert found == [expected] * 6
    seen = []
    watch = LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(model.evaluate(x, y, verbose=0))
    )
    h = model.fit(x, y, epochs=3, callbacks=watch, validation_data=(x, y), verbose=0).history
    assert [loss for loss, _ in seen] == h["val_loss"]


def test_a_writer_may_enter_again():
    lock, log = _kernels.ReadWriteLock(), []
    reader = reader_of(lock, log)
    with lock.writing:
        with lock.writing:
            reader.start()
            while not lock.waiting:
                time.sleep(0.001)
        time.sleep(0.01)
        log.append("wrote")
    reader.join(10)
    assert log == ["wrote", "read"]


def test_two_writers_take_turns():
    lock = _kernels.ReadWriteLock()
    log = []

    def write(i):
        for _ in range(20):
            with lock.writing:
                log.append(i)
                time.sleep(0.0005)
                log.append(i)

    together(lambda: write(1), lambda: write(2))
    assert len(log) == 80
    assert log[::2] == log[1::2]


CHILD = """
import os, signal, threading, warnings
from corereg import _kernels
lock, held, go = _kernels.ReadWriteLock(), threading.Event(), threading.Event()

def read():
    with lock.reading:
        held.set()
        go.wait()

def write():
    with lock.writing:
        held.set()
        go.wait()

for function in (read, write):
    held.clear()
    go.clear()
    thread = threading.Thread(target=function)
    thread.start()
    held.wait()
    warnings.simplefilter("ignore")  # Python 3.12 on warns of forks beside threads
    child = os.fork()
    if child == 0:
        signal.alarm(5)
        with lock.reading:
            pass
        with lock.writing:
            os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    go.set()
    thread.join()
    with lock.writing:
        pass
print("done")
"""


def test_a_forked_child_waits_for_none_of_its_parents_threads():
    run = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, text=True, timeout=20, check=False
    )
    assert run.stdout == "done\n", run.stderr


@pytest.mark.parametrize("way", ["set_weights", "load_weights", "callback"])
def test_predict_beside_new_weights_sees_all_or_none(way, tmp_path):
    model = Sequential([layers.Input((300,)), layers.Dense(300), layers.Dense(300)])
    model.compile(corereg.optimizers.SGD(0.0), "mse")
    weights = [model.get_weights(), [np.full_like(w, w.ndim == 2) for w in model.get_weights()]]
    x = np.ones((2, 300), np.float32)
    expected = set()
    for i in range(2):
        model.set_weights(weights[i])
        model.save_weights(tmp_path / str(i))
        expected.add(model.predict(x, verbose=0).tobytes())
    found, done = set(), threading.Event()

    def assign(i, logs=None):
        if way == "load_weights":
            model.load_weights(tmp_path / str(i % 2))
        else:
            model.set_weights(weights[i % 2])

    def change():
        try:
            if way == "callback":
                each = LambdaCallback(on_epoch_end=assign)
                model.fit(x, x, epochs=60, verbose=0, callbacks=each)
            else:
                for i in range(60):
                    assign(i)
        finally:
            done.set()

    def look():
        while not done.is_set():
            found.add(model.predict(x, verbose=0).tobytes())

    together(change, look)
    assert found <= expected
