"""How long a search takes: 200 settings, 5 folds, 200 epochs, beside scikit-learn's and Keras's.

    python benches/search.py [--tables digits] [--settings 200] [--rivals 10] [--keras PYTHON]

Networks of 64-64 units, relu, Adam, batch 32, L2 drawn log-uniformly and dropout of 0, .2 or .5, on
breast cancer (569 rows) and 150 rows of digits, features standardised. Timed are:

- corereg: `cross_validated_search`, with every fold trained to its end by one worker and by two,
  and once more with `drop_losing_folds`.
- scikit-learn: GridSearchCV(n_jobs=2) over MLPClassifier with as many strengths of L2 (it has no
  dropout), batches and epochs; --rivals settings, and the time scaled to all: extrapolated.
- Keras on JAX: the same networks, two processes at once, each with one thread, a fit for each
  setting and fold after one that is not counted (compiling anew for each fold is counted, as it
  happens to who searches so); a fold each of --rivals settings, extrapolated.

Told are seconds of wall time, and CPU seconds of all processes, which alone mean something on a
machine that has other work. --check: trains almost nothing, and verifies that one and two workers
find the same scores. Needs scikit-learn and psutil; --keras: a Python that has Keras and JAX.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    if _name in os.environ:
        del os.environ[_name]
        os.execv(sys.executable, [sys.executable, *sys.argv])

import numpy as np  # noqa: E402
from sklearn import datasets, model_selection, neural_network  # noqa: E402

import corereg  # noqa: E402
from corereg import layers, regularizers  # noqa: E402
from corereg.tuning import LogUniform, cross_validated_search  # noqa: E402

Array = np.ndarray[Any, Any]
FOLDS, EPOCHS, BATCH, UNITS = 5, 200, 32, 64
SPACE = {"l2": LogUniform(1e-5, 1e-1), "dropout": [0.0, 0.2, 0.5]}
TABLES = {
    "breast cancer": (datasets.load_breast_cancer, 569),
    "digits": (datasets.load_digits, 150),
}

KERAS = """
import os, sys, time
os.environ["KERAS_BACKEND"] = "jax"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
import keras, numpy as np
path, epochs, batch, units, part, count = sys.argv[1], *map(int, sys.argv[2:7])
data = np.load(path)
x, y, settings = data["x"], data["y"], data["settings"]
classes = int(y.max()) + 1
def train(l2, dropout, epochs):
    stack = [keras.Input((x.shape[1],))]
    for _ in range(2):
        penalty = keras.regularizers.L2(l2)
        stack.append(keras.layers.Dense(units, "relu", kernel_regularizer=penalty))
        if dropout:
            stack.append(keras.layers.Dropout(dropout))
    stack.append(keras.layers.Dense(classes, "softmax"))
    model = keras.Sequential(stack)
    model.compile("adam", "sparse_categorical_crossentropy")
    rows = np.arange(len(x)) % 5 != 0
    model.fit(x[rows], y[rows], batch_size=batch, epochs=epochs, verbose=0)
    return model.evaluate(x[~rows], y[~rows], verbose=0)
train(1e-3, 0.2, 1)
cpu, wall = time.process_time(), time.perf_counter()
for l2, dropout in settings[part::count]:
    train(float(l2), float(dropout), epochs)
print(time.process_time() - cpu, time.perf_counter() - wall)
"""


def load(name: str) -> tuple[Array, Array]:
    """Standardised rows in random order, and their classes."""
    loader, rows = TABLES[name]
    x, y = loader(return_X_y=True)
    places = np.random.default_rng(0).permutation(len(x))[:rows]
    x, y = x[places], y[places]
    deviation = x.std(axis=0)
    x = (x - x.mean(axis=0)) / np.where(deviation == 0, 1, deviation)
    return x.astype("float32"), y.astype("int32")


def builder(inputs: int, classes: int) -> Callable[..., corereg.Sequential]:
    """What builds the network of settings."""

    def build(l2: float, dropout: float) -> corereg.Sequential:
        stack: list[Any] = [corereg.Input((inputs,))]
        for _ in range(2):
            stack.append(layers.Dense(UNITS, "relu", kernel_regularizer=regularizers.L2(l2)))
            if dropout:
                stack.append(layers.Dropout(dropout))
        stack.append(layers.Dense(classes, "softmax"))
        model = corereg.Sequential(stack)
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    return build


def cpu_seconds() -> float:
    """Of this process and those of its children that have ended."""
    own, rest = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + rest.ru_utime + rest.ru_stime


def timed(run: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it returns, wall seconds and CPU seconds."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    found = run()
    return found, time.perf_counter() - wall, cpu_seconds() - cpu


def searched(x: Array, y: Array, settings: int, epochs: int, jobs: int, drop: bool) -> Any:
    """corereg's search."""
    return cross_validated_search(
        builder(x.shape[1], int(y.max()) + 1),
        *(x, y, SPACE),
        n_iter=settings,
        cv=FOLDS,
        epochs=epochs,
        batch_size=BATCH,
        n_jobs=jobs,
        drop_losing_folds=drop,
        random_state=0,
        verbose=0,
    )


def scikit_learn(x: Array, y: Array, settings: int, epochs: int) -> Any:
    """GridSearchCV over MLPClassifier in two processes, which have been started before."""
    from joblib import Parallel, delayed

    model = neural_network.MLPClassifier(
        (UNITS, UNITS), batch_size=BATCH, max_iter=epochs, tol=0.0, n_iter_no_change=epochs
    )
    alphas = 2 * BATCH * np.geomspace(1e-5, 1e-1, settings)
    found = model_selection.GridSearchCV(
        model, {"alpha": alphas}, cv=FOLDS, scoring="neg_log_loss", n_jobs=2, refit=False
    )
    os.environ["PYTHONWARNINGS"] = "ignore"
    Parallel(n_jobs=2)(delayed(time.sleep)(0.1) for _ in range(4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return timed_with_workers(lambda: found.fit(x, y))


def timed_with_workers(run: Callable[[], Any]) -> tuple[float, float]:
    """Wall and CPU seconds, those of joblib's workers, which go on living, among the latter."""
    import psutil

    def cpu() -> float:
        children = psutil.Process().children(recursive=True)
        own = [*children, psutil.Process()]
        return sum(sum(one.cpu_times()[:2]) for one in own if one.is_running())

    before, wall = cpu(), time.perf_counter()
    run()
    return time.perf_counter() - wall, cpu() - before


def keras(python: str, x: Array, y: Array, settings: list[dict[str, Any]], epochs: int) -> Any:
    """Wall and CPU seconds of a fold of each setting, two processes at once."""
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        pairs = [(one["l2"], one["dropout"]) for one in settings]
        np.savez(file, x=x, y=y, settings=np.array(pairs))
        file.flush()
        numbers = map(str, (epochs, BATCH, UNITS))
        options = [file.name, *numbers]
        running = [
            subprocess.Popen(
                [python, "-c", KERAS, *options, str(part), "2"], stdout=subprocess.PIPE, text=True
            )
            for part in range(2)
        ]
        told = [one.communicate()[0].split() for one in running]
    return max(float(wall) for _, wall in told), sum(float(cpu) for cpu, _ in told)


def report(name: str, given: argparse.Namespace) -> None:
    """Prints the table of a data set."""
    x, y = load(name)
    settings, epochs = given.settings, given.epochs
    rows: list[tuple[str, float, float]] = []
    searched(x, y, 2, 1, 2, False)  # imports
    results = []
    for jobs in (1, 2):
        found, wall, cpu = timed(lambda n=jobs: searched(x, y, settings, epochs, n, False))
        rows.append((f"corereg, every fold, {jobs} worker{'s' * (jobs > 1)}", wall, cpu))
        results.append(found.scores)
    assert np.array_equal(*results), "one worker and two have found different scores"
    found, wall, cpu = timed(lambda: searched(x, y, settings, epochs, 2, True))
    trained = int(np.isfinite(found.scores).sum())
    rows.append((f"corereg, losing folds dropped ({trained} trainings), 2 workers", wall, cpu))
    if given.rivals:
        share = settings / given.rivals
        wall, cpu = scikit_learn(x, y, given.rivals, epochs)
        rows.append((f"scikit-learn, n_jobs=2, from {given.rivals}", wall * share, cpu * share))
        if given.keras:
            wall, cpu = keras(given.keras, x, y, found.settings[: given.rivals], epochs)
            share *= FOLDS
            told = f"Keras on JAX, 2 processes, from {given.rivals} x 1 fold"
            rows.append((told, wall * share, cpu * share))
    print(f"\n{name}, {len(x)} rows: {settings} settings x {FOLDS} folds x {epochs} epochs\n")
    print("| search | wall s | CPU s | wall / ours | CPU / ours |")
    print("|---|---|---|---|---|")
    for told, wall, cpu in rows:
        ratios = f"{wall / rows[1][1]:.2f} | {cpu / rows[1][2]:.2f}"
        print(f"| {told} | {wall:.1f} | {cpu:.1f} | {ratios} |")
    print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--settings", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--rivals", type=int, default=10, help="settings of the others; 0: none")
    parser.add_argument("--keras", help="a Python that has Keras and JAX")
    parser.add_argument("--check", action="store_true", help="verify, and time nothing to speak of")
    given = parser.parse_args()
    if given.check:
        given.settings, given.epochs, given.rivals = 4, 2, 0
    for name in given.tables.split(","):
        report(name, given)


if __name__ == "__main__":
    main()
