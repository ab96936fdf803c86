"""Interrupts at random moments of training, testing, predicting and saving.

    python tests/campaigns/interrupts.py --count 10000

A timer raises KeyboardInterrupt in the main thread after 0.05 to 3 ms of a call. Then another
thread must be able to train, test, predict with and save the same model, and the main thread must
have its switches as before: gradients on, no recording, no call, NumPy's warnings and memory. The
seed that is printed makes the same choices again, though not the same moments.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import faulthandler
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy._core.multiarray import get_handler_name

import corereg
from corereg import _kernels, layers, losses, optimizers
from corereg.autograd import Tensor, enable_grad, is_grad_enabled, no_grad
from corereg.models import Sequential

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
                *("predict", "predict_one", "train_on_batch", "test_on_batch", "save", "record"),
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
        models = [self.model] if self.new_model is None else [self.model, self.new_model]
        self.new_model = None
        for model in models:
            checked = self.checker.submit(self.use, model, load)
            try:
                checked.result(PATIENCE)
            except TimeoutError:
                faulthandler.dump_traceback(all_threads=True)
                print("a thread waits for ever", flush=True)
                os._exit(1)

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


def interrupted(call: Callable[[], None], delay: float) -> str:
    """Calls again and again until the timer interrupts. Returns what was raised: KeyboardInterrupt,
    another exception that took its place on the way out, or "nothing" if it was raised in a
    finalizer, where Python drops exceptions."""
    armed = False

    def interrupt(number: int, frame: object) -> None:
        if armed:
            raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, interrupt)
    lost_after = time.monotonic() + delay + 0.5
    try:
        armed = True
        signal.setitimer(signal.ITIMER_REAL, delay)
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
        return type(error).__name__
    return "nothing"


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


def run(count: int, seed: int, folder: Path) -> int:
    """Interrupts so many calls; prints what was tried and returns how many checks failed."""
    rng = random.Random(seed)
    campaigns = [Campaign(folder, eager) for eager in (False, True)]
    tried: collections.Counter[str] = collections.Counter()
    raised: collections.Counter[str] = collections.Counter()
    failures = 0
    began = time.monotonic()
    for number in range(count):
        campaign = campaigns[rng.random() < 0.25]
        name = rng.choice(list(campaign.actions))
        delay = SHORTEST * (LONGEST / SHORTEST) ** rng.random()
        busy = rng.random() < 0.3
        around = beside(campaign.model, campaign.x[:2]) if busy else contextlib.nullcontext()
        with around:
            raised[interrupted(campaign.actions[name], delay)] += 1
        tried[name] += 1
        try:
            campaign.check(load=number % 20 == 0)
        except Exception as error:
            failures += 1
            print(f"FAILED after interrupt {number} in {name}: {error!r}", flush=True)
    seconds = time.monotonic() - began
    for campaign in campaigns:
        campaign.checker.shutdown()
    print(f"seed {seed}: {count} interrupts in {seconds:.1f} s: {dict(sorted(tried.items()))}")
    print(f"raised: {dict(raised)}; failures: {failures}")
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="how many interrupts")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    sys.unraisablehook = lambda dropped: None  # what finalizers raise is lost, as Python has it
    seed = random.randrange(2**32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        return 1 if run(options.count, seed, Path(folder)) else 0


if __name__ == "__main__":
    sys.exit(main())
