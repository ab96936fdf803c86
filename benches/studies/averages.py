"""Study: what averages of weights and models, and steps towards flat minima, bring on small tables.

    python benches/studies/averages.py --seeds 5

Networks 64-64, with batch normalization and without, are trained for 60 epochs of batches of 32 by
SGD with momentum .9, on 600 rows of the digits and on 300 rows of the breast cancer table; the rest
test. The rate is .05: constant, falling to 0 along a cosine, or as an average wants it. Each seed
has other rows and other beginnings. Nothing was chosen by these figures: the settings are the
first that were tried, and all that were tried are in the table.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

import corereg
from corereg import datasets, layers, optimizers
from corereg.callbacks import SnapshotEnsemble, StochasticWeightAveraging
from corereg.models import Ensemble, Sequential

Array = np.ndarray[Any, Any]
FIRST_SEED = 100
EPOCHS, BATCH, RATE = 60, 32, 0.05
MEMBERS = 5


def network(features: int, classes: int, optimizer: Any, norm: bool) -> Sequential:
    """A compiled classifier."""
    stack: list[Any] = [layers.Input((features,))]
    for _ in range(2):
        stack += [layers.Dense(64, "relu"), *([layers.BatchNormalization()] if norm else [])]
    model = Sequential([*stack, layers.Dense(classes, "softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


def scores(p: Array, y: Array) -> tuple[float, float]:
    """Error in percent, and the mean negative logarithm of the right class's probability."""
    likelihood = np.maximum(p[np.arange(len(y)), y], 1e-7)
    return 100 * float((p.argmax(axis=1) != y).mean()), -float(np.log(likelihood).mean())


class Table:
    """One data set, cut by a seed."""

    def __init__(self, name: str, train: int, seed: int) -> None:
        x, y = getattr(datasets, f"load_{name}")()
        order = np.random.default_rng(seed).permutation(len(x))
        own, rest = order[:train], order[train:]
        mean, deviation = x[own].mean(axis=0), x[own].std(axis=0) + 1e-6
        if name == "digits":
            mean, deviation = np.zeros(1), np.full(1, 16.0)
        scaled = ((x - mean) / deviation).astype("float32")
        self.x, self.y, self.tests, self.labels = scaled[own], y[own], scaled[rest], y[rest]
        self.seed, self.classes = seed, int(y.max()) + 1

    def trained(
        self, optimizer: Any, norm: bool, callbacks: Any = None, member: int = 0
    ) -> tuple[Sequential, float]:
        """A network, and the seconds that its training took."""
        corereg.set_random_seed(1000 * self.seed + member)
        model = network(self.x.shape[1], self.classes, optimizer, norm)
        began = time.perf_counter()
        options = {"batch_size": BATCH, "epochs": EPOCHS, "verbose": 0}
        model.fit(self.x, self.y, callbacks=callbacks, **options)
        return model, time.perf_counter() - began

    def rows(self, norm: bool) -> dict[str, tuple[float, ...]]:
        """Error, negative log-likelihood and seconds of each way."""
        steps = EPOCHS * -(-len(self.x) // BATCH)
        found: dict[str, tuple[float, ...]] = {}

        def constant(**options: Any) -> Any:
            return optimizers.SGD(RATE, 0.9, **options)

        def cosine() -> Any:
            return optimizers.SGD(optimizers.schedules.CosineDecay(RATE, steps), 0.9)

        def add(way: str, model: Any, seconds: float) -> None:
            found[way] = (*scores(model.predict(self.tests, verbose=0), self.labels), seconds)

        add("constant rate", *self.trained(constant(), norm))
        add("EMA, .99", *self.trained(constant(use_ema=True), norm))
        swa = StochasticWeightAveraging(45, 0.02)
        add("SWA from 45, rate .02", *self.trained(constant(), norm, swa))
        snapshots = SnapshotEnsemble(EPOCHS // MEMBERS)
        _, seconds = self.trained(constant(), norm, snapshots)
        add(f"{MEMBERS} snapshots", snapshots.ensemble(), seconds)
        members = [self.trained(cosine(), norm, None, i) for i in range(MEMBERS)]
        add("cosine", *members[0])
        models, times = zip(*members, strict=True)
        add(f"cosine, ensemble of {MEMBERS}", Ensemble(list(models)), sum(times))
        wrapped: dict[str, Callable[[], Any]] = {
            "cosine, SAM .05": lambda: optimizers.SAM(cosine(), 0.05),
            "cosine, SAM .2": lambda: optimizers.SAM(cosine(), 0.2),
            "cosine, ASAM 1": lambda: optimizers.SAM(cosine(), 1.0, adaptive=True),
        }
        for way, make in wrapped.items():
            add(way, *self.trained(make(), norm))
        return found


def main() -> None:
    """Prints a table for each data set."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--seeds", type=int, default=5)
    seeds = range(FIRST_SEED, FIRST_SEED + asked.parse_args().seeds)
    corereg.set_num_threads(1)
    for name, train in (("digits", 600), ("breast_cancer", 300)):
        for norm in (False, True):
            print(f"\n{name}, {train} rows, batch normalization: {norm}; {len(seeds)} seeds")
            print("| way | error % | NLL | seconds |\n|---|---|---|---|")
            found: dict[str, list[tuple[float, ...]]] = defaultdict(list)
            for seed in seeds:
                for way, row in Table(name, train, seed).rows(norm).items():
                    found[way].append(row)
            for way, rows in found.items():
                values = np.array(rows)
                errors = values.std(axis=0, ddof=1) / len(values) ** 0.5
                cells = [f"{values[:, 0].mean():.2f} +- {errors[0]:.2f}"]
                cells += [f"{values[:, 1].mean():.3f} +- {errors[1]:.3f}"]
                print(f"| {way} | {' | '.join(cells)} | {values[:, 2].mean():.2f} |", flush=True)


if __name__ == "__main__":
    main()
