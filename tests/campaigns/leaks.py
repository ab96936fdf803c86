"""Memory stays as it is, without the garbage collector, whatever is repeated.

    python tests/campaigns/leaks.py --seconds 60

gc is off. Each thing is done some times to warm up; then it is repeated for its share of the time,
and the resident size at the end may be ALLOWED larger than after the warm-up. What makes new models
makes reference cycles, as Python's classes do: there gc.collect() stands for the collector, and
nothing may be left after it.
"""

from __future__ import annotations

import gc
import io
import random
import time
from collections.abc import Callable

import numpy as np
from harness import Tally, give_up_after, main, resident

import corereg
from corereg import layers
from corereg.models import Sequential, load_model

ALLOWED = 1 << 20  # bytes
WARM = 0.4  # of the time, at most


def make() -> Sequential:
    model = Sequential(
        [layers.Input((8,)), layers.Dense(16, "relu"), layers.Dropout(0.2), layers.Dense(1)]
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def actions() -> dict[str, tuple[Callable[[], object], bool]]:
    """What is repeated, and whether it makes models, so that it needs the collector."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((64, 8)).astype("f4"), rng.standard_normal((64, 1)).astype("f4")
    model, own = make(), layers.Dense(4)
    model.fit(x, y, verbose=0)
    own.build((None, 8))
    weights = model.get_weights()
    file = io.BytesIO()
    model.save(file)
    step = corereg.record(lambda a: (own(a) * 2).sum())
    parameter = corereg.Tensor(np.ones((8, 8), "f4"), requires_grad=True)

    def save() -> None:
        model.save(io.BytesIO())

    def load() -> None:
        file.seek(0)
        load_model(file)

    def eager() -> None:
        ((parameter @ parameter).tanh() * 3).sum().backward()
        parameter.grad = None

    def record() -> None:
        corereg.record(lambda a: (own(a) * 2).sum())(x)

    def build_and_fit() -> None:
        make().fit(x, y, verbose=0)

    def refuse() -> None:
        for bad in (np.ones((3, 5)), np.full((2, 8), "x"), None):
            try:
                model.predict(bad, verbose=0)
            except (ValueError, TypeError):
                continue

    return {
        "predict one row": (lambda: model.predict(x[:1], verbose=0), False),
        "predict": (lambda: model.predict(x, batch_size=9, verbose=0), False),
        "fit": (lambda: model.fit(x, y, epochs=3, batch_size=16, verbose=0), False),
        "fit, observed": (
            lambda: model.fit(x, y, verbose=0, callbacks=[corereg.callbacks.Callback()]),
            False,
        ),
        "evaluate": (lambda: model.evaluate(x, y, verbose=0), False),
        "train_on_batch": (lambda: model.train_on_batch(x, y), False),
        "get_weights, set_weights": (lambda: model.set_weights(model.get_weights()), False),
        "set_weights": (lambda: model.set_weights(weights), False),
        "save": (save, False),
        "load": (load, True),
        "a recorded step": (lambda: step(x), False),
        "a new recording": (record, True),
        "eager ops and backward": (eager, False),
        "models built and trained": (build_and_fit, True),
        "errors": (refuse, True),
    }


def repeat(call: Callable[[], object], collects: bool, until: float) -> int:
    times = 0
    while time.monotonic() < until:
        for _ in range(10):
            call()
        times += 10
        if collects:
            gc.collect()
    return times


def run(seconds: float, seed: int) -> int:
    tally, todo = Tally(seconds, seed), list(actions().items())
    random.Random(seed).shuffle(todo)
    gc.collect()
    gc.disable()
    for i, (name, (call, collects)) in enumerate(todo):
        now = time.monotonic()
        share = max(tally.end - now, 1.0) / (len(todo) - i)
        give_up_after(share + 120)
        repeat(call, collects, now + WARM * share)
        gc.collect()
        before = resident()
        times = repeat(call, collects, now + share)
        left = gc.collect()
        more = resident() - before
        tally.count(name, times)
        print(
            f"  {more / 1024:8.0f} KB more after {times} times, {left} objects: {name}", flush=True
        )
        if more > ALLOWED:
            tally.fail(f"{name}: {more >> 10} KB more after {times} times")
        if left > 100 and not collects and left >= times:
            tally.fail(f"{name}: {left} objects in cycles after {times} times")
    gc.enable()
    return tally.report()


if __name__ == "__main__":
    main(run, __doc__)
