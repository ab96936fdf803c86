"""How long Ctrl-C takes: from the signal until KeyboardInterrupt is at the caller.

    python tests/campaigns/latency.py --seconds 60

Long calls on big data are interrupted at a random moment by SIGINT, which another process sends.
Each has to raise within 0.2 s on a machine that does nothing else. Where a single step is longer,
it has 0.2 s and the time of one step, for a step is done whole (docs/promises.md). The largest
latency of every call is printed.
"""

from __future__ import annotations

import gc
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from harness import Tally, give_up_after, main

import corereg
from corereg import layers
from corereg.models import Sequential, load_model

ALLOWED = 0.2  # seconds
ROWS = 1_000_000
SENDER = """
import os, signal, sys, time
for line in sys.stdin:
    delay, pid = line.split()
    time.sleep(float(delay))
    now = time.monotonic()
    os.kill(int(pid), signal.SIGINT)
    print(now, flush=True)
"""


def net(units: int, inputs: int, outputs: int = 1, **options: Any) -> Sequential:
    model = Sequential(
        [layers.Input((inputs,)), layers.Dense(units, "tanh"), layers.Dense(outputs)]
    )
    model.compile("adam", "mse", metrics=["mae"], **options)
    return model


class Calls:
    """Long calls by name; each is made and warmed when it is first used."""

    def __init__(self, folder: Path) -> None:
        rng = np.random.default_rng(0)
        self.folder = folder
        self.x = rng.standard_normal((ROWS, 20), dtype="f4")
        self.y = self.x[:, :1].copy()
        self.small, self.eager = net(64, 20), net(64, 20, run_eagerly=True)
        for model in (self.small, self.eager):
            model.fit(self.x[:64], self.y[:64], verbose=0)
        self.big = net(6000, 6000, 2000)  # 192 MB of weights, 576 MB with Adam's state
        self.wide = rng.standard_normal((512, 6000), dtype="f4")
        self.wide_y = self.wide[:, :2000].copy()
        self.big.fit(self.wide[:32], self.wide_y[:32], verbose=0)
        self.words = np.array([f"word{i % 5000}" for i in range(ROWS)])
        self.numbers = rng.integers(0, 10**6, ROWS)
        self.file = folder / "big.corereg"
        self.big.save(self.file)
        self.features = corereg.Tensor(self.x[:100_000])
        self.layer = layers.Dense(64, "tanh")
        self.layer(self.features[:2])
        self.step = corereg.record(lambda x: (self.layer(x) ** 2).mean())
        for _ in range(3):
            self.step(self.features)

    def actions(self) -> dict[str, Callable[[], object]]:
        x, y = self.x, self.y
        quiet = {"verbose": 0}
        table = layers.StringLookup()
        table.adapt(np.array(["a", "b"]))
        normal, hashing = layers.Normalization(), layers.Hashing(100)
        return {
            "fit, small net": lambda: self.small.fit(x, y, **quiet),
            "fit, one batch an epoch": lambda: self.small.fit(x, y, batch_size=ROWS, **quiet),
            "fit, big net": lambda: self.big.fit(self.wide, self.wide_y, batch_size=256, **quiet),
            "fit, eager": lambda: self.eager.fit(x, y, **quiet),
            "fit, first": lambda: net(64, 20).fit(x, y, **quiet),
            "fit, validation": lambda: self.small.fit(x, y, validation_split=0.9, **quiet),
            "train_on_batch, big": lambda: self.big.train_on_batch(self.wide, self.wide_y),
            "train_on_batch, 1e6 rows": lambda: self.small.train_on_batch(x, y),
            "evaluate": lambda: self.small.evaluate(x, y, **quiet),
            "evaluate, one batch": lambda: self.small.evaluate(x, y, batch_size=ROWS, **quiet),
            "predict": lambda: self.small.predict(x, **quiet),
            "predict, one batch": lambda: self.small.predict(x, batch_size=ROWS, **quiet),
            "predict, big net": lambda: self.big.predict(self.wide, **quiet),
            "save": lambda: self.big.save(self.folder / "other.corereg"),
            "load": lambda: load_model(self.file),
            "load_weights": lambda: self.big.load_weights(self.file),
            "get_weights": self.big.get_weights,
            "set_weights": lambda: self.big.set_weights(self.big.get_weights()),
            "Normalization.adapt": lambda: normal.adapt(x),
            "Discretization.adapt": lambda: layers.Discretization(num_bins=50).adapt(x),
            "Hashing": lambda: hashing(self.words),
            "Hashing, whole numbers": lambda: hashing(self.numbers),
            "StringLookup.adapt": lambda: layers.StringLookup().adapt(self.words),
            "StringLookup": lambda: table(self.words),
            "recorded": lambda: [self.step(self.features) for _ in range(50)],
        }

    def steps(self) -> dict[str, Callable[[], object]]:
        """The longest step of those calls that have long ones."""
        actions = self.actions()
        big = self.wide[:256], self.wide_y[:256]
        return {
            "fit, big net": lambda: self.big.train_on_batch(*big),
            "fit, one batch an epoch": actions["train_on_batch, 1e6 rows"],
            "train_on_batch, big": actions["train_on_batch, big"],
            "train_on_batch, 1e6 rows": actions["train_on_batch, 1e6 rows"],
            "evaluate, one batch": lambda: self.small.test_on_batch(self.x, self.y),
            "predict, big net": lambda: self.big.predict(big[0], verbose=0),
        }


def seconds_of(call: Callable[[], object]) -> float:
    """The median of three calls, after one that may record."""
    call()
    times = []
    for _ in range(3):
        began = time.monotonic()
        call()
        times.append(time.monotonic() - began)
    return sorted(times)[1]


def latency(call: Callable[[], object], delay: float, sender: Any) -> float | None:
    """Seconds from the signal to the exception; None if none came in ten seconds."""
    armed = True

    def interrupt(number: int, frame: object) -> None:
        if armed:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    end = time.monotonic() + delay + 10
    arrived = None
    try:
        sender.stdin.write(f"{delay} {os.getpid()}\n")
        while time.monotonic() < end:
            call()
    except KeyboardInterrupt:
        arrived = time.monotonic()
    armed = False
    sent = float(sender.stdout.readline())
    return None if arrived is None else arrived - sent


def run(seconds: float, seed: int) -> int:
    rng = random.Random(seed)
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        calls = Calls(Path(folder))
        actions = calls.actions()
        sender = subprocess.Popen(
            [sys.executable, "-c", SENDER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        step = {name: seconds_of(call) for name, call in calls.steps().items()}
        tally = Tally(seconds, seed)
        while tally.goes_on:
            for name in rng.sample(sorted(actions), len(actions)):
                give_up_after(120)
                took = latency(actions[name], rng.uniform(0.01, 0.5), sender)
                tally.count(name)
                if took is None:
                    tally.fail(f"{name}: no KeyboardInterrupt")
                    continue
                found.setdefault(name, []).append(took)
                gc.collect()
                if not tally.goes_on:
                    break
        sender.stdin.close()
        sender.wait()
    for name, times in sorted(found.items(), key=lambda item: -max(item[1])):
        median = sorted(times)[len(times) // 2]
        whole = f", of which a step {1e3 * step[name]:.1f} ms" if name in step else ""
        print(f"  {1e3 * median:7.1f} ms, at most {1e3 * max(times):7.1f} ms: {name}{whole}")
        if median > ALLOWED + step.get(name, 0.0):
            tally.fail(f"{name}: {median:.2f} s until KeyboardInterrupt arrives")
    return tally.report()


if __name__ == "__main__":
    main(run, __doc__)
