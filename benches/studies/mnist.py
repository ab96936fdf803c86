"""What the studies of MNIST share: the rows, networks, and tables.

The data are an .npz file with x (rows, 784) and y, to train and to choose with, and tx and ty, the
test images, which are read for the figures alone that a study publishes.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import corereg
from corereg import layers, losses, utils
from corereg.callbacks import LearningRateScheduler
from corereg.models import Sequential

Array = np.ndarray[Any, Any]
FIRST_SEED = 100  # 0, 1 and 2 were used to find the settings
VALIDATION = 1000  # rows that choose; another thousand for each seed
CLASSES = 10
IMAGE = {"image_shape": (28, 28), "fill_mode": "constant"}


class Rows(NamedTuple):
    """Images as rows of 784 numbers in 0 .. 1, and one-hot classes."""

    x: Array
    y: Array

    def error(self, model: Any) -> float:
        """In percent."""
        wrong = model.predict(self.x, batch_size=1000, verbose=0).argmax(1) != self.y.argmax(1)
        return 100 * float(wrong.mean())


class Digits:
    """All rows to train with, and the test images."""

    def __init__(self, file: Path) -> None:
        data = np.load(file)
        self.all, self.test = (
            Rows(
                data[x].reshape(-1, 784).astype("float32") / 255,
                utils.to_categorical(data[y], CLASSES).astype("float32"),
            )
            for x, y in (("x", "y"), ("tx", "ty"))
        )

    def cut(self, seed: int) -> tuple[Rows, Rows]:
        """The rows that train and those that choose."""
        order = np.random.default_rng(seed).permutation(len(self.all.x))
        own, chosen = order[VALIDATION:], order[:VALIDATION]
        return tuple(Rows(self.all.x[i], self.all.y[i]) for i in (own, chosen))  # type: ignore


def network(
    hidden: Sequence[int], seed: int, optimizer: Any, smoothing: float = 0.0, **options: Any
) -> Sequential:
    """A compiled network 784-...-10; options are those of all Dense layers but the last."""
    corereg.set_random_seed(seed)
    stack: list[Any] = [layers.Dense(units, "relu", **options) for units in hidden]
    stack.append(layers.Dense(CLASSES, "softmax", **options))
    model = Sequential([layers.Input((784,)), *stack])
    loss = losses.CategoricalCrossentropy(label_smoothing=smoothing)
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def cosine(rate: float, epochs: int) -> LearningRateScheduler:
    """A rate that falls to 0."""
    return LearningRateScheduler(lambda e: rate * (1 + math.cos(math.pi * e / epochs)) / 2)


def with_error(values: Iterable[float], digits: int = 2) -> str:
    """Mean and standard error."""
    found = np.array(list(values), float)
    mean = f"{found.mean():.{digits}f}"
    if len(found) == 1:
        return mean
    return f"{mean} ± {found.std(ddof=1) / len(found) ** 0.5:.{digits}f}"


def print_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table in Markdown."""
    print(f"\n{title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def medians(
    calls: Sequence[Callable[[], Any]], rounds: int = 15, least: float = 0.02
) -> list[float]:
    """CPU seconds of each call on one thread: medians of rounds, the calls in turns."""
    times: list[list[float]] = [[] for _ in calls]
    often = []
    for call in calls:
        call()
        began = time.thread_time()
        call()
        often.append(max(1, round(least / (time.thread_time() - began))))
    for _ in range(rounds):
        for call, found, n in zip(calls, times, often, strict=True):
            began = time.thread_time()
            for _ in range(n):
                call()
            found.append((time.thread_time() - began) / n)
    return [statistics.median(one) for one in times]


def parser(doc: str | None) -> argparse.ArgumentParser:
    """The options of all these studies."""
    asked = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    asked.add_argument("--data", type=Path, required=True, help=".npz with x, y, tx, ty")
    asked.add_argument("--seeds", type=int, default=5)
    asked.add_argument("--threads", type=int, default=1)
    return asked
