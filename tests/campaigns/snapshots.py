"""Snapshots of a model that another thread trains: each is that of one finished step.

    python tests/campaigns/snapshots.py --seconds 60

Every way to train is tried beside every way to read. First a model is trained alone, and what it
is after each step is noted. Then an equal model is trained in another thread, and what is read
meanwhile must be one of the states that were noted, all parts of it: weights, optimizer's state,
steps, the counters of dropout and of passes. The seed that is printed makes the same choices again,
though not the same moments.
"""

from __future__ import annotations

import collections
import copy
import hashlib
import io
import os
import pickle
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from harness import main

import corereg
from corereg import layers, optimizers
from corereg.callbacks import LambdaCallback
from corereg.models import Model, Sequential, load_model

ROWS, SIZE = 96, 16
PATIENCE = 120.0  # seconds after which a thread counts as stuck
State = tuple[bytes | None, bytes | None, bytes | None]


class OwnStep(Sequential):
    """A model with a train_step of its own."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        loss = self.compute_loss(x, y, self(x, training=True))
        loss.backward()
        self.optimizer.step()
        self.zero_grad()
        return {"loss": loss}


OWN = {"OwnStep": OwnStep}


def make_optimizer(kind: str) -> Any:
    if kind == "averages":
        return optimizers.Adam(0.01, use_ema=True, gradient_accumulation_steps=2)
    return optimizers.get(kind)


def make_model(kind: type[Sequential], width: int, optimizer: str, eager: bool) -> Sequential:
    """A compiled model; two that are made in the same way are equal."""
    corereg.set_random_seed(width)
    model = kind(
        [
            layers.Input((20,)),
            layers.Dense(width, "relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Dense(width, "tanh"),
            layers.Dense(1),
        ]
    )
    model.compile(make_optimizer(optimizer), "mse", run_eagerly=eager)
    return model


# ---- states --------------------------------------------------------------------------------------


def digest(arrays: Any) -> bytes:
    found = hashlib.blake2b(digest_size=16)
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.digest()


def state_of(model: Any) -> State:
    """All that a step changes, in parts: weights, optimizer, counters. Of a model that is not
    compiled, the weights alone."""
    if model.optimizer is None:
        return digest(model.get_weights()), None, None
    steps = model.optimizer.steps
    counters = [one.random_state for one in model.layers if one.random_state is not None]
    return (
        digest(model.get_weights()),
        digest([*model.optimizer.state, np.int64(steps)]),
        digest([*counters, model._trainer.row_order.passes]),
    )


# ---- who trains ----------------------------------------------------------------------------------


def after_each_step(noted: Callable[[], None] | None) -> LambdaCallback | None:
    if noted is None:
        return None
    return LambdaCallback(on_train_batch_end=lambda batch, logs=None: noted())


def by_fit(model: Any, x: Any, y: Any, steps: int, noted: Callable[[], None] | None) -> None:
    """All epochs at once, as fast as they go; alone, step by step."""
    each, epochs = after_each_step(noted), steps * SIZE // ROWS
    model.fit(x, y, batch_size=SIZE, epochs=epochs, verbose=0, callbacks=each)


def by_observed_fit(
    model: Any, x: Any, y: Any, steps: int, noted: Callable[[], None] | None
) -> None:
    """With a callback at each batch."""
    each = after_each_step(noted or (lambda: time.sleep(0)))
    epochs = steps * SIZE // ROWS
    model.fit(x, y, batch_size=SIZE, epochs=epochs, verbose=0, callbacks=each)


def by_batches(model: Any, x: Any, y: Any, steps: int, noted: Callable[[], None] | None) -> None:
    """fit from an iterable."""
    each = after_each_step(noted)
    parts = [(x[i : i + SIZE], y[i : i + SIZE]) for i in range(0, ROWS, SIZE)]
    model.fit(parts, epochs=steps * SIZE // ROWS, verbose=0, callbacks=each)


def by_train_on_batch(
    model: Any, x: Any, y: Any, steps: int, noted: Callable[[], None] | None
) -> None:
    for i in range(steps):
        rows = slice(i * SIZE % ROWS, i * SIZE % ROWS + SIZE)
        model.train_on_batch(x[rows], y[rows])
        if noted is not None:
            noted()


WRITERS = (by_fit, by_observed_fit, by_batches, by_train_on_batch)

# ---- who reads -----------------------------------------------------------------------------------
# Each gives parts of a state: None for what it does not read.


def saved(model: Any, folder: str) -> Any:
    path = os.path.join(folder, f"{threading.get_ident()}.corereg")
    model.save(path)
    return state_of(load_model(path, custom_objects=OWN))


def saved_to_memory(model: Any, folder: str) -> Any:
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    return state_of(load_model(file, custom_objects=OWN))


def saved_weights(model: Any, folder: str) -> Any:
    path = os.path.join(folder, f"{threading.get_ident()}.weights")
    model.save_weights(path)
    other = type(model).from_config(model.get_config())
    other.load_weights(path)
    return digest(other.get_weights()), None, None


def got_weights(model: Any, folder: str) -> Any:
    return digest(model.get_weights()), None, None


def pickled(model: Any, folder: str) -> Any:
    return state_of(pickle.loads(pickle.dumps(model)))


def copied(model: Any, folder: str) -> Any:
    return state_of(copy.deepcopy(model))


def optimizer_state(model: Any, folder: str) -> Any:
    optimizer = pickle.loads(pickle.dumps(model.optimizer))
    if not optimizer.parameters:
        return None, None, None
    weights = digest([p.data for p in optimizer.parameters])
    return weights, digest([*optimizer.state, np.int64(optimizer.steps)]), None


READERS = (*(saved, saved_to_memory, saved_weights, got_weights, pickled, copied, optimizer_state),)


class Round:
    """One writer beside readers."""

    def __init__(self, seed: int, folder: str) -> None:
        rng = random.Random(seed)
        self.folder = folder
        self.writer = rng.choice(WRITERS)
        self.readers = rng.sample(READERS, rng.choice((1, 1, 2)))
        self.kind = rng.choice((Sequential, Sequential, OwnStep))
        self.options = (
            *(self.kind, rng.choice((8, 64, 200))),
            *(rng.choice(("adam", "sgd", "rmsprop", "averages")), rng.random() < 0.3),
        )
        self.steps = ROWS // SIZE * rng.choice((5, 20))
        data = np.random.default_rng(seed)
        self.x = data.standard_normal((ROWS, 20)).astype("f4")
        self.y = data.standard_normal((ROWS, 1)).astype("f4")
        self.switch = rng.choice((5e-3, 1e-4, 1e-5))  # seconds until another thread gets its turn
        self.inner = rng.random() < 0.3  # a second model of the same layers is read
        self.read = 0
        self.failures: list[str] = []

    @property
    def name(self) -> str:
        readers = "+".join(one.__name__ for one in self.readers)
        inner = " (another model of its layers)" if self.inner else ""
        return f"{self.writer.__name__} | {readers}{inner}"

    def run(self) -> None:
        known = self.states()
        model = make_model(*self.options)
        self.warm(model)
        done = threading.Event()
        target = model
        if self.inner:
            target = Model(model.layers[0].input, model.layers[-1].output)
        threads = [
            threading.Thread(target=self.look, args=(target, reader, known, done), daemon=True)
            for reader in self.readers
        ]
        usual = sys.getswitchinterval()
        for thread in threads:
            thread.start()
        try:
            sys.setswitchinterval(self.switch)
            self.writer(model, self.x, self.y, self.steps, None)
        finally:
            sys.setswitchinterval(usual)
            done.set()
            for thread in threads:
                thread.join(PATIENCE)
        if any(thread.is_alive() for thread in threads):
            self.failures.append("a reader is stuck")
        if state_of(model) != known[-1]:
            self.failures.append("the training itself ended otherwise")

    def warm(self, model: Any) -> None:
        """The optimizer's state is made by the first step."""
        self.writer(model, self.x, self.y, ROWS // SIZE, None)

    def states(self) -> list[State]:
        """What the model is after each step, if nobody looks."""
        model = make_model(*self.options)
        self.warm(model)
        found = [state_of(model)]
        self.writer(model, self.x, self.y, self.steps, lambda: found.append(state_of(model)))
        found.append(state_of(model))  # the averages have become weights
        return found

    def look(self, model: Any, reader: Any, known: list[State], done: threading.Event) -> None:
        parts = set(known)  # whole states, and what readers give of them
        parts |= {(k[0], None, None) for k in known} | {(k[0], k[1], None) for k in known}
        if self.inner and reader is optimizer_state:
            reader = got_weights
        while not done.is_set():
            try:
                found = reader(model, self.folder)
            except Exception as error:
                self.failures.append(f"{type(error).__name__}: {str(error)[:200]}")
                continue
            self.read += 1
            if found[0] is not None and found not in parts:
                wrong = [
                    name
                    for i, name in enumerate(("weights", "optimizer", "counters"))
                    if found[i] is not None and found[i] not in {k[i] for k in known}
                ]
                self.failures.append(f"torn: {', '.join(wrong) or 'parts of different steps'}")


def run(seconds: float, seed: int) -> int:
    """Rounds for so long; prints what was tried and returns how many reads failed."""
    rng, began = random.Random(seed), time.monotonic()
    rounds = reads = failures = 0
    kinds: collections.Counter[str] = collections.Counter()
    wrong: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() - began < seconds:
            one = Round(rng.randrange(2**32), folder)
            one.run()
            rounds += 1
            reads += one.read
            failures += len(one.failures)
            kinds.update(reader.__name__ for reader in one.readers)
            wrong.update(f"{one.name}: {what}" for what in one.failures)
        left = [name for name in os.listdir(folder) if name.endswith(".part")]
        if left:
            failures += len(left)
            wrong[f"temporary files left: {left[:3]}"] += len(left)
    print(f"seed {seed}: {rounds} rounds, {reads} snapshots in {time.monotonic() - began:.1f} s")
    print(f"rounds by reader: {dict(sorted(kinds.items()))}; failures: {failures}")
    for what, count in wrong.most_common(20):
        print(f"  {count:5} {what}")
    return failures


if __name__ == "__main__":
    main(run, __doc__)
