"""What precisions of products cost and bring: products, steps of training, and errors on digits.

    python benches/precision.py [--rounds 9] [--seeds 10] [--data FILE] [--curves PNG]

First each precision is compared with NumPy in float64. Then products of 128 x 1024 x 1024 and steps
of mnist-mlp and mnist-wide (workloads.py) are timed in turns, a round after the other, and medians
printed with ratios to "highest". Beside the products stand two ceilings: float32's arithmetic in
registers, and the product kernel alone on packed operands that stay in the first cache, which is
what the matrix units give without memory. "rounding" is what packing both operands takes of a
product. Last, the errors of a network on digits that it was not trained on, over some seeds, for
each precision the same rows and beginnings; of MNIST, where FILE is an .npz with x and y to train
with and tx and ty to test (see benches/studies/mnist.py). --seeds 0 leaves that out. --curves
draws the errors epoch by epoch into a picture.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    if _name in os.environ:
        del os.environ[_name]
        os.execv(sys.executable, [sys.executable, *sys.argv])

import numpy as np  # noqa: E402
from measure import arithmetic, empty, enough, normal, recorded, timed  # noqa: E402
from workloads import WORKLOADS, sequential  # noqa: E402

import corereg  # noqa: E402
from corereg import _kernels, layers  # noqa: E402
from corereg.matmul_precision import PARTS  # noqa: E402

Array = np.ndarray[Any, Any]
Curves = dict[str, Array]
M, K, N = 128, 1024, 1024
BOUNDS = {"highest": 1e-6, "high": 2e-5, "medium": 4e-3}
SAMPLE = 0.02  # seconds of one sample of a product


def calls(parts: int) -> dict[str, Callable[[], Any]]:
    """The three products of a dense layer."""
    x, w, dz = normal(M, K), normal(K, N), normal(M, N)
    y, dx, dw = empty(M, N), empty(M, K), empty(K, N)
    return {
        "x w": lambda: _kernels.dense_forward(x, w, out=y, parts=parts),
        "dz w'": lambda: _kernels.dense_backward_input(dz, w, out=dx, parts=parts),
        "x' dz": lambda: _kernels.dense_backward_weights(x, dz, dw, None, parts),
    }


def verify() -> None:
    """RuntimeError if a product is farther off than its precision says."""
    x, w = normal(M, K), normal(K, N)
    exact, size = x.astype(float) @ w, np.abs(x).astype(float) @ np.abs(w)
    for name, parts in PARTS.items():
        off = float((np.abs(_kernels.dense_forward(x, w, parts=parts) - exact) / size).max())
        print(f"{name}: off by {off:.1e} of the sum of absolute products at most")
        if off > BOUNDS[name]:
            raise RuntimeError(f"{name}: expected at most {BOUNDS[name]}")


def units_alone(parts: int, threads: int) -> float:
    """GFLOP/s of the product kernel on packed operands in the first cache, of one part's flops."""
    x, w, y = normal(64 * threads, 256), normal(256, 64), empty(64 * threads, 64)
    program = recorded(lambda: _kernels.dense_forward(x, w, out=y, parts=parts))
    found = [ns for name, _, _, ns in program.profile(2000) if name == "dense_forward"]
    return 2 * x.shape[0] * 256 * 64 / found[0]


def products(rounds: int, threads: int) -> None:
    peak = arithmetic(threads)
    sides = {
        (name, what): recorded(call)
        for name, parts in PARTS.items()
        for what, call in calls(parts).items()
    }
    often = {
        side: enough(lambda n, p=p: timed(p, n, threads) * n, SAMPLE) for side, p in sides.items()
    }
    spent: dict[Any, list[float]] = defaultdict(list)
    alone: dict[str, list[float]] = defaultdict(list)
    looks = []
    for _ in range(rounds):
        looks.append(peak.look())
        for side, program in sides.items():
            spent[side].append(timed(program, often[side], threads))
        for name, parts in PARTS.items():
            alone[name].append(units_alone(parts, threads))
    print(f"\n{threads} thread(s): {statistics.median(looks):.0f} GFLOP/s of float32 in registers")
    print(f"{M} x {K} x {N}       us   GFLOP/s  to highest  rounding")
    for (name, what), program in sides.items():
        us = 1e6 * statistics.median(spent[name, what])
        ratio = 1e6 * statistics.median(spent["highest", what]) / us
        parts = program.profile(20)
        rounding = sum(ns for kernel, _, _, ns in parts if kernel == "round_operand")
        share = rounding / max(sum(ns for *_, ns in parts), 1)
        print(f"{name:8}{what:8}{us:10.0f}{2e-3 * M * K * N / us:10.0f}{ratio:11.2f}x{share:9.0%}")
    for name in PARTS:
        print(f"{name}: {statistics.median(alone[name]):.0f} GFLOP/s, the kernel alone in cache")


def steps(rounds: int) -> None:
    """us a step of fit, epochs of the precisions in turns."""
    print("\nstep of fit              us  to highest")
    for workload in ("mnist-mlp", "mnist-wide"):
        told = WORKLOADS[workload]
        x, y = told.data()
        x, y = x[: 10 * told.batch], y[: 10 * told.batch]
        models = {}
        for name in PARTS:
            corereg.set_random_seed(1)
            model = models[name] = sequential(told, corereg)
            model.compile("adam", told.loss, metrics=["accuracy"], matmul_precision=name)
            model.fit(x, y, batch_size=told.batch, epochs=2, verbose=0)
        spent: dict[str, list[float]] = defaultdict(list)
        for _ in range(rounds):
            for name, model in models.items():
                began = time.perf_counter()
                model.fit(x, y, batch_size=told.batch, epochs=2, verbose=0)
                spent[name].append((time.perf_counter() - began) / 20)
        for name in PARTS:
            us, best = (1e6 * statistics.median(spent[one]) for one in (name, "highest"))
            print(f"{workload:12}{name:8}{us:10.0f}{best / us:11.2f}x")


# ---- what is learned -----------------------------------------------------------------------------


def errors(name: str, seed: int, data: tuple[Array, ...], units: int, epochs: int) -> Array:
    """Percent of test rows that a network says wrongly, after each epoch."""
    x, y, test, labels = data
    corereg.set_random_seed(seed)
    model = corereg.Sequential(
        [
            corereg.Input((x.shape[1],)),
            *(
                part
                for _ in range(2)
                for part in (layers.Dense(units, "relu"), layers.Dropout(0.2))
            ),
            layers.Dense(10, "softmax"),
        ]
    )
    loss = "sparse_categorical_crossentropy"
    model.compile("adam", loss, metrics=["accuracy"], matmul_precision=name)
    seen = model.fit(
        x, y, batch_size=32, epochs=epochs, validation_data=(test, labels), verbose=0
    )  # only to look at: nothing is chosen by it
    return 100 - 100 * np.asarray(seen.history["val_accuracy"])


def digits(seed: int) -> tuple[Array, ...]:
    """600 rows to train with and the rest to test."""
    x, y = corereg.datasets.load_digits()
    order = np.random.default_rng(seed).permutation(len(x))
    x, y = (x[order] / 16).astype(np.float32), y[order]
    return x[:600], y[:600], x[600:], y[600:]


def study(what: str, seeds: int, data: Callable[[int], Any], units: int, epochs: int) -> Curves:
    """Prints the errors at the end; returns those of each epoch, (seeds, epochs), by precision."""
    found = {
        name: np.array([errors(name, s, data(s), units, epochs) for s in range(seeds)])
        for name in PARTS
    }
    print(f'\n{what}, {seeds} seeds: percent wrong      less "highest" (mean, standard error)')
    for name, curves in found.items():
        apart = curves[:, -1] - found["highest"][:, -1]
        deviation = apart.std(ddof=1) / seeds**0.5 if seeds > 1 else float("nan")
        print(f"{name:8}{curves[:, -1].mean():10.2f}{apart.mean():25.2f}{deviation:8.2f}")
    return found


def draw(studies: dict[str, Curves], path: str) -> None:
    """The mean error of each precision over the epochs, and as a band its standard error."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullLocator

    figure = Figure(figsize=(5 * len(studies), 3.6), layout="constrained")
    places = figure.subplots(1, len(studies), squeeze=False)[0]
    for axes, (what, found) in zip(places, studies.items(), strict=True):
        for (name, curves), dashes in zip(found.items(), ("-", "--", ":"), strict=True):
            epoch, mean = np.arange(1, curves.shape[1] + 1), curves.mean(axis=0)
            off = curves.std(axis=0) / len(curves) ** 0.5
            axes.fill_between(epoch, mean - off, mean + off, alpha=0.15)
            axes.plot(epoch, mean, dashes, label=name)
        axes.set(title=what, xlabel="epoch", ylabel="test rows wrong (%)", yscale="log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 4, 5, 6, 7)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter("{x:.3g}")
        axes.legend(title="matmul_precision")
    figure.savefig(path, dpi=130)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--data", help="an .npz file of MNIST")
    parser.add_argument("--curves", help="where to write a picture of the errors (PNG)")
    options = parser.parse_args()
    corereg.show_config()
    verify()
    for threads in sorted({1, _kernels.get_num_threads()}):
        products(options.rounds, threads)
    steps(options.rounds)
    if not options.seeds:
        return
    studies = {"digits": study("digits", options.seeds, digits, 64, 40)}
    if options.data:
        file = np.load(options.data)
        rows = [np.float32(file[k].reshape(-1, 784)) / 255 for k in ("x", "tx")]
        mnist = (rows[0], file["y"].astype(int), rows[1], file["ty"].astype(int))
        studies["MNIST"] = study("MNIST", options.seeds, lambda seed: mnist, 512, 10)
    if options.curves:
        draw(studies, options.curves)


if __name__ == "__main__":
    main()
