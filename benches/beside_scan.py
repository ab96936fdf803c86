"""corereg beside JAX, an epoch in one jitted scan, on nets of more kinds of layers than peers.py's.

    python benches/beside_scan.py [batchnorm] [tabular] [selfnorm] [--rounds 9]

batchnorm: 784-512-512-10 with BatchNormalization before each relu, batch 128. tabular: 8 numbers
and 6 categories of 3 to 1000 values, each Embedding(8), concatenated; 256-256, each with
BatchNormalization, relu, Dropout(0.2); 1 sigmoid; batch 256. selfnorm: 100-64-64-64-10, selu,
AlphaDropout(0.1), lecun_normal, batch 32. All: Adam(1e-3), crossentropy, accuracy on, float32.

First both sides train two epochs from the same weights, in the same order and without dropout, for
its masks differ: their losses must agree. Then they are timed in turns, shuffled and with dropout,
without the epochs before. Prints microseconds a step, medians of all rounds and of the faster half,
and the median of the rounds' ratios. Needs jax.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    if _name in os.environ:
        del os.environ[_name]
        os.execv(sys.executable, [sys.executable, *sys.argv])

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

import corereg  # noqa: E402
from corereg import layers  # noqa: E402
from corereg.autograd.ops.normalization import ALPHA, alpha_scale  # noqa: E402

PAUSE = 0.15  # seconds between sides, for threads that still spin
MOMENTUM, EPSILON, TOLERANCE = 0.99, 1e-3, 2e-3  # the last: of losses
DEPTH = 8  # numbers in a row of an embedding


class Workload(NamedTuple):
    units: tuple[int, ...]  # the input's numbers first
    batch: int
    rows: int
    normalized: bool
    epochs: int  # in one round
    rate: float = 0.0  # of dropout behind relu, or of alpha dropout behind selu
    tables: tuple[int, ...] = ()  # rows of the embeddings

    @property
    def steps(self) -> int:
        return self.rows // self.batch

    @property
    def binary(self) -> bool:
        return self.units[-1] == 1

    def data(self) -> tuple[Any, ...]:
        """The inputs, numbers first, then the targets, uniform."""
        rng = np.random.default_rng(0)
        x = rng.standard_normal((self.rows, self.units[0]), dtype=np.float32)
        categories = [rng.integers(0, n, (self.rows, 1)) for n in self.tables]
        if self.binary:
            y = rng.integers(0, 2, (self.rows, 1)).astype(np.float32)
        else:
            classes = self.units[-1]
            y = np.eye(classes, dtype=np.float32)[rng.integers(0, classes, self.rows)]
        return x, *categories, y


WORKLOADS = {
    "batchnorm": Workload((784, 512, 512, 10), 128, 12800, True, 1),
    "tabular": Workload((8, 256, 256, 1), 256, 25600, True, 2, 0.2, (3, 10, 30, 100, 300, 1000)),
    "selfnorm": Workload((100, 64, 64, 64, 10), 32, 1024, False, 30, 0.1),
}


def network(w: Workload) -> Any:
    """The net in corereg, compiled."""
    inputs = [corereg.Input((w.units[0],))]
    x = inputs[0]
    if w.tables:
        inputs += [corereg.Input((1,), dtype="int64") for _ in w.tables]
        found = [
            layers.Flatten()(layers.Embedding(n, DEPTH)(one))
            for n, one in zip(w.tables, inputs[1:], strict=True)
        ]
        x = layers.Concatenate()([x, *found])
    for units in w.units[1:-1]:
        if w.normalized:
            x = layers.BatchNormalization()(layers.Dense(units)(x))
            x = layers.Activation("relu")(x)
            x = layers.Dropout(w.rate)(x) if w.rate else x
        else:
            x = layers.Dense(units, "selu", kernel_initializer="lecun_normal")(x)
            x = layers.AlphaDropout(w.rate)(x) if w.rate else x
    x = layers.Dense(w.units[-1], "sigmoid" if w.binary else "softmax")(x)
    model = corereg.Model(inputs, x)
    loss = "binary_crossentropy" if w.binary else "categorical_crossentropy"
    model.compile("adam", loss, metrics=["accuracy"])
    return model


class Scan:
    """The same in JAX, from the model's weights."""

    def __init__(self, w: Workload, model: Any, *data: Any) -> None:
        self.w, self.data = w, tuple(map(jnp.asarray, data))
        dense = [part for part in model.layers if isinstance(part, layers.Dense)]
        kernels = [tuple(map(jnp.array, part.get_weights())) for part in dense]
        tables = [
            jnp.array(part.get_weights()[0])
            for part in model.layers
            if isinstance(part, layers.Embedding)
        ]
        sizes = w.units[1:-1] if w.normalized else ()
        params = (kernels, [(jnp.ones(n), jnp.zeros(n)) for n in sizes], tables)
        moving = [(jnp.zeros(n), jnp.ones(n)) for n in sizes]
        m, v = (jax.tree_util.tree_map(jnp.zeros_like, params) for _ in range(2))
        self.state = (params, m, v, jnp.zeros(()), jax.random.key(0), moving)

        def epoch(state: Any, data: Any, order: Any) -> Any:
            def body(state: Any, rows: Any) -> Any:
                return self.step(state, *(one[rows] for one in data))

            return jax.lax.scan(body, state, order.reshape(-1, w.batch))

        self.jitted = jax.jit(epoch, donate_argnums=0)

    def dropped(self, x: Any, key: Any) -> Any:
        """x behind dropout, or behind alpha dropout."""
        rate = self.w.rate
        if not rate:
            return x
        kept = jax.random.bernoulli(key, 1 - rate, x.shape)
        if self.w.normalized:
            return jnp.where(kept, x / (1 - rate), 0)
        a = alpha_scale(rate)
        return jnp.where(kept, x, ALPHA) * a - a * ALPHA * rate

    def forward(self, params: Any, moving: Any, key: Any, x: Any, *categories: Any) -> Any:
        """The outputs before the last activation, and the moving averages after this batch."""
        (*hidden, last), norms, tables = params
        rows = [table[one[:, 0]] for table, one in zip(tables, categories, strict=True)]
        x = jnp.concatenate([x, *rows], axis=1)
        moved = []
        for i, (kernel, bias) in enumerate(hidden):
            x = x @ kernel + bias
            if self.w.normalized:
                gamma, beta = norms[i]
                mean, variance = x.mean(0), x.var(0)
                new = zip(moving[i], (mean, variance), strict=True)
                moved.append(tuple(a * MOMENTUM + b * (1 - MOMENTUM) for a, b in new))
                x = jax.nn.relu((x - mean) * (jax.lax.rsqrt(variance + EPSILON) * gamma) + beta)
            else:
                x = jax.nn.selu(x)
            key, use = jax.random.split(key)
            x = self.dropped(x, use)
        return x @ last[0] + last[1], moved

    def step(self, state: Any, *batch: Any) -> Any:
        params, m, v, t, key, moving = state
        key, use = jax.random.split(key)
        *inputs, y = batch

        def loss(params: Any) -> Any:
            z, moved = self.forward(params, moving, use, *inputs)
            if self.w.binary:
                value = (jnp.logaddexp(0, z) - y * z).mean()
                return value, (((z > 0) == y).mean(), moved)
            value = -(y * jax.nn.log_softmax(z)).sum(1).mean()
            return value, ((z.argmax(1) == y.argmax(1)).mean(), moved)

        (value, (hits, moved)), grads = jax.value_and_grad(loss, has_aux=True)(params)
        t = t + 1
        alpha = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        tree = jax.tree_util.tree_map
        m = tree(lambda a, g: a + 0.1 * (g - a), m, grads)
        v = tree(lambda a, g: a + 0.001 * (g * g - a), v, grads)
        params = tree(lambda p, a, b: p - alpha * a / (jnp.sqrt(b) + 1e-7), params, m, v)
        return (params, m, v, t, key, moved), (value, hits)

    def epoch(self, order: Any) -> float:
        """One pass over the rows in this order; the mean loss of its steps."""
        self.state, logs = self.jitted(self.state, self.data, order)
        return float(logs[0].mean())


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def sides(w: Workload) -> tuple[Callable[..., list[float]], Scan]:
    """corereg's fit of the workload, which returns the losses of epochs, and JAX's scan."""
    *x, y = w.data()
    corereg.set_random_seed(0)
    model = network(w)

    def fit(**options: Any) -> list[float]:
        inputs = x if w.tables else x[0]
        return model.fit(inputs, y, batch_size=w.batch, verbose=0, **options).history["loss"]

    return fit, Scan(w, model, *x, y)


def verify(name: str, w: Workload) -> None:
    """Two epochs in order, without dropout, must have the same losses."""
    fit, scan = sides(w._replace(rate=0.0))
    ours = fit(epochs=2, shuffle=False)
    theirs = [scan.epoch(np.arange(w.rows)) for _ in ours]
    if not np.allclose(ours, theirs, TOLERANCE, 0):
        raise SystemExit(f"{name}: the epochs' losses are {ours} here and {theirs} in JAX")
    print(
        f"{name}: losses of two epochs {ours[0]:.5f}, {ours[1]:.5f}; JAX {theirs[0]:.5f}, "
        f"{theirs[1]:.5f}"
    )


def compare(name: str, rounds: int) -> None:
    """Verifies, then times, and prints a line."""
    w, rng = WORKLOADS[name], np.random.default_rng(0)
    verify(name, w)
    fit, scan = sides(w)
    found: list[list[float]] = [[], []]
    for turn in range(rounds + 1):
        for times, run in zip(
            found,
            (
                lambda: fit(epochs=w.epochs),
                lambda: [scan.epoch(rng.permutation(w.rows)) for _ in range(w.epochs)],
            ),
            strict=True,
        ):
            time.sleep(PAUSE)
            taken = seconds(run) / w.epochs / w.steps * 1e6
            if turn:  # the first compiles and records
                times.append(taken)
    ratio = statistics.median(b / a for a, b in zip(*found, strict=True))
    one, other = (statistics.median(times) for times in found)
    low, least = (statistics.median(sorted(times)[: (rounds + 1) // 2]) for times in found)
    print(
        f"{name}: corereg {one:.0f} us a step, JAX {other:.0f} us, {ratio:.2f} times; "
        f"faster half {low:.0f} and {least:.0f} us, {least / low:.2f} times"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="*", default=[*WORKLOADS])
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    print(f"{corereg._kernels.isa_name()}, {corereg.get_num_threads()} threads")
    for name in arguments.workloads:
        compare(name, arguments.rounds)


if __name__ == "__main__":
    main()
