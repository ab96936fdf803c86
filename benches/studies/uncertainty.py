"""Study: what averaging many passes with dropout brings, where it harms, and what it costs.

    python benches/studies/uncertainty.py --seeds 5 --diabetes FILE --mnist FILE --keras PYTHON

Small tables: a network 64-64 with dropout .5 is trained on 150 rows; 100 others choose how long
(of EPOCHS, for each seed, and for the plain and the averaged predictions by themselves); the rest
test. Settings taken over from earlier trials: the network, the rate, 150 rows, 50 samples, Adam
1e-3. On diabetes four other rates and batches, tanh, and dropout of the inputs were tried besides.
MNIST (784-512-512-10, dropout .2 and .5, batch 100, 9,000 rows): taken over, and after each of
MNIST_EPOCHS the test images are looked at; nothing is chosen.
Speed: 50 samples of 10,000 rows of a network 784-512-512-10 with dropout .5, beside 50 calls of
Keras on JAX on all rows at once: model(x, training=True), and a jitted stateless_call with
training=True. They alternate, and the shortest time of each counts; CPU seconds tell more on a busy
machine. With --calls fewer than 50 Keras's time is scaled.

--diabetes: an .npz with x (442, 10) and y; without it scikit-learn is asked for it. --mnist: an
.npz with x, y, tx, ty. --keras: a Python that has Keras and JAX. What is left out is not measured.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import corereg
from corereg import calibration, datasets, layers, optimizers
from corereg.training.likelihood import figure_of_merit

Array = np.ndarray[Any, Any]
FIRST_SEED = 100  # 0, 1 and 2 were used to find the settings
EPOCHS = [25, 50, 100, 200, 400, 800]
MNIST_EPOCHS = [3, 10, 30]
SAMPLES = 50
TRAIN, VALIDATION = 150, 100
ENDS: dict[str | None, tuple[int, str | None, str]] = {
    None: (1, None, "mse"),
    "bernoulli": (1, "sigmoid", "binary_crossentropy"),
    "categorical": (10, "softmax", "sparse_categorical_crossentropy"),
}

KERAS = """
import os, sys, time
os.environ["KERAS_BACKEND"] = "jax"
import jax, keras, numpy as np
drop = keras.layers.Dropout
model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(512, "relu"), drop(0.5),
                          keras.layers.Dense(512, "relu"), drop(0.5),
                          keras.layers.Dense(10, "softmax")])
x = jax.numpy.asarray(np.random.default_rng(0).random((10000, 784), "float32"))
call = jax.jit(lambda t, n, x: model.stateless_call(t, n, x, training=True))
trained = [v.value for v in model.trainable_variables]
for line in sys.stdin:
    how, calls = line.split()
    others = [v.value for v in model.non_trainable_variables]
    began, cpu, outs = time.perf_counter(), time.process_time(), []
    for _ in range(int(calls)):
        if how == "jitted":
            out, others = call(trained, others, x)
        else:
            out = model(x, training=True)
        outs.append(out)
    mean, std = (f(jax.numpy.stack(outs), axis=0) for f in (jax.numpy.mean, jax.numpy.std))
    jax.block_until_ready((mean, std))
    print(time.perf_counter() - began, time.process_time() - cpu, flush=True)
"""


def with_error(values: Any) -> str:
    """Mean and standard error."""
    values = np.asarray(values, float)
    error = values.std(ddof=1) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"{values.mean():.4f} +- {error:.4f}"


def change(plain: Array, mean: Array) -> str:
    """What averaging changes: of the means over the seeds, and the standard error of the seeds' own
    changes."""
    error = (mean / plain).std(ddof=1) / len(plain) ** 0.5 if len(plain) > 1 else float("nan")
    return f"{mean.mean() / plain.mean() - 1:+.0%} +- {error:.0%}"


def small_table(x: Array, y: Array, kind: str | None, seed: int) -> dict[str, Array]:
    """For each of EPOCHS: plain and averaged, (2, epochs), on validation and test rows; and how
    often `better` was right about the test rows."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(x))
    train, chosen, test = np.split(order, [TRAIN, TRAIN + VALIDATION])
    deviation = x[train].std(axis=0)
    x = ((x - x[train].mean(axis=0)) / np.where(deviation == 0, 1, deviation)).astype("float32")
    if kind is None:
        y = (y - y[train].mean()) / y[train].std()
    if kind != "categorical":
        y = y.astype("float32")[:, None]
    units, activation, loss = ENDS[kind]
    corereg.set_random_seed(seed)
    model = corereg.Sequential(
        [
            corereg.Input(x.shape[1:]),
            *(layers.Dense(64, "relu"), layers.Dropout(0.5)),
            *(layers.Dense(64, "relu"), layers.Dropout(0.5)),
            layers.Dense(units, activation),
        ]
    )
    model.compile(optimizers.Adam(1e-3), loss)
    found: dict[str, list[Any]] = {"validation": [], "test": [], "right": []}
    done = 0
    for epochs in EPOCHS:
        model.fit(x[train], y[train], epochs=epochs, initial_epoch=done, batch_size=32, verbose=0)
        done = epochs
        mc = model.predict_mc(x[test], SAMPLES, seed=seed, validation_data=(x[chosen], y[chosen]))
        assert mc.scores is not None
        plain = model.predict(x[test], verbose=0)
        found["validation"].append((mc.scores["plain"], mc.scores["mean"]))
        pair = tuple(figure_of_merit(kind, p, y[test], None) for p in (plain, mc.mean))
        found["test"].append(pair)
        found["right"].append((mc.better == "mean") == (pair[1] < pair[0]))
    return {name: np.array(values).T for name, values in found.items()}


def report_small(name: str, what: str, x: Array, y: Array, kind: str | None, seeds: Any) -> None:
    """Prints the tables of a data set."""
    found = [small_table(x, y, kind, seed) for seed in seeds]
    print(f"\n{name}: {what} on test rows, mean and standard error of {len(found)} seeds\n")
    print("| epochs | plain | mean of 50 samples | change | `better` right |")
    print("|---|---|---|---|---|")
    tests = np.array([one["test"] for one in found])  # seeds, 2, epochs
    right = np.array([one["right"] for one in found]).mean(axis=0)
    for i, epochs in enumerate(EPOCHS):
        plain, mean = tests[:, :, i].T
        row = [str(epochs), with_error(plain), with_error(mean), change(plain, mean)]
        print(f"| {' | '.join(row)} | {right[i]:.0%} |")
    chosen = [one["validation"].argmin(axis=1) for one in found]
    best = np.array([[one[0, c[0]], one[1, c[1]]] for one, c in zip(tests, chosen, strict=True)])
    row = ["chosen for each", *map(with_error, best.T), change(*best.T)]
    print(f"| {' | '.join(row)} | |")


def mnist(file: Path, seeds: Any) -> None:
    """Prints error, likelihood and calibration of a larger network, where dropout under-fits."""
    data = np.load(file)
    x, tx = (data[k].reshape(-1, 784).astype("float32") / 255 for k in ("x", "tx"))
    y, ty = data["y"].astype("int64"), data["ty"].astype("int64")
    rows: dict[tuple[int, str], list[tuple[float, ...]]] = {}
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(len(x))
        train, held = order[:9000], order[9000:]
        corereg.set_random_seed(seed)
        model = corereg.Sequential(
            [
                corereg.Input((784,)),
                *(layers.Dropout(0.2), layers.Dense(512, "relu")),
                *(layers.Dropout(0.5), layers.Dense(512, "relu")),
                *(layers.Dropout(0.5), layers.Dense(10, "softmax")),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy")
        done = 0
        for epochs in MNIST_EPOCHS:
            model.fit(
                *(x[train], y[train]), epochs=epochs, initial_epoch=done, batch_size=100, verbose=0
            )
            done = epochs
            mc = model.predict_mc(tx, SAMPLES, seed=seed, validation_data=(x[held], y[held]))
            plain = model.predict(tx, verbose=0)
            validation = model.predict(x[held], verbose=0)
            scaled = calibration.TemperatureScaling().fit(y[held], validation).transform(plain)
            for name, p in (("plain", plain), ("mean", mc.mean), ("plain, temperature", scaled)):
                wrong = (p.argmax(axis=1) != ty).mean() * 100
                likelihood = figure_of_merit("categorical", p, ty, None)
                error = calibration.expected_calibration_error(ty, p) * 100
                rows.setdefault((epochs, name), []).append((wrong, likelihood, error))
                figures = f"{wrong:.2f} % {likelihood:.4f} {error:.2f} %"
                print(f"seed {seed}, {epochs} epochs, {name}: {figures}", flush=True)
            print(f"better {mc.better!r}: {mc.scores}", flush=True)
    print("\nMNIST, 9,000 rows\n\n| epochs | | error % | -log p | ECE % |\n|---|---|---|---|---|")
    for (epochs, name), values in rows.items():
        columns = " | ".join(map(with_error, zip(*values, strict=True)))
        print(f"| {epochs} | {name} | {columns} |")


def speed(keras: str | None, rounds: int, calls: int) -> None:
    """Prints how long 50 samples of 10,000 rows take."""
    corereg.set_random_seed(FIRST_SEED)
    model = corereg.Sequential(
        [
            corereg.Input((784,)),
            *(layers.Dense(512, "relu"), layers.Dropout(0.5)),
            *(layers.Dense(512, "relu"), layers.Dropout(0.5)),
            layers.Dense(10, "softmax"),
        ]
    )
    x = np.random.default_rng(0).random((10000, 784), "float32")
    pipe = subprocess.PIPE
    worker = keras and subprocess.Popen([keras, "-c", KERAS], stdin=pipe, stdout=pipe, text=True)
    ways = ("plain", "jitted") if worker else ()
    times: dict[str, list[tuple[float, float]]] = {"corereg": []}
    for number in range(rounds + 1):  # the first round compiles and records
        began, cpu = time.perf_counter(), time.process_time()
        model.predict_mc(x, SAMPLES, seed=number)
        times["corereg"].append((time.perf_counter() - began, time.process_time() - cpu))
        for way in ways:
            assert worker
            assert worker.stdin is not None
            assert worker.stdout is not None
            print(way, calls if number else 1, file=worker.stdin, flush=True)
            wall, cpu = (float(one) * SAMPLES / calls for one in worker.stdout.readline().split())
            times.setdefault(f"Keras on JAX, {way} calls", []).append((wall, cpu))
    if worker:
        worker.communicate()
    print(f"\n{SAMPLES} samples of 10,000 rows, 784-512-512-10, {rounds} rounds in turn")
    print(f"(Keras: {calls} calls, scaled to {SAMPLES})\n")
    print("| | shortest, s | all, s | CPU seconds, least |\n|---|---|---|---|")
    for name, found in times.items():
        if found:
            walls, cpus = zip(*found[1:], strict=True)
            every = " ".join(f"{one:.2f}" for one in walls)
            print(f"| {name} | {min(walls):.2f} | {every} | {min(cpus):.2f} |", flush=True)


def load_diabetes(file: Path | None) -> tuple[Array, Array] | None:
    """x and y, or None where nobody has them."""
    if file is not None:
        data = np.load(file)
        return data["x"], data["y"]
    try:
        from sklearn.datasets import load_diabetes as load
    except ImportError:
        print("diabetes is left out: give --diabetes, or install scikit-learn", file=sys.stderr)
        return None
    found = load(scaled=False)
    return found.data, found.target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--diabetes", type=Path)
    parser.add_argument("--mnist", type=Path)
    parser.add_argument("--keras")
    parser.add_argument("--rounds", type=int, default=5, help="of the measurement of speed")
    parser.add_argument("--calls", type=int, default=SAMPLES, help="of Keras in a round")
    given = parser.parse_args()
    seeds = range(FIRST_SEED, FIRST_SEED + given.seeds)
    x, y = datasets.load_breast_cancer()
    report_small("Breast cancer", "-log p", x.astype(float), y, "bernoulli", seeds)
    x, y = datasets.load_digits()
    report_small("Digits", "-log p", x.astype(float), y, "categorical", seeds)
    diabetes = load_diabetes(given.diabetes)
    if diabetes is not None:
        report_small("Diabetes", "squared error", *diabetes, None, seeds)
    if given.rounds:
        speed(given.keras, given.rounds, given.calls)
    if given.mnist is not None:
        mnist(given.mnist, seeds)


if __name__ == "__main__":
    main()
