"""The networks that benches train, for every library: NumPy is all that is needed here."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]


class Workload(NamedTuple):
    """A network with relu between its layers and a sigmoid or softmax at its end.

    units: of every layer, the input's first; l1, l2: strengths of each kernel's penalties (none
    beyond the last given); rate: of the dropout behind every hidden layer. Trained by Adam(1e-3)
    with an epsilon of 1e-7, in float32.
    """

    units: tuple[int, ...]
    batch: int
    rows: int
    l1: tuple[float, ...] = ()
    l2: tuple[float, ...] = ()
    rate: float = 0.0

    @property
    def binary(self) -> bool:
        return self.units[-1] == 1

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return -(-self.rows // self.batch)

    @property
    def operations(self) -> int:
        """Multiplications and additions in the products of one step: forward, dW and dX, of which
        the first layer needs none."""
        sizes = [a * b for a, b in zip(self.units, self.units[1:], strict=False)]
        return 2 * self.batch * (3 * sum(sizes) - sizes[0])

    @property
    def loss(self) -> str:
        return "binary_crossentropy" if self.binary else "categorical_crossentropy"

    def penalty(self, layer: int) -> tuple[float, float]:
        """(l1, l2) of a layer's kernel."""
        l1, l2 = (given[layer] if layer < len(given) else 0.0 for given in (self.l1, self.l2))
        return l1, l2

    def data(self) -> tuple[Array, Array]:
        """Random rows and targets, one-hot or of 0 and 1, float32; the same arrays every time."""
        return random_data(self.rows, self.units[0], self.units[-1])

    def weights(self) -> list[Array]:
        """Kernels and biases in turn, as Keras begins: Glorot's uniform distribution, and zeros."""
        rng = np.random.default_rng(1)
        out: list[Array] = []
        for n, m in zip(self.units, self.units[1:], strict=False):
            limit = (6 / (n + m)) ** 0.5
            out += [rng.uniform(-limit, limit, (n, m)).astype(np.float32), np.zeros(m, np.float32)]
        return out


@cache
def random_data(rows: int, inputs: int, classes: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(rows)
    x = rng.standard_normal((rows, inputs), dtype=np.float32)
    if classes == 1:
        return x, rng.integers(0, 2, (rows, 1)).astype(np.float32)
    return x, np.eye(classes, dtype=np.float32)[rng.integers(0, classes, rows)]


WORKLOADS = {
    "binary": Workload((10, 64, 1), 32, 1024, l1=(0.01,)),
    "multiclass": Workload((100, 64, 64, 10), 32, 1024, l1=(0.01,), l2=(0, 0.01)),
    "dropout": Workload((100, 64, 64, 10), 32, 1024, rate=0.5),
    "mnist-mlp": Workload((784, 512, 512, 10), 128, 12800, rate=0.2),
    "mnist-wide": Workload((784, 1024, 1024, 1024, 10), 128, 6400, rate=0.5),
}

GROWTH = {f"growth-{n}": Workload((n, n, n, 10), 128, 1280) for n in (512, 1024, 2048)}
"""Where asked for by name: how time grows with a network."""


def sequential(workload: Workload, library: Any) -> Any:
    """The network in Keras's words, compiled with Adam and accuracy. library: keras, corereg."""
    layers, regularizers = library.layers, library.regularizers
    parts = [library.Input((workload.units[0],))]
    last = len(workload.units) - 2
    for i, units in enumerate(workload.units[1:]):
        l1, l2 = workload.penalty(i)
        activation = "relu" if i < last else "sigmoid" if workload.binary else "softmax"
        regularizer = regularizers.L1L2(l1, l2) if l1 or l2 else None
        parts.append(layers.Dense(units, activation=activation, kernel_regularizer=regularizer))
        if workload.rate and i < last:
            parts.append(layers.Dropout(workload.rate))
    model = library.Sequential(parts)
    model.compile(optimizer="adam", loss=workload.loss, metrics=["accuracy"])
    return model
