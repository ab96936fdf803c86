"""Exported C files: how fast and how large they are, beside the library and other generators.

    python benches/exported.py [--rounds 60] [--peers PYTHON] [--check]

Four tables in Markdown, of one row at a time:

1. A network 100-64-64-10: the C file by each compiler, the library's own kernels replayed,
   `predict`, and a call of ONNX Runtime where that is installed.
2. The same with 90 % of its weights zero: as whole neurons and inputs, which are left out, and at
   random places, which are listed.
3. One layer 128-64 by all weights and by lists, for several shares of weights that are not zero:
   where `sparse_below` should be.
4. A network 64-64-64-10 trained on the digits: the C file, the same in int8, with floats at both
   ends and without, and those of emlearn and nncc, for which --peers gives a Python that has them.

First all results are compared with `predict`. Then all sides are timed in turns, by the time that
the CPU gave their thread; the tables show medians of all rounds, and the load of the machine. Sizes
are of what the linker would take: code and constants. --check: compares, and times one round.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import corereg
from corereg import _kernels, datasets, layers
from corereg.export.c import write
from corereg.export.c.writing import quantized

Array = np.ndarray[Any, Any]
COMPILERS = [one for one in ("gcc", "clang") if shutil.which(one)]
NATIVE, PLAIN, SMALL = ["-O3", "-march=native"], ["-O2"], ["-Os"]
DENSITIES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
TIMES = 300  # calls of a sample

HARNESS = """
#include <time.h>
double bench(const float *x, float *y, int times)
{
    struct timespec a, b;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    for (int i = 0; i < times; i++) {
        CALL;
        __asm__ volatile("" ::"r"(y) : "memory");
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    return ((double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec)) / times;
}
"""


class Side:
    """One compiled file with a function `bench`."""

    def __init__(
        self, folder: Path, source: str, start: str, call: str, flags: list[str], compiler: str
    ) -> None:
        number = len(list(folder.glob("*.so")))
        harness, library = folder / f"bench{number}.c", folder / f"side{number}.so"
        harness.write_text(start + HARNESS.replace("CALL", call))
        objects = []
        for one in (folder / source, harness):
            objects.append(str(folder / f"{one.stem}_{number}.o"))
            command = [compiler, *flags, "-std=gnu99", "-fPIC", "-I", str(folder), "-c", str(one)]
            subprocess.run([*command, "-o", objects[-1]], check=True)
        subprocess.run([compiler, "-shared", *objects, "-o", str(library), "-lm"], check=True)
        found = subprocess.run(["size", objects[0]], capture_output=True, text=True, check=True)
        text, data, bss = map(int, found.stdout.split("\n")[1].split()[:3])
        self.size, self.file_size = text + data + bss, (folder / source).stat().st_size
        self.library = ctypes.CDLL(str(library))
        self.library.bench.restype = ctypes.c_double

    def run(self, x: Array, y: Array, times: int) -> float:
        """Seconds of a call."""
        given = (ctypes.c_void_p(one.ctypes.data) for one in (x, y))
        return float(self.library.bench(*given, times))

    def outputs(self, x: Array, n: int) -> Array:
        """What it gives for rows."""
        found = np.zeros((len(x), n), "f4")
        for one, y in zip(np.ascontiguousarray(x, "f4"), found, strict=True):
            self.run(one, y, 1)
        return found


def ours(
    folder: Path, model: Any, name: str, flags: list[str], compiler: str, **options: Any
) -> Side:
    """The exported file of a model."""
    path = folder / f"{name}.c"
    if not path.exists():
        write(model, str(path), **options)
    start = f'#include "{name}.h"\nstatic struct {name}_workspace room;\n'
    return Side(folder, path.name, start, f"{name}_predict(x, y, &room)", flags, compiler)


def compare(side: Side, model: Any, x: Array, what: str) -> None:
    """SystemExit unless a side gives what predict gives."""
    expected = model.predict(x, verbose=0)
    found = side.outputs(x, expected.shape[1])
    if np.abs(found - expected).max() > 1e-5 * np.abs(expected).max():
        raise SystemExit(f"{what}: its results differ from those of predict")


def medians(calls: dict[Any, Callable[[], float]], rounds: int) -> dict[Any, float]:
    """Microseconds of each call, the calls in turns."""
    times: dict[Any, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(call() * 1e6)
    return {name: statistics.median(found) for name, found in times.items()}


def python_call(function: Callable[[], Any], times: int) -> Callable[[], float]:
    """A call whose seconds are found by Python."""

    def call() -> float:
        began = time.thread_time()
        for _ in range(times):
            function()
        return (time.thread_time() - began) / times

    return call


def stack(*sizes: int) -> Any:
    """A network of relu layers, with biases."""
    parts = [layers.Dense(n, "relu", bias_initializer="normal") for n in sizes[1:-1]]
    last = layers.Dense(sizes[-1], bias_initializer="normal")
    return corereg.Sequential([corereg.Input((sizes[0],)), *parts, last])


def shown(rows: list[list[Any]], head: list[str]) -> None:
    """Prints a table."""
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print(
            "| "
            + " | ".join(f"{one:.2f}" if isinstance(one, float) else str(one) for one in row)
            + " |"
        )
    print(f"\nLoad: {os.getloadavg()[0]:.1f}\n")


# ---- the tables ----------------------------------------------------------------------------------


def replayed(model: Any, x: Array, times: int) -> Callable[[], float]:
    """The library's own kernels for one row, without Python."""
    program, given = _kernels.Program(), x[:1].copy()
    with program:
        for layer in model.layers:
            act = _kernels.ACTIVATIONS["relu" if layer is not model.layers[-1] else "linear"]
            given = _kernels.dense_forward(given, layer.kernel.data, layer.bias.data, act)
    steps = python_call(lambda: _kernels.replay([(program, 1)], times, 1), 1)
    return lambda: steps() / times


def runtime(model: Any, x: Array, folder: Path, times: int) -> Callable[[], float] | None:
    """ONNX Runtime on one thread, if it is installed."""
    try:
        import onnxruntime
    except ImportError:
        return None
    model.export(folder / "model.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    given = {session.get_inputs()[0].name: x[:1].copy()}
    return python_call(lambda: session.run(None, given), max(times // 10, 1))


def first_table(folder: Path, rounds: int, times: int) -> None:
    model, x = stack(100, 64, 64, 10), np.random.default_rng(0).random((50, 100), "f4")
    sides = {
        (compiler, *flags): ours(folder, model, "plain", flags, compiler)
        for compiler in COMPILERS
        for flags in (NATIVE, PLAIN, SMALL)
    }
    y = np.zeros(10, "f4")
    calls: dict[Any, Callable[[], float]] = {}
    for name, side in sides.items():
        compare(side, model, x, str(name))
        calls[name] = lambda side=side: side.run(x[0], y, times)  # type: ignore[misc]
    calls["the library's own kernels"] = replayed(model, x, times)
    model.predict(x[:1], verbose=0)
    row = x[:1].copy()
    calls["`predict`"] = python_call(lambda: model.predict(row, verbose=0), max(times // 10, 1))
    call = runtime(model, x, folder, times)
    if call is not None:
        calls["ONNX Runtime's call"] = call
    found = medians(calls, rounds)
    rows = []
    for name, value in found.items():
        sizes = [sides[name].size, sides[name].file_size] if name in sides else ["", ""]
        label = f"C, `{' '.join(name)}`" if name in sides else name
        rows.append([label, value, *sizes])
    shown(rows, ["100-64-64-10, one row", "µs", "code and constants, bytes", "C file, bytes"])


def second_table(folder: Path, rounds: int, times: int) -> None:
    rng, x = np.random.default_rng(0), np.random.default_rng(1).random((50, 100), "f4")
    whole = stack(100, 64, 64, 10)
    neurons, places = stack(100, 64, 64, 10), stack(100, 64, 64, 10)
    kept = (31, 20, 21, 10)  # of inputs and neurons: 10 % of the weights
    for model in (neurons, places):
        for i, layer in enumerate(model.layers):
            kernel, bias = layer.get_weights()
            if model is neurons:
                kernel[kept[i] :] = 0
                kernel[:, kept[i + 1] :] = 0
            else:
                kernel[rng.random(kernel.shape) > 0.1] = 0
            layer.set_weights([kernel, bias])
    sides = {
        "all weights": ours(folder, whole, "whole", NATIVE, COMPILERS[0]),
        "90 % zeros, as neurons and inputs": ours(folder, neurons, "neurons", NATIVE, COMPILERS[0]),
        "90 % zeros, anywhere": ours(
            folder, places, "places", NATIVE, COMPILERS[0], sparse_below=0.2
        ),
        "90 % zeros, anywhere, `-O2`": ours(folder, places, "places", PLAIN, COMPILERS[0]),
        "all weights, `-O2`": ours(folder, whole, "whole", PLAIN, COMPILERS[0]),
    }
    models = {"whole": whole, "neurons": neurons, "places": places}
    y, calls = np.zeros(10, "f4"), {}
    for name, side in sides.items():
        which = "places" if "anywhere" in name else "neurons" if "neurons" in name else "whole"
        compare(side, models[which], x, name)
        calls[name] = lambda side=side: side.run(x[0], y, times)  # type: ignore[misc]
    found = medians(calls, rounds)
    rows = [[name, found[name], sides[name].size, sides[name].file_size] for name in sides]
    shown(rows, ["100-64-64-10, one row", "µs", "code and constants, bytes", "C file, bytes"])


def third_table(folder: Path, rounds: int, times: int) -> None:
    rng, x, y = np.random.default_rng(0), np.random.default_rng(1).random((5, 128), "f4"), None
    y = np.zeros(64, "f4")
    rows = []
    for density in DENSITIES:
        model = stack(128, 64)
        kernel, bias = model.layers[0].get_weights()
        kernel[rng.random(kernel.shape) > density] = 0
        model.layers[0].set_weights([kernel, bias])
        calls = {}
        for flags in (NATIVE, PLAIN):
            for share in (0.0, 1.0):
                name = f"d{int(density * 100)}_{int(share)}"
                side = ours(folder, model, name, flags, COMPILERS[0], sparse_below=share)
                compare(side, model, x, name)
                calls[flags[0], share] = lambda side=side: side.run(x[0], y, times)
        found = medians(calls, rounds)
        rows.append([f"{density:.0%}", *found.values()])
    flags = [f"`{' '.join(one)}`" for one in (NATIVE, PLAIN)]
    head = [f"{side}, {one}" for one in flags for side in ("all", "lists")]
    shown(rows, ["not zero", *head])


def fourth_table(folder: Path, rounds: int, times: int, peers: str | None, epochs: int) -> None:
    corereg.set_random_seed(0)
    whole, every = datasets.load_digits()[:2]
    whole = np.asarray(whole, "f4").reshape(len(whole), -1)
    whole /= whole.max()
    order = np.random.default_rng(0).permutation(len(whole))
    (x, labels), (x_test, labels_test) = (
        (whole[rows], every[rows]) for rows in (order[:1300], order[1300:])
    )
    parts = [layers.Dense(64, "relu"), layers.Dense(64, "relu"), layers.Dense(10, "softmax")]
    model = corereg.Sequential([corereg.Input((64,)), *parts])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, labels, epochs=epochs, verbose=0)
    sides = {}
    for flags in (NATIVE, PLAIN):
        sides["corereg", flags[0]] = ours(folder, model, "digits", flags, COMPILERS[0])
        compare(sides["corereg", flags[0]], model, x_test, "digits")
    sources = {"corereg": folder / "digits.c"}
    of_int8 = quantized(model, x)
    for name, more, call in (
        ("corereg, int8", [], "small_predict(x, y, &room)"),
        (
            "corereg, int8 alone",
            ["-DSMALL_NO_FLOAT"],
            "small_predict_int8((const int8_t *)x, (int32_t *)y, &room)",
        ),
    ):
        sources[name] = folder / "small.c"
        write(model, str(sources[name]), precision="int8", calibration=x)
        start = '#include "small.h"\nstatic struct small_workspace room;\n'
        for flags in (NATIVE, PLAIN):
            sides[name, flags[0]] = Side(
                folder, "small.c", start, call, [*flags, *more], COMPILERS[0]
            )
    exact, found_int8 = of_int8.predict([x_test])[0], sides["corereg, int8", NATIVE[0]]
    if np.abs(found_int8.outputs(x_test, 10) - exact).max() > 1e-5:
        raise SystemExit("int8: its results differ from those of NumPy")
    if peers:
        np.savez(folder / "weights.npz", *model.get_weights())
        script = Path(__file__).with_name("exported_peers.py")
        subprocess.run([peers, script, folder / "weights.npz", folder], check=True)
        for name, source in (("emlearn", "emlearn_model.h"), ("nncc", "nncc_model.c")):
            if not (folder / f"{name}.c").exists():
                continue
            sources[name] = folder / source
            include = folder / f"{name}.include"
            more = ["-I", include.read_text()] if include.exists() else []
            start = "void peer_predict(const float *, float *);\n"
            for flags in (NATIVE, PLAIN):
                side = Side(
                    folder, f"{name}.c", start, "peer_predict(x, y)", [*flags, *more], COMPILERS[0]
                )
                sides[name, flags[0]] = side
    y = np.zeros(10, "f4")
    found = medians(
        {key: lambda side=side: side.run(x[0], y, times) for key, side in sides.items()},  # type: ignore[misc]
        rounds,
    )
    expected = model.predict(x_test, verbose=0)
    rows = []
    for name, source in sources.items():
        side = sides[name, NATIVE[0]]
        given = exact if "alone" in name else side.outputs(x_test, 10)
        accuracy = float((given.argmax(axis=1) == np.asarray(labels_test).ravel()).mean())
        apart = np.abs(given - expected).max()
        sizes = [sides[name, PLAIN[0]].size, source.stat().st_size]
        times_found = [found[name, flags[0]] for flags in (NATIVE, PLAIN)]
        rows.append([name, *times_found, *sizes, f"{accuracy:.2%}", f"{apart:.1g}"])
    head = ["64-64-64-10 on digits", *(f"µs, `{' '.join(one)}`" for one in (NATIVE, PLAIN))]
    shown(rows, [*head, "code, constants and memory, bytes", "file, bytes", "accuracy", "off by"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--peers", help="a Python that has emlearn and nncc")
    parser.add_argument("--check", action="store_true", help="compare, and time one round")
    given = parser.parse_args()
    if not COMPILERS:
        raise SystemExit("expected gcc or clang, found neither")
    rounds, times = (1, 10) if given.check else (given.rounds, TIMES)
    with tempfile.TemporaryDirectory() as folder:
        first_table(Path(folder), rounds, times)
        second_table(Path(folder), rounds, times)
        third_table(Path(folder), rounds, times)
        fourth_table(Path(folder), rounds, times, given.peers, 1 if given.check else 40)


if __name__ == "__main__":
    main()
