"""What augmentation costs: a step of training with it and without it, and a batch beside Keras.

    python benches/augmentation.py [--rounds 9]

The net is 784-512-512-10, batch 128, Adam, as mnist-mlp of workloads.py without dropout; the
augmentation is a Pipeline of rotation, zoom, shear, translation and an elastic transform. First the
kernel is compared with its twin in NumPy, and, where Keras on JAX is installed, a turn by one angle
with Keras's. Then the sides are timed in turns. Prints medians of the time on the wall, and of the
time of the CPUs, which says more on a machine that others use (run it with OMP_NUM_THREADS=1 then,
for threads that wait are counted), and the ratios of these medians.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")
for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    if _name in os.environ:
        del os.environ[_name]
        os.execv(sys.executable, [sys.executable, *sys.argv])

import numpy as np  # noqa: E402

import corereg  # noqa: E402
from corereg import _kernels, layers, reference  # noqa: E402
from corereg.layers.augmentation.splines import spline_weights  # noqa: E402

Array = np.ndarray[Any, Any]
Call = Callable[[], Any]
BATCH, SIDE, STEPS = 128, 28, 50
PAUSE = 0.15  # seconds between sides, for threads that still spin
FILL = {"fill_mode": "constant"}
CLOCKS = (time.perf_counter, time.process_time)


def affine(lib: Any, **options: Any) -> list[Any]:
    made = lib.layers
    return [
        made.RandomRotation(15 / 360, **FILL, **options),
        made.RandomZoom(0.15, **FILL, **options),
        made.RandomShear(0.15, **FILL, **options),
        made.RandomTranslation(2 / 28, 2 / 28, **FILL, **options),
    ]


def elastic(lib: Any, **options: Any) -> list[Any]:
    return [lib.layers.RandomElasticTransform((1.0, 1.0), (0.5, 1.0), **FILL, **options)]


def verify(images: Array) -> None:
    """The kernel gives what its twin gives; a turn by one angle is Keras's."""
    image = (SIDE, SIDE, 1, False)
    kinds = {"rotate": 1, "zoom": 2, "shear": 2, "translate": 2, "bend": 2}
    stages = [
        (_kernels.WARP_KINDS[kind], i, np.zeros(1, np.int64), ((-0.1, 0.2),) * count, 0)
        for i, (kind, count) in enumerate(kinds.items())
    ]
    down = spline_weights(SIDE, 7, "float64")
    given = {"down": down, "across": down.T.copy(), "fill": "constant"}
    x = images[:16].reshape(16, -1).astype(np.float64)
    np.testing.assert_allclose(
        _kernels.warp(x, image, stages, **given),
        reference.warp(x, image, stages, **given),
        atol=1e-9,
    )
    if find_spec("keras") is not None:
        import keras

        sides = [
            np.asarray(lib.layers.RandomRotation((0.1, 0.1))(images[..., None], training=True))
            for lib in (corereg, keras)
        ]
        np.testing.assert_allclose(*sides, atol=1e-4)


def network(*augmentation: Any) -> Any:
    model = corereg.Sequential([corereg.Input((SIDE * SIDE,)), *augmentation])
    for units in (512, 512):
        model.add(layers.Dense(units, "relu"))
    model.add(layers.Dense(10, "softmax"))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def steps(images: Array) -> dict[str, Call]:
    """A step of training, plain and augmented."""
    x = np.resize(images.reshape(len(images), -1), (STEPS * BATCH, SIDE * SIDE))
    y = np.arange(len(x)) % 10
    flat = {"image_shape": (SIDE, SIDE)}
    sides = {
        "step, plain": network(),
        "step, affine": network(layers.Pipeline(affine(corereg, **flat))),
        "step, affine and elastic": network(
            layers.Pipeline([*affine(corereg, **flat), *elastic(corereg, **flat)])
        ),
    }
    return {
        name: lambda model=model: model.fit(x, y, batch_size=BATCH, verbose=0)
        for name, model in sides.items()
    }


def batches(images: Array) -> dict[str, tuple[Call, int]]:
    """A batch of images alone: calls, and how many batches each does."""
    batch = images[:BATCH]
    sides: dict[str, tuple[Call, int]] = {}
    chains = {
        "affine": affine(corereg),
        "affine and elastic": [*affine(corereg), *elastic(corereg)],
    }
    for name, chain in chains.items():
        pipeline = layers.Pipeline(chain)
        recorded = corereg.record(lambda x, pipeline=pipeline: pipeline(x, training=True))
        sides[f"batch, {name}, corereg"] = (
            lambda recorded=recorded: [recorded(batch) for _ in range(20)],
            20,
        )
    if find_spec("keras") is not None:
        import jax
        import keras

        x = jax.numpy.asarray(batch[..., None])
        chain = affine(keras)
        for layer in chain:
            layer(x)  # builds it
        seeds = [layer.generator.state.value for layer in chain]

        @jax.jit
        def jitted(x: Any, seeds: list[Any]) -> tuple[Any, list[Any]]:
            after = []
            for layer, seed in zip(chain, seeds, strict=True):
                x, (new,) = layer.stateless_call([], [seed], x, training=True)
                after.append(new)
            return x, after

        def compiled() -> None:
            now = seeds
            for _ in range(5):
                y, now = jitted(x, now)
            y.block_until_ready()

        def eager() -> None:
            y = x
            for layer in [*affine(keras), *elastic(keras)]:
                y = layer(y, training=True)
            y.block_until_ready()

        sides["batch, affine, Keras on JAX, jitted"] = compiled, 5
        sides["batch, affine and elastic, Keras on JAX, eager"] = eager, 1
    return sides


def race(sides: dict[str, tuple[Call, int]], rounds: int) -> dict[str, Array]:
    """The median microseconds, on the wall and of the CPUs, of each side for one of what it does,
    in turns."""
    taken: dict[str, list[list[float]]] = {name: [] for name in sides}
    for call, _ in sides.values():
        call()
    for _ in range(rounds):
        for name, (call, count) in sides.items():
            time.sleep(PAUSE)
            start = [clock() for clock in CLOCKS]
            call()
            taken[name].append(
                [(clock() - at) / count * 1e6 for clock, at in zip(CLOCKS, start, strict=True)]
            )
    return {name: np.median(times, axis=0) for name, times in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    images = np.random.default_rng(0).random((1024, SIDE, SIDE), dtype=np.float32)
    verify(images)
    found = race({name: (call, STEPS) for name, call in steps(images).items()}, rounds)
    found |= race(batches(images), rounds)
    print(f"{'microseconds':50} {'wall':>10} {'CPUs':>10}")
    for name, (wall, cpus) in found.items():
        print(f"{name:50} {wall:10.0f} {cpus:10.0f}")
    for name, times in found.items():
        base = "step, plain" if name.startswith("step") else name.split(", Keras")[0] + ", corereg"
        if name != base and base in found:
            wall, cpus = times / found[base]
            print(f"{name}: {wall:.2f} and {cpus:.2f} times {base}")


if __name__ == "__main__":
    main()
