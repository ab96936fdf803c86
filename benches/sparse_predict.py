"""From which density and shape on predict is faster by sparse kernels, and what compact brings.

    python benches/sparse_predict.py [--rounds 15] [--threads 1]

Two tables in Markdown. The first has a network 784-300-100-10 with all weights; the same with the
zeros that proximal training leaves (about 520 pixels, 50 and 90 neurons, 5.9 k weights, at random
places); and that compacted: `predict` of one row, 64 rows and 10,000 rows, by the kernels that it
chooses. The second has single layers, relu, float32, of several shapes and shares of weights that
are not zero, at random places: `predict` of 10,000 and of 64 rows by the dense kernel and by sparse
ones, which are forced, whether they are faster or not.

First the results are compared: they must be equal to the bit, those of the compacted network within
rounding. Then all sides are timed in turns; the tables show medians of all rounds, on one thread of
the time that the CPU gave it, so that other work of the machine counts little.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import corereg
from corereg import _kernels, layers, pruning
from corereg.training import sparse_products

Array = np.ndarray[Any, Any]
SHAPES = ((784, 300), (520, 50), (300, 100), (100, 10))
DENSITIES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
ROWS = (10_000, 64)
USED = ((784, 520), (300, 50), (100, 90))  # of how many, that something leads from
NONZERO = (5_000, 550, 350)  # weights that are left in each layer
SECONDS = 0.02  # of a sample, at least


clock = time.thread_time


def medians(calls: list[Callable[[], Any]], rounds: int) -> list[float]:
    """Seconds of each call, the calls in turns."""
    times: list[list[float]] = [[] for _ in calls]
    often = []
    for call in calls:
        began = clock()
        call()
        often.append(max(1, round(SECONDS / (clock() - began))))
    for _ in range(rounds):
        for call, found, n in zip(calls, times, often, strict=True):
            began = clock()
            for _ in range(n):
                call()
            found.append((clock() - began) / n)
    return [statistics.median(one) for one in times]


def predictor(model: Any, x: Array) -> Callable[[], Array]:
    """predict of a model for x, recorded."""

    def call() -> Array:
        found: Array = model.predict(x, verbose=0)
        return found

    call()
    call()
    return call


def forced(model: Any, x: Array, sparse: bool) -> Callable[[], Array]:
    """The same by sparse kernels, or without them."""
    constants = {"LESS": np.inf if sparse else 0.0, "LEAST_ZEROS": 0.0, "LEAST_WEIGHTS": 0}
    before = {name: getattr(sparse_products, name) for name in constants}
    try:
        for name, value in constants.items():
            setattr(sparse_products, name, value)
        call = predictor(model, x)
    finally:
        for name, value in before.items():
            setattr(sparse_products, name, value)
    if bool(model.execution_report()["predict"].sparse) != sparse:
        raise AssertionError(f"expected sparse={sparse}, found another way")
    return call


def single_layers(rounds: int) -> None:
    """Prints the table of single layers."""
    print("| inputs x units | not zero | 10,000 rows: dense, sparse | | 64 rows: dense, sparse | |")
    print("|---|---|---|---|---|---|")
    rng = np.random.default_rng(0)
    for inputs, units in SHAPES:
        for density in DENSITIES:
            cells = []
            kernel = rng.normal(size=(inputs, units))
            kernel[rng.random(kernel.shape) >= density] = 0
            for rows, unit in zip(ROWS, (1e3, 1e6), strict=True):
                x = rng.normal(size=(rows, inputs)).astype("float32")
                calls = []
                for sparse in (False, True):
                    stack = [corereg.Input((inputs,)), layers.Dense(units, "relu")]
                    model = corereg.Sequential(stack)
                    model.layers[0].kernel.assign(kernel)
                    calls.append(forced(model, x, sparse))
                if calls[0]().tobytes() != calls[1]().tobytes():
                    raise AssertionError("sparse kernels gave other bits")
                dense, fewer = medians(calls, rounds)
                name = "ms" if unit == 1e3 else "us"
                cells.append(f"{dense * unit:.3g}, {fewer * unit:.3g} {name} | {dense / fewer:.1f}")
            print(f"| {inputs} x {units} | {density:.0%} | {' | '.join(cells)} |", flush=True)


def network(rng: np.random.Generator, sparse: bool) -> Any:
    """784-300-100-10, with all weights or with those that proximal training leaves."""
    stack = [layers.Dense(300, "relu"), layers.Dense(100, "relu"), layers.Dense(10, "softmax")]
    model = corereg.Sequential([corereg.Input((784,)), *stack])
    used = [np.sort(rng.choice(all_, n, replace=False)) for all_, n in USED]
    used.append(np.arange(10))
    for i, layer in enumerate(model.layers if sparse else ()):
        places = np.ix_(used[i], used[i + 1])
        few = rng.normal(size=(len(used[i]), len(used[i + 1])))
        few[rng.random(few.shape) >= NONZERO[i] / few.size] = 0
        kernel = np.zeros(layer.kernel.shape)
        kernel[places] = few / np.sqrt(len(used[i]))
        layer.kernel.assign(kernel)
        layer.bias.assign(rng.normal(size=layer.bias.shape) * 0.1)
    return model


def networks(rounds: int) -> None:
    """Prints the table of networks."""
    print("| rows | network | predict | times faster | sparse kernels for |")
    print("|---|---|---|---|---|")
    rng = np.random.default_rng(1)
    dense, zeros = network(rng, False), network(rng, True)
    small = pruning.compact(zeros)
    shape = "-".join(str(w.shape[0]) for w in small.weights if w.ndim == 2) + "-10"
    for rows in (1, 64, 10_000):
        x = rng.random((rows, 784)).astype("float32")
        models = (dense, zeros, small)
        calls = [predictor(model, x) for model in models]
        np.testing.assert_allclose(calls[2](), calls[1](), rtol=1e-4, atol=1e-6)
        found = medians(calls, rounds)
        names = ("784-300-100-10", "... with zeros", f"compacted: {shape}")
        for name, model, seconds in zip(names, models, found, strict=True):
            sparse = ", ".join(model.execution_report()["predict"].sparse) or "none"
            times = f"{seconds * 1e6:.3g} us | {found[0] / seconds:.1f}"
            print(f"| {rows:,} | {name} | {times} | {sparse} |", flush=True)
    kernels = [w for w in zeros.weights if w.ndim == 2]
    left = sum(np.count_nonzero(w.data) for w in kernels)
    print(
        f"{left} of {sum(w.size for w in kernels)} weights are not zero; compacted: {shape}, "
        f"{small.count_params()} parameters"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    if given.threads > 1:
        global clock
        clock = time.perf_counter
    _kernels.set_num_threads(given.threads)
    networks(given.rounds)
    single_layers(given.rounds)


if __name__ == "__main__":
    main()
