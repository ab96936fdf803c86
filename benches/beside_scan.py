"""corereg beside JAX, an epoch in one jitted scan, on nets with normalization and alpha dropout.

    python benches/norms.py [batchnorm] [selfnorm] [--rounds 7]

batchnorm: 784-512-512-10 with BatchNormalization before each relu, batch 128. selfnorm:
100-64-64-64-10, selu, AlphaDropout(0.1), lecun_normal, batch 32. Both: Adam(1e-3), categorical
crossentropy, accuracy on, float32. Prints microseconds a step, medians of rounds in which both are
asked in turns. First, one epoch from the same weights must have the same mean loss. Needs jax.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import corereg
from corereg import layers
from corereg.autograd.ops.normalization import ALPHA, alpha_scale

RATE, PAUSE = 0.1, 0.15  # of alpha dropout; seconds between sides, for threads that still spin
MOMENTUM, EPSILON = 0.99, 1e-3


class Workload(NamedTuple):
    units: tuple[int, ...]
    batch: int
    rows: int
    normalized: bool
    epochs: int  # in one round
    tolerance: float  # of the first epoch's loss: masks differ

    @property
    def steps(self) -> int:
        return self.rows // self.batch


WORKLOADS = {
    "batchnorm": Workload((784, 512, 512, 10), 128, 12800, True, 3, 1e-3),
    "selfnorm": Workload((100, 64, 64, 64, 10), 32, 1024, False, 60, 0.1),
}


def network(w: Workload) -> Any:
    """The net in corereg, compiled."""
    parts = [corereg.Input((w.units[0],))]
    for units in w.units[1:-1]:
        if w.normalized:
            parts += [layers.Dense(units), layers.BatchNormalization(), layers.Activation("relu")]
        else:
            dense = layers.Dense(
                units, activation=corereg.ops.selu, kernel_initializer="lecun_normal"
            )
            parts += [dense, layers.AlphaDropout(RATE)]
    model = corereg.Sequential([*parts, layers.Dense(w.units[-1], activation="softmax")])
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


class Scan:
    """The same in JAX, from the model's weights."""

    def __init__(self, w: Workload, model: Any, x: Any, y: Any) -> None:
        self.w, self.x, self.y = w, jnp.asarray(x), jnp.asarray(y)
        dense = [part for part in model.layers if isinstance(part, layers.Dense)]
        kernels = [tuple(map(jnp.array, part.get_weights())) for part in dense]
        sizes = w.units[1:-1] if w.normalized else ()
        params = (kernels, [(jnp.ones(n), jnp.zeros(n)) for n in sizes])
        moving = [(jnp.zeros(n), jnp.ones(n)) for n in sizes]
        m, v = (jax.tree_util.tree_map(jnp.zeros_like, params) for _ in range(2))
        self.state = (params, m, v, jnp.zeros(()), jax.random.key(0), moving)

        def epoch(state: Any, x: Any, y: Any, order: Any) -> Any:
            def body(state: Any, rows: Any) -> Any:
                return self.step(state, x[rows], y[rows])

            return jax.lax.scan(body, state, order.reshape(-1, w.batch))

        self.jitted = jax.jit(epoch, donate_argnums=0)

    def forward(self, params: Any, moving: Any, x: Any, key: Any) -> Any:
        """The outputs before the softmax, and the moving averages after this batch."""
        (*hidden, last), norms = params
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
                key, use = jax.random.split(key)
                kept = jax.random.bernoulli(use, 1 - RATE, x.shape)
                a = alpha_scale(RATE)
                x = jnp.where(kept, jax.nn.selu(x), ALPHA) * a - a * ALPHA * RATE
        return x @ last[0] + last[1], moved

    def step(self, state: Any, x: Any, y: Any) -> Any:
        params, m, v, t, key, moving = state
        key, use = jax.random.split(key)

        def loss(params: Any) -> Any:
            z, moved = self.forward(params, moving, x, use)
            hits = (z.argmax(1) == y.argmax(1)).mean()
            return -(y * jax.nn.log_softmax(z)).sum(1).mean(), (hits, moved)

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
        self.state, logs = self.jitted(self.state, self.x, self.y, order)
        return float(logs[0].mean())


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def compare(name: str, rounds: int) -> None:
    """Verifies, then times, and prints a line."""
    w, rng = WORKLOADS[name], np.random.default_rng(0)
    x = rng.standard_normal((w.rows, w.units[0]), dtype=np.float32)
    y = np.eye(w.units[-1], dtype=np.float32)[rng.integers(0, w.units[-1], w.rows)]
    corereg.set_random_seed(0)
    model = network(w)
    scan = Scan(w, model, x, y)
    options = {"batch_size": w.batch, "verbose": 0}
    ours = model.fit(x, y, shuffle=False, **options).history["loss"][0]
    theirs = scan.epoch(np.arange(w.rows))
    if abs(ours - theirs) > w.tolerance * theirs:
        raise SystemExit(f"{name}: the first epoch's loss is {ours} here and {theirs} in JAX")
    found: list[list[float]] = [[], []]
    for _ in range(rounds):
        time.sleep(PAUSE)
        found[0].append(seconds(lambda: model.fit(x, y, epochs=w.epochs, **options)))
        time.sleep(PAUSE)
        found[1].append(
            seconds(lambda: [scan.epoch(rng.permutation(w.rows)) for _ in range(w.epochs)])
        )
    one, other = (statistics.median(times) / w.epochs / w.steps * 1e6 for times in found)
    print(f"{name}: corereg {one:.0f} us a step, JAX {other:.0f} us, {other / one:.2f} times")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="*", default=[*WORKLOADS])
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    print(f"{corereg._kernels.isa_name()}, {corereg.get_num_threads()} threads")
    for name in arguments.workloads:
        compare(name, arguments.rounds)


if __name__ == "__main__":
    main()
