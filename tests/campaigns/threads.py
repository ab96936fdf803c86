"""Many threads train, test, predict and save, on models of their own and on one that they share.

    python tests/campaigns/threads.py --seconds 60

Each thread's models end with the bits that one thread alone gives. Of a shared model everybody's
predictions and saved files are those of one thread, while nobody trains it; while one thread trains
it, all that is read of it is finite, and the training ends as one alone does.
"""

from __future__ import annotations

import io
import random
import sys
import threading
import warnings
from typing import Any

import numpy as np
from harness import Tally, give_up_after, main

import corereg
from corereg import layers
from corereg.models import Sequential, load_model

ROWS = 64


class Job:
    """A model and what is done with it, by a seed: the same each time."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.seed = seed
        self.x = rng.standard_normal((ROWS, 6)).astype("f4")
        self.y = rng.integers(0, 3, ROWS)
        self.batch = int(rng.choice((5, 16, 64)))
        self.optimizer = str(rng.choice(("adam", "sgd", "rmsprop", "adamw")))
        self.eager = bool(rng.random() < 0.2)
        self.units = int(rng.choice((4, 30, 200)))
        self.epochs = int(rng.choice((1, 3, 10)))

    def model(self) -> Sequential:
        made = Sequential(
            [
                layers.Input((6,)),
                layers.Dense(self.units, "tanh", kernel_regularizer="l2"),
                layers.BatchNormalization(),
                layers.Dropout(0.3),
                layers.Dense(3, "softmax"),
            ]
        )
        made.compile(
            *(self.optimizer, "sparse_categorical_crossentropy"),
            metrics=["accuracy"], run_eagerly=self.eager,
        )  # fmt: skip
        return made

    def train(self, model: Sequential) -> list[Any]:
        history = model.fit(
            *(self.x, self.y), batch_size=self.batch, epochs=self.epochs, verbose=0,
            validation_split=0.2,
        )  # fmt: skip
        return list(history.history.items())

    def run(self) -> bytes:
        """All that a thread does alone, as bytes."""
        corereg.set_random_seed(self.seed % 1000)
        model = self.model()
        found = [self.train(model), model.train_on_batch(self.x, self.y)]
        found += [model.evaluate(self.x, self.y, verbose=0)]
        file = io.BytesIO()
        model.save(file)
        file.seek(0)
        loaded = load_model(file)
        found += [loaded.fit(self.x, self.y, verbose=0, batch_size=self.batch).history["loss"]]
        arrays = [model.predict(self.x, verbose=0), *model.get_weights(), *loaded.get_weights()]
        return repr(found).encode() + b"".join(a.tobytes() for a in arrays)


def together(calls: list[Any], tally: Tally, what: str) -> list[Any]:
    """What the calls return, each made by a thread of its own, all at once."""
    found: list[Any] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(i: int) -> None:
        start.wait()
        try:
            found[i] = calls[i]()
        except Exception as error:
            tally.fail_with(error, what)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def models_of_their_own(rng: random.Random, tally: Tally) -> None:
    jobs = [Job(rng.randrange(2**32)) for _ in range(rng.choice((2, 4, 8)))]
    alone = [job.run() for job in jobs]
    beside = together([job.run for job in jobs], tally, "own models")
    tally.count("threads with models of their own", len(jobs))
    for job, one, other in zip(jobs, alone, beside, strict=True):
        if other is not None and one != other:
            tally.fail(f"job {job.seed}: other results beside {len(jobs) - 1} threads than alone")


def one_model(rng: random.Random, tally: Tally) -> None:
    job = Job(rng.randrange(2**32))
    model = job.model()
    job.train(model)
    rows = [rng.randrange(1, ROWS + 1) for _ in range(rng.choice((2, 4, 8)))]
    weights = b"".join(w.tobytes() for w in model.get_weights())

    def use(count: int) -> bytes:
        found = [model.predict(job.x[:count], verbose=0).tobytes() for _ in range(5)]
        file = io.BytesIO()
        model.save(file)
        file.seek(0)
        loaded = load_model(file)
        assert b"".join(w.tobytes() for w in loaded.get_weights()) == weights
        found.append(repr(model.evaluate(job.x, job.y, verbose=0)).encode())
        found.append(loaded.predict(job.x[:count], verbose=0).tobytes())
        return b"".join(found)

    alone = [use(count) for count in rows]
    beside = together([lambda c=c: use(c) for c in rows], tally, "one model")  # type: ignore[misc]
    tally.count("threads that use one model", len(rows))
    if any(other is not None and one != other for one, other in zip(alone, beside, strict=True)):
        tally.fail(f"job {job.seed}: one model gives other results to {len(rows)} threads")


def beside_training(rng: random.Random, tally: Tally) -> None:
    job = Job(rng.randrange(2**32))
    expected, done = job.run(), threading.Event()
    corereg.set_random_seed(job.seed % 1000)
    shared: list[Sequential] = []
    kept = job.model

    def model() -> Sequential:
        shared.append(kept())
        return shared[0]

    job.model = model  # type: ignore[method-assign]

    def train() -> bytes:
        try:
            return job.run()
        finally:
            done.set()

    def look() -> None:
        while not done.is_set():
            for one in shared:
                assert np.isfinite(one.predict(job.x[: rng.randrange(1, 9)], verbose=0)).all()
                load_model(saved(one)).predict(job.x[:2], verbose=0)
                tally.count("reads beside a training")

    found = together([train, look, look], tally, "beside a training")
    if found[0] is not None and found[0] != expected:
        tally.fail(f"job {job.seed}: readers changed a training")


def saved(model: Sequential) -> io.BytesIO:
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    return file


def run(seconds: float, seed: int) -> int:
    warnings.simplefilter("ignore")
    rng, tally = random.Random(seed), Tally(seconds, seed)
    usual = sys.getswitchinterval()
    while tally.goes_on:
        give_up_after(120)
        sys.setswitchinterval(rng.choice((5e-3, 1e-4, 1e-5)))
        corereg.set_num_threads(rng.choice((0, 1, 2)))
        rng.choice((models_of_their_own, one_model, beside_training))(rng, tally)
    sys.setswitchinterval(usual)
    return tally.report()


if __name__ == "__main__":
    main(run, __doc__)
