"""Forks beside other threads: the child goes on, or says at once why not."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import corereg
from corereg import _kernels, layers, random
from corereg.models import Sequential

CAMPAIGN = Path(__file__).parent / "campaigns" / "forks.py"
X = np.ones((4, 3), "f4")
HALF = (
    "this process was forked while another thread was in a step of training, so that the weights "
    "here are those of half a step; build the model anew and load its weights from a file, or "
    "fork between two steps"
)


def in_child(function):
    """What a function gives in a forked child, as a text; what it raises, if it does."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # from Python 3.12 on, beside threads
        pid = os.fork()
    if pid == 0:
        signal.alarm(5)
        try:
            found = str(function())
        except BaseException as error:
            found = f"{type(error).__name__}: {error}"
        finally:
            os.write(write, found.encode())
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as file:
        found = file.read()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, "it did not end in time"
    return found


class Waits(Sequential):
    """A model whose step sets its two weights to zero, and waits in between."""

    def train_step(self, data):
        self.weights[0].assign(np.zeros((3, 3)))
        self.inside.set()
        assert self.go_on.wait(20)
        self.weights[1].assign(np.zeros(3))
        return {"loss": 0.0}


@pytest.fixture
def model():
    made = Waits([layers.Input((3,)), layers.Dense(3, bias_initializer="ones")])
    made.compile("adam", "mse", run_eagerly=True)
    made.inside, made.go_on = threading.Event(), threading.Event()
    yield made
    made.go_on.set()


def begin(function, *args):
    thread = threading.Thread(target=function, args=args, daemon=True)
    thread.start()
    return thread


def zero(model):
    """Whether the model is that of a whole step, and can be used."""
    model.predict(X, verbose=0)
    return not any(w.any() for w in model.get_weights())


def test_a_fork_waits_for_the_end_of_the_step(model):
    trainer = begin(model.train_on_batch, X, X)
    assert model.inside.wait(10)
    begin(lambda: (time.sleep(0.05), model.go_on.set()))
    assert in_child(lambda: zero(model)) == "True"
    trainer.join()
    assert zero(model)


def test_a_child_that_could_not_wait_says_so_at_once(model):
    trainer = begin(model.train_on_batch, X, X)
    assert model.inside.wait(10)
    other = Sequential([layers.Input((3,)), layers.Dense(3)])
    other.compile("sgd", "mse")

    def child():
        other.fit(X, X, verbose=0)
        errors = set()
        uses = (
            *(lambda: zero(model), lambda: model.fit(X, X), model.get_weights),
            *(lambda: model.evaluate(X, X), lambda: model.save(io.BytesIO())),
        )
        for use in uses:
            with pytest.raises(RuntimeError) as caught:
                use()
            errors.add(str(caught.value))
        return errors

    _kernels.set_fork_patience(0.1)
    try:
        began = time.monotonic()
        assert in_child(child) == str({HALF})
        assert time.monotonic() - began >= 0.1
    finally:
        _kernels.set_fork_patience(5)
    model.go_on.set()
    trainer.join()
    assert zero(model)


def test_a_step_that_forks_itself(model):
    found = []

    class Forks(Waits):
        def train_step(self, data):
            found.append(in_child(lambda: len(self.get_weights())))
            return super().train_step(data)

    model.__class__ = Forks
    model.go_on.set()
    model.train_on_batch(X, X)
    assert found == ["2"]


def test_two_threads_fork_while_another_one_trains(model):
    model.go_on.set()
    model.train_on_batch(X, X)
    done, found = threading.Event(), []

    def train():
        while not done.is_set():
            model.train_on_batch(X, X)

    trainer = begin(train)
    forking = [
        begin(lambda: found.extend(in_child(lambda: zero(model)) for _ in range(4)))
        for _ in range(2)
    ]
    for thread in forking:
        thread.join(20)
    done.set()
    trainer.join(10)
    assert found == ["True"] * 8


def test_no_lock_stays_held_by_a_thread_that_is_not_there(model):
    held, go_on = threading.Event(), threading.Event()

    def hold(lock):
        with lock:
            held.set()
            go_on.wait(20)

    trainer = model._trainer
    locks = random._process.lock, trainer.lock.training("hold"), trainer.weights_lock.reading
    for lock in locks:
        held.clear()
        begin(hold, lock)
        assert held.wait(10)
    model.go_on.set()

    def child():
        Sequential([layers.Input((3,)), layers.Dense(3)])
        model.train_on_batch(X, X)
        model.evaluate(X, X, verbose=0)
        return zero(model)

    try:
        assert in_child(child) == "True"
    finally:
        go_on.set()


def test_a_child_has_as_many_threads_as_its_parent():
    big = np.ones((300, 300), "f4")
    _kernels.dense_forward(big, big)  # on all threads, which do not live on
    before = corereg.get_num_threads()

    def child():
        found = [corereg.get_num_threads()]
        assert (_kernels.dense_forward(big, big) == 300).all()
        corereg.set_num_threads(1)
        return [*found, corereg.get_num_threads()]

    assert in_child(child) == str([before, 1])
    assert corereg.get_num_threads() == before


@pytest.mark.exhaustive
def test_forks_beside_everything():
    run = subprocess.run(
        [sys.executable, str(CAMPAIGN), "--seconds", "10", "--seed", "5"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("load", [import_module, __import__])
def test_a_fork_waits_for_an_import_of_another_thread(load, tmp_path, monkeypatch):
    """In the child the import's lock would stay held for ever."""
    begun, may_end = threading.Event(), threading.Event()
    (tmp_path / "slowly_imported.py").write_text(
        "from test_forks import WAITING\nWAITING[0].set()\nWAITING[1].wait(60)\nvalue = 7\n"
    )
    monkeypatch.setattr(corereg, "__path__", [*corereg.__path__, str(tmp_path)])
    name = "corereg.slowly_imported"
    WAITING[:] = begun, may_end
    importer = threading.Thread(target=load, args=(name,))
    importer.start()
    assert begun.wait(60)
    threading.Timer(0.2, may_end.set).start()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # from Python 3.12 on, beside threads
        pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        load(name)
        os._exit(sys.modules[name].value)
    importer.join()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    del sys.modules[name]


WAITING: list[threading.Event] = []
