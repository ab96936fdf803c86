"""Forks beside whatever other threads do with models: the child goes on, or says at once why not.

    python tests/campaigns/forks.py --seconds 60

Threads train, test, predict with, save and make models all the while. The main thread forks, by
os.fork and by multiprocessing. Each child uses the same models: it predicts, tests, trains, saves,
loads, draws random numbers and makes a model. It has to end in time, and the weights that it finds
have to be those of a finished step. The seed that is printed makes the same choices again, though
not the same moments.
"""

from __future__ import annotations

import collections
import faulthandler
import io
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from harness import main

import corereg
from corereg import layers
from corereg.callbacks import LambdaCallback
from corereg.models import Sequential, load_model

ROWS = 256
REFUSED = 7  # the exit code of a child that says that its weights are those of half a step
TIME_LIMIT = 20  # seconds that a child may take; it takes far less
THREADS = corereg.get_num_threads()


class Slow(layers.Layer):
    """A layer that no recording replays, so that steps run through Python."""

    def call(self, x: Any) -> Any:
        time.sleep(0)
        return x * 1.0


def make_model(width: int, eager: bool = False) -> Sequential:
    """A compiled model of which every weight is the same number after each step: all begin as one,
    and all gradients are the same."""
    model = Sequential(
        [
            layers.Input((width,)),
            layers.Dense(width, use_bias=False, kernel_initializer="ones"),
            *([Slow()] if eager else []),
        ]
    )
    model.compile("adam", "mse", metrics=["mae"], run_eagerly=eager)
    return model


class Campaign:
    """Models, threads that use them, and what a child does."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.widths = {"small": 8, "large": 400, "eager": 32}
        self.models = {n: make_model(w, n == "eager") for n, w in self.widths.items()}
        self.data = {n: np.ones((ROWS, w), "f4") for n, w in self.widths.items()}
        for name, model in self.models.items():
            x = self.data[name]
            model.fit(x, x * 0, batch_size=32, verbose=0)
            model.evaluate(x, x * 0, verbose=0)
            model.predict(x, verbose=0)
        self.done = threading.Event()
        self.errors: list[str] = []

    # ---- what threads do -------------------------------------------------------------------------

    def fit(self, name: str) -> None:
        x = self.data[name]
        self.models[name].fit(x, x * 0, batch_size=32, epochs=3, verbose=0)

    def observed_fit(self, name: str) -> None:
        x, each = self.data[name], LambdaCallback(on_train_batch_end=lambda batch, logs=None: None)
        self.models[name].fit(x, x * 0, batch_size=32, verbose=0, callbacks=each)

    def train_on_batch(self, name: str) -> None:
        x = self.data[name]
        self.models[name].train_on_batch(x, x * 0)

    def evaluate(self, name: str) -> None:
        x = self.data[name]
        self.models[name].evaluate(x, x * 0, verbose=0)

    def predict(self, name: str) -> None:
        self.models[name].predict(self.data[name], verbose=0)

    def predict_one(self, name: str) -> None:
        self.models[name].predict(self.data[name][:1], verbose=0)

    def save(self, name: str) -> None:
        self.models[name].save(os.path.join(self.folder, f"{name}.corereg"))

    def make(self, name: str) -> None:
        make_model(self.widths[name], name == "eager").predict(self.data[name], verbose=0)

    ACTIVITIES = (
        *("fit", "observed_fit", "train_on_batch", "evaluate", "predict", "predict_one"),
        *("save", "make"),
    )

    def keep_busy(self, activity: str, name: str, until: threading.Event) -> None:
        """Does one thing until it is told to end."""
        while not until.is_set():
            try:
                getattr(self, activity)(name)
            except RuntimeError as error:  # trained by two threads at once: refused
                if "trained by another" not in str(error):
                    self.errors.append(f"{activity} {name}: {error}")
            except Exception as error:
                self.errors.append(f"{activity} {name}: {error!r}")

    # ---- what a child does -----------------------------------------------------------------------

    def use(self, name: str) -> None:
        """All that a child must be able to do with a model."""
        model, x = self.models[name], self.data[name]
        for weight in model.get_weights():
            assert (weight == weight.flat[0]).all(), "the weights are of half a step"
        for state in model.optimizer.state:
            assert (state == state.flat[0]).all(), "the optimizer's state is of half a step"
        assert corereg.get_num_threads() == THREADS
        expected = model.predict(x, verbose=0)
        assert np.isfinite(model.evaluate(x, x * 0, verbose=0)).all()
        file = io.BytesIO()
        model.save(file)
        file.seek(0)
        loaded = load_model(file, custom_objects={"Slow": Slow})
        assert loaded.predict(x, verbose=0).tobytes() == expected.tobytes()
        history = model.fit(x, x * 0, batch_size=32, epochs=2, verbose=0).history
        assert np.isfinite(history["loss"]).all()
        model.train_on_batch(x, x * 0)
        assert model.optimizer.steps == loaded.optimizer.steps + 2 * ROWS // 32 + 1
        self.make(name)

    def child(self) -> None:
        """Ends the process: with 0 if all is well."""
        faults = 1
        try:
            faulthandler.dump_traceback_later(TIME_LIMIT - 2)  # where one that hangs is
            signal.alarm(TIME_LIMIT)
            for name in self.models:
                self.use(name)
            corereg.set_random_seed(3)
            faults = 0
        except RuntimeError as error:
            if "was forked while" in str(error):
                faults = REFUSED
            else:
                traceback.print_exc()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(faults)


def fork_once(child: Callable[[], None], way: str) -> int:
    """The exit code of a child, minus the signal that ended it."""
    if way == "multiprocessing":
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join(2 * TIME_LIMIT)
        return 99 if process.exitcode is None else process.exitcode
    pid = os.fork()
    if pid == 0:
        child()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def run(seconds: float, seed: int) -> int:
    """Forks for so long; prints what was tried and returns how many children failed."""
    warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
    rng, began = random.Random(seed), time.monotonic()
    forks: collections.Counter[str] = collections.Counter()
    failures: collections.Counter[str] = collections.Counter()
    waits: list[float] = []
    refused = 0
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() - began < seconds:
            campaign = Campaign(folder)
            busy = [
                (rng.choice(Campaign.ACTIVITIES), rng.choice(list(campaign.models)))
                for _ in range(rng.choice((1, 2, 3)))
            ]
            done = threading.Event()
            threads = [
                threading.Thread(target=campaign.keep_busy, args=(*one, done), daemon=True)
                for one in busy
            ]
            for thread in threads:
                thread.start()
            for _ in range(5):
                time.sleep(rng.random() * 0.01)
                way = rng.choice(("os.fork", "os.fork", "multiprocessing"))
                before = time.monotonic()
                code = fork_once(campaign.child, way)
                waits.append(time.monotonic() - before)
                forks.update(activity for activity, _ in busy)
                refused += code == REFUSED
                if code not in (0, REFUSED):
                    failures[f"exit code {code} beside {busy}"] += 1
            done.set()
            for thread in threads:
                thread.join(60)
                if thread.is_alive():
                    failures[f"a thread of the parent is stuck: {busy}"] += 1
            failures.update(campaign.errors)
    total = sum(failures.values())
    print(f"seed {seed}: {len(waits)} forks in {time.monotonic() - began:.1f} s, at most "
          f"{max(waits):.2f} s each; beside {dict(sorted(forks.items()))}")  # fmt: skip
    print(f"children that said why they cannot: {refused}; failures: {total}")
    for what, count in failures.most_common(20):
        print(f"  {count:5} {what}")
    return total


if __name__ == "__main__":
    main(run, __doc__)
