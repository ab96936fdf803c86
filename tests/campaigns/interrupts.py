"""Interrupts at random moments of every public call that trains, tests, predicts, saves or loads.

    python tests/campaigns/interrupts.py --seconds 60

A timer, or a SIGINT from another thread, raises KeyboardInterrupt in the main thread after 0.05 to
3 ms of a call. Then another thread must be able to train, test, predict with and save the same
model, and the main thread must have its switches as before: gradients on, no recording, no call,
NumPy's warnings and memory. The history has all epochs from the first and as many entries of each
kind. The seed that is printed makes the same choices again, though not the same moments.
"""

from __future__ import annotations

import _imp
import collections
import contextlib
import copy
import pickle
import queue
import random
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from harness import Tally, give_up_after, main
from numpy._core.multiarray import get_handler_name

import corereg
from corereg import _kernels, layers, losses, optimizers
from corereg.autograd import Tensor, enable_grad, is_grad_enabled, no_grad
from corereg.models import Model, Sequential

SHORTEST, LONGEST = 50e-6, 3e-3  # seconds until the interrupt
PATIENCE = 60.0  # seconds after which a thread counts as stuck
ROWS = 48


def make_model(eager: bool) -> Sequential:
    """A compiled model that is not built yet."""
    model = Sequential(
        [
            layers.Dense(8, "relu", kernel_regularizer="l2", activity_regularizer="l1"),
            layers.Dropout(0.2),
            layers.Dense(3, "softmax"),
        ]
    )
    model.compile(
        "adam", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=eager
    )
    return model


def make_graph(eager: bool) -> Model:
    """A compiled model of two inputs that share a layer."""
    a, b = layers.Input((6,)), layers.Input((6,))
    shared = layers.Dense(5, "tanh")
    model = Model([a, b], layers.Dense(3, "softmax")(shared(a) * 2 + shared(b)))
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=eager)
    return model


class Campaign:
    """A model, the calls that are interrupted, and what must hold afterwards."""

    def __init__(self, folder: Path, eager: bool) -> None:
        rng = np.random.default_rng(0)
        self.x = rng.standard_normal((ROWS, 6)).astype("f4")
        self.y = rng.integers(0, 3, ROWS)
        self.eager = eager
        self.model = make_model(eager)
        self.model.fit(self.x, self.y, verbose=0)
        self.shapes = [w.shape for w in self.model.get_weights()]
        self.new_model: Sequential | None = None
        self.path = folder / f"model{eager}.corereg"
        self.saved = folder / f"saved{eager}.corereg"
        self.model.save(self.saved)
        self.weights = self.model.get_weights()
        self.pair = make_graph(eager)
        self.linear, self.loss = layers.Dense(6), losses.MeanSquaredError()
        self.linear.ensure_built((None, 6))
        self.optimizer = optimizers.SGD(0.01)
        self.optimizer.build(self.linear.weights)
        self.step = corereg.record(self.descend)
        for _ in range(2):  # Python runs it twice, and an interrupt may leave gradients then
            self.step(self.x)
        self.lock, self.training = _kernels.ReadWriteLock(), _kernels.TrainingLock()
        self.checker = ThreadPoolExecutor(1)
        self.actions = {
            name: getattr(self, name)
            for name in (
                *("locks", "switches", "gradients", "first_fit", "fit", "fit_ahead", "evaluate"),
                *("predict", "predict_one", "predict_on_batch", "call", "train_on_batch"),
                *("test_on_batch", "save", "save_weights", "load", "load_weights", "get_weights"),
                *("set_weights", "record", "callbacks", "generator", "graph", "adapt", "copies"),
            )
        }

    def descend(self, x: Tensor) -> Tensor:
        loss = self.loss(x, self.linear(x))
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss

    # ---- what is interrupted --------------------------------------------------------------------

    def locks(self) -> None:
        for _ in range(50):
            with self.training.training("locks", lambda: None), self.training.testing:
                with self.lock.writing, self.lock.writing, self.lock.reading:
                    pass
                with self.lock.reading, self.lock.reading:
                    pass

    def switches(self) -> None:
        same = no_grad()
        for _ in range(50):
            with no_grad(), enable_grad(), same, same, _kernels.ignore_float_errors():
                pass
            with _kernels.CallContext(True), _kernels.CallContext(), _kernels.CacheLines():
                pass
            with _kernels.Program():
                np.zeros(3)

    def gradients(self) -> None:
        weights = Tensor(np.ones((4, 4)), requires_grad=True)
        for _ in range(10):
            (weights * weights).exp().sum().backward()

    def first_fit(self) -> None:
        self.new_model = make_model(self.eager)
        self.new_model.fit(self.x, self.y, batch_size=10, verbose=0)

    def fit(self) -> None:
        self.model.fit(
            *(self.x, self.y), batch_size=7, epochs=2, verbose=0, validation_split=0.2,
            callbacks=corereg.callbacks.Callback(),
        )  # fmt: skip

    def fit_ahead(self) -> None:
        self.model.fit(self.x, self.y, batch_size=16, epochs=40, verbose=0)

    def evaluate(self) -> None:
        self.model.evaluate(self.x, self.y, batch_size=10, verbose=0)

    def predict(self) -> None:
        self.model.predict(self.x, batch_size=9, verbose=0)

    def predict_one(self) -> None:
        for i in range(20):
            self.model.predict(self.x[i : i + 1], verbose=0)

    def train_on_batch(self) -> None:
        self.model.train_on_batch(self.x, self.y)

    def test_on_batch(self) -> None:
        self.model.test_on_batch(self.x, self.y)

    def save(self) -> None:
        self.model.save(self.path)

    def predict_on_batch(self) -> None:
        self.model.predict_on_batch(self.x)

    def call(self) -> None:
        self.model(self.x, training=True)

    def save_weights(self) -> None:
        self.model.save_weights(self.path.with_suffix(".weights"))

    def load(self) -> None:
        self.new_model = None
        self.new_model = corereg.models.load_model(self.saved)

    def load_weights(self) -> None:
        self.model.load_weights(self.saved)

    def get_weights(self) -> None:
        for _ in range(20):
            self.model.get_weights()

    def set_weights(self) -> None:
        for _ in range(5):
            self.model.set_weights(self.weights)

    def callbacks(self) -> None:
        callbacks = corereg.callbacks
        self.model.fit(
            *(self.x, self.y), epochs=3, verbose=0, validation_data=(self.x, self.y),
            callbacks=[
                callbacks.EarlyStopping(patience=1, restore_best_weights=True),
                callbacks.ModelCheckpoint(self.path.with_suffix(".best")),
                callbacks.ReduceLROnPlateau(patience=1),
                callbacks.LearningRateScheduler(lambda epoch, rate: 0.01),
                callbacks.CSVLogger(self.path.with_suffix(".csv")),
            ],
        )  # fmt: skip

    def generator(self) -> None:
        batches = ((self.x[i : i + 8], self.y[i : i + 8]) for i in range(0, ROWS, 8))
        self.model.fit(batches, verbose=0)

    def graph(self) -> None:
        self.pair.fit([self.x, self.x], self.y, verbose=0, batch_size=11)
        self.pair.predict([self.x, self.x], verbose=0)

    def adapt(self) -> None:
        layers.Normalization().adapt(self.x)
        layers.StringLookup().adapt(np.array(["a", "b"] * 30))

    def copies(self) -> None:
        copied = pickle.loads(pickle.dumps(self.model))
        copy.deepcopy(self.model)
        corereg.models.clone_model(copied)

    def record(self) -> None:
        for _ in range(5):
            self.step(self.x)

    # ---- what must hold -------------------------------------------------------------------------

    def check(self, load: bool) -> None:
        """Raises AssertionError for a switch that is off, and what another thread's calls raise."""
        assert is_grad_enabled(), "gradients are off"
        assert _kernels.current_call() is None, "a call is still under way"
        assert np.geterr()["over"] == "warn", "NumPy's warnings are off"
        assert get_handler_name() == "default_allocator", "arrays come from corereg's memory"
        with _kernels.Program():  # RuntimeError if a recording is still under way
            pass
        history = getattr(self.model, "history", None)
        if history is not None:
            lengths = {len(values) for values in history.history.values()} | {len(history.epoch)}
            assert len(lengths) == 1, f"the history has {lengths} entries"
            assert history.epoch == list(range(len(history.epoch))), f"epochs {history.epoch}"
        self.pair.train_on_batch([self.x, self.x], self.y)
        models = [self.model] if self.new_model is None else [self.model, self.new_model]
        self.new_model = None
        for model in models:
            checked = self.checker.submit(self.use, model, load)
            try:
                checked.result(PATIENCE)
            except TimeoutError:
                give_up_after(0.01)
                threading.Event().wait()

    def use(self, model: Sequential, load: bool) -> None:
        """All that a model must still be able to do."""
        with self.training.training("check"), self.lock.writing, self.lock.reading:
            pass
        assert np.isfinite(self.step(self.x).item())
        assert np.isfinite(model.train_on_batch(self.x, self.y)).all()
        assert [w.shape for w in model.get_weights()] == self.shapes
        assert np.isfinite(model.evaluate(self.x, self.y, verbose=0)).all()
        expected = model.predict(self.x, verbose=0)
        assert np.allclose(expected.sum(axis=1), 1, atol=1e-5)
        assert all(p.grad is None for p in model.weights)
        model.save(self.path)
        if load:
            loaded = corereg.models.load_model(self.path)
            assert loaded.predict(self.x, verbose=0).tobytes() == expected.tobytes()


class Sender:
    """A thread that sends SIGINT to the main thread."""

    def __init__(self) -> None:
        self.delays: queue.SimpleQueue[float | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.send, daemon=True)
        self.thread.start()

    def send(self) -> None:
        main_thread = threading.main_thread().ident
        while (delay := self.delays.get()) is not None:
            time.sleep(delay)
            signal.pthread_kill(main_thread, signal.SIGINT)


def interrupted(call: Callable[[], None], delay: float, sender: Sender | None) -> str:
    """Calls again and again until it is interrupted, by a timer if there is no sender. Returns what
    was raised: KeyboardInterrupt, another exception that took its place on the way out, or
    "nothing" if it was raised in a finalizer, where Python drops exceptions."""
    armed = False
    come = threading.Event()

    def interrupt(number: int, frame: object) -> None:
        come.set()
        if armed:
            raise KeyboardInterrupt

    signal.signal(signal.SIGALRM if sender is None else signal.SIGINT, interrupt)
    lost_after = time.monotonic() + delay + 0.5
    result = "nothing"
    try:
        armed = True
        if sender is None:
            signal.setitimer(signal.ITIMER_REAL, delay)
        else:
            sender.delays.put(delay)
        try:
            while time.monotonic() < lost_after:
                call()
        finally:
            armed = False
    except BaseException as error:
        armed = False
        found: BaseException | None = error
        while not isinstance(found, KeyboardInterrupt):
            if found is None:
                raise
            found = found.__context__
        result = type(error).__name__
    while not come.wait(0.01):  # so that no signal is left for the next call
        pass
    return result


def free_import_lock() -> bool:
    """Whether Python still held its lock of all imports, which this gives back. Its import
    statement leaves the lock held if an interrupt comes between the call that takes it and the try
    statement below, and then no other thread can import any more. That is Python's own fault."""
    held = _imp.lock_held()
    while _imp.lock_held():
        _imp.release_lock()
    return held


@contextlib.contextmanager
def beside(model: Sequential, x: object) -> Iterator[None]:
    """Predicts in another thread all the while, so that locks are waited for."""
    done = threading.Event()

    def read() -> None:
        while not done.wait(0.0002):
            model.predict(x, verbose=0)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        done.set()
        reader.join()


def run(seconds: float, seed: int) -> int:
    sys.unraisablehook = lambda dropped: None  # what finalizers raise is lost, as Python has it
    warnings.simplefilter("ignore")
    rng, sender = random.Random(seed), Sender()
    with tempfile.TemporaryDirectory() as folder:
        campaigns = [Campaign(Path(folder), eager) for eager in (False, True)]
        tally = Tally(seconds, seed)
        tried: collections.Counter[str] = collections.Counter()
        number = 0
        while tally.goes_on:
            give_up_after(3 * PATIENCE)
            campaign = campaigns[rng.random() < 0.25]
            name = rng.choice(list(campaign.actions))
            delay = SHORTEST * (LONGEST / SHORTEST) ** rng.random()
            busy = rng.random() < 0.3
            around = beside(campaign.model, campaign.x[:2]) if busy else contextlib.nullcontext()
            way = sender if rng.random() < 0.5 else None
            try:
                with around:
                    raised = interrupted(campaign.actions[name], delay, way)
                tally.count(f"by {'a timer' if way is None else 'SIGINT'}, raised {raised}")
                tried[name] += 1
                if free_import_lock():
                    tally.count("left Python's lock of imports held")
                campaign.check(load=number % 20 == 0)
            except Exception as error:
                tally.fail_with(error, f"interrupt in {name}")
            number += 1
        for campaign in campaigns:
            campaign.checker.shutdown()
    sender.delays.put(None)
    print(f"interrupted: {dict(sorted(tried.items()))}")
    return tally.report()


if __name__ == "__main__":
    main(run, __doc__)
