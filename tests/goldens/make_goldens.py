"""Makes the golden files with Keras 3; in tests/: `python -m goldens.make_goldens [name ...]`.

Needs keras and jax. Every case is trained from the same starting weights in float32 and in float64
(with JAX's x64 mode), and what comes out is written to one .npz a case, which holds

    keras               version of Keras
    start               starting weights, float32, flat, in the order of get_weights
    names               names of the arrays that `cases.run` returns
    float32, float64    these arrays, flattened and joined in that order

The same versions give the same bytes. The script prints the noise of each case: the distance of
Keras's own float32 run to its float64 run, and (`--probe N`) to N float32 runs from starting
weights one rounding off. A case whose noise passes LIMIT is not written, since its trajectory would
prove nothing at the tests' 1e-5: then alter the case, not the tolerance.
"""

from __future__ import annotations

import argparse
import os
import warnings
import zlib
from pathlib import Path
from types import ModuleType

import numpy as np

from .cases import CASES, Arrays, Case, run

HERE = Path(__file__).parent
LIMIT = 4e-6


def load_keras() -> ModuleType:
    """Keras on JAX, whatever the user's own configuration says."""
    os.environ["KERAS_BACKEND"] = "jax"
    import keras
    from keras.src.backend.common import dtypes

    # Except on TensorFlow, Keras's type promotion never gives more than float32: at floatx float64
    # tanh, and the mean over the outputs in a loss, are rounded to float32 on their way. Without
    # this entry all is in float64, and agrees with NumPy to the last bits.
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
    # The tutorials' input_dim= is legacy to Keras.
    warnings.filterwarnings("ignore", message=".*input_dim", category=UserWarning)
    return keras


def starting_weights(case: Case, like: list[np.ndarray]) -> np.ndarray:
    """Glorot-uniform kernels and biases in +-0.2, flat float32; seeded by the golden's name."""
    rng = np.random.default_rng(zlib.crc32(case.file.encode()))
    limits = [np.sqrt(6 / sum(w.shape)) if w.ndim == 2 else 0.2 for w in like]
    parts = [rng.uniform(-a, a, w.size) for a, w in zip(limits, like, strict=True)]
    return np.concatenate(parts).astype("float32")


def train(case: Case, keras: ModuleType, dtype: str, probe: int = 0) -> tuple[np.ndarray, Arrays]:
    """Starting weights and results; `probe` > 0 moves each weight one rounding up or down."""
    import jax

    jax.config.update("jax_enable_x64", dtype == "float64")
    keras.config.set_floatx(dtype)
    keras.backend.clear_session()
    used = []

    def start(like: list[np.ndarray]) -> np.ndarray:
        flat = starting_weights(case, like)
        if probe:
            signs = np.random.default_rng(probe).choice([-np.inf, np.inf], flat.size)
            flat = np.nextafter(flat, signs, dtype="float32")
        used.append(flat)
        return flat

    results = run(case, keras, start, dtype)
    for name, array in results.items():
        if (name.startswith("weight") or name == "predict") and array.dtype != dtype:
            raise TypeError(f"{case.name}: {name}: expected {dtype}, got {array.dtype}")
        # Python floats of history are values of `dtype` too, so that nothing is lost in the file.
        if not np.array_equal(array, array.astype(dtype)):
            raise TypeError(f"{case.name}: {name} has values that are not {dtype}: {array}")
    return used[0], {name: array.astype(dtype) for name, array in results.items()}


def distance(ours: Arrays, theirs: Arrays) -> tuple[float, str]:
    """The largest difference, relative to each array's largest entry as in the tests; and where."""
    return max(
        (float(np.abs(array - theirs[name]).max() / (np.abs(theirs[name]).max() or 1)), name)
        for name, array in ours.items()
    )


def make(case: Case, keras: ModuleType, probes: int) -> bool:
    """Trains, judges and writes one case, or holds it to a shared golden; True if it is good."""
    start, single = train(case, keras, "float32")
    double = train(case, keras, "float64")[1]
    moved = [train(case, keras, "float32", probe)[1] for probe in range(1, probes + 1)]
    noise = [distance(single, double), *(distance(arrays, single) for arrays in moved)]
    worst, where = max(noise)
    good = worst <= LIMIT
    figures = " ".join(f"{figure:.1e}" for figure, _ in noise)
    print(f"{case.name:28} {figures}  {where}{'' if good else '  TOO NOISY'}", flush=True)
    golden = {
        "keras": np.array(keras.__version__),
        "start": start,
        "names": np.array(list(single)),
        "float32": np.concatenate([array.ravel() for array in single.values()]),
        "float64": np.concatenate([array.ravel() for array in double.values()]),
    }
    if case.golden not in ("", case.name):
        with np.load(HERE / case.file) as shared:
            same = all(np.array_equal(shared[key], golden[key]) for key in golden)
        print(f"{case.name:28} {'equals' if same else 'DIFFERS FROM'} {case.golden}")
        return good and same
    if good:
        np.savez_compressed(HERE / case.file, **golden)
    return good


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the golden files with Keras 3.")
    parser.add_argument("names", nargs="*", help="cases to make (default: all)")
    parser.add_argument("--probe", type=int, default=0, metavar="N", help="further noise runs")
    args = parser.parse_args()
    unknown = set(args.names) - {case.name for case in CASES}
    if unknown:
        parser.error(f"unknown cases {sorted(unknown)}; known: {[case.name for case in CASES]}")
    keras = load_keras()
    chosen = [case for case in CASES if not args.names or case.name in args.names]
    bad = [case.name for case in chosen if not make(case, keras, args.probe)]
    if bad:
        raise SystemExit(f"not written or not met: {', '.join(bad)}")


if __name__ == "__main__":
    main()
