"""How long a program takes from its start to its first prediction, beyond what NumPy takes.

    python benches/cold_start.py            prints a table
    python benches/cold_start.py --check    fails above the limit, see LIMIT

Fresh processes import NumPy alone, and in turn NumPy, corereg, a saved network of 100-64-64-10 and
one prediction. What counts is the processor's time, for the wall clock has the machine's load in
it, and the best of all runs. Use an installed package: without .pyc files beside the modules, every
start compiles them anew.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import corereg
from corereg import layers

LIMIT = 0.6
"""The share of NumPy's own import that all the rest may take."""

NUMPY = "import numpy"
PREDICT = """
import numpy
import corereg
model = corereg.saving.load_model({path!r}, compile={compile})
model.predict(numpy.zeros((1, 100), "float32"), verbose=0)
"""
LEFT_OUT = ("PYTHONDONTWRITEBYTECODE", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}


def run(code: str) -> tuple[float, float]:
    """Seconds of the processor and of the clock that a process takes."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code], env=ENVIRONMENT)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"a process ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "model.corereg"))
        widths = layers.Dense(64, "relu"), layers.Dense(64, "relu"), layers.Dense(10, "softmax")
        model = corereg.Sequential([corereg.Input((100,)), *widths])
        model.compile("adam", "sparse_categorical_crossentropy")
        model.save(path)
        programs = {
            "nothing": "pass",
            "numpy": NUMPY,
            "compile=False": PREDICT.format(path=path, compile=False),
            "compile=True": PREDICT.format(path=path, compile=True),
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
        for _ in range(options.runs + 1):  # the first writes .pyc files
            for name, code in programs.items():
                times[name].append(run(code))
    print(
        f"{'milliseconds':14}{'processor: best':>16}{'median':>8}{'clock: best':>13}{'median':>8}"
    )
    best = {}
    for name, found in times.items():
        used, clock = zip(*found[1:], strict=True)
        best[name] = min(used)
        values = min(used), statistics.median(used), min(clock), statistics.median(clock)
        print(
            f"{name:14}"
            + "".join(f"{1e3 * v:{w}.1f}" for v, w in zip(values, (16, 8, 13, 8), strict=True))
        )
    alone = best["numpy"] - best["nothing"]
    shares = {name: (best[name] - best["numpy"]) / alone for name in programs if "comp" in name}
    for name, share in shares.items():
        print(
            f"{name}: {1e3 * share * alone:.1f} ms more than NumPy, {share:.2f} of its own import"
        )
    return int(options.check and shares["compile=False"] > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
