"""The networks of the training benches: in corereg, in plain NumPy, and in bare kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from corereg import _kernels, reference
from corereg.layers import Dense, Dropout, Input
from corereg.models import Sequential
from corereg.regularizers import l1, l2

Array = np.ndarray[Any, Any]
RELU, LINEAR = _kernels.ACTIVATIONS["relu"], _kernels.ACTIVATIONS["linear"]
ADAM = reference.Hyper(0.001, 0.9, 0.999, 1e-7)


class Workload(NamedTuple):
    """A network: units of every layer, the input's first; strengths of each kernel's penalties;
    the rate of the dropout behind every hidden layer."""

    units: tuple[int, ...]
    batch: int
    rows: int
    l1: tuple[float, ...] = (0, 0, 0, 0)
    l2: tuple[float, ...] = (0, 0, 0, 0)
    rate: float = 0.0

    @property
    def binary(self) -> bool:
        return self.units[-1] == 1

    @property
    def steps(self) -> int:
        return -(-self.rows // self.batch)


WORKLOADS = {
    "binary": Workload((10, 64, 1), 32, 1024, l1=(0.01, 0)),
    "multiclass": Workload((100, 64, 64, 10), 32, 1024, l1=(0.01, 0, 0), l2=(0, 0.01, 0)),
    "dropout": Workload((100, 64, 64, 10), 32, 1024, rate=0.5),
    "mnist-mlp": Workload((784, 512, 512, 10), 128, 2560, rate=0.2),
    "mnist-wide": Workload((784, 1024, 1024, 1024, 10), 128, 1280, rate=0.5),
}


def data(workload: Workload) -> tuple[Array, Array]:
    """Random rows and targets, one-hot or of 0 and 1, float32."""
    rng = np.random.default_rng(workload.rows)
    x = rng.standard_normal((workload.rows, workload.units[0])).astype(np.float32)
    if workload.binary:
        return x, rng.integers(0, 2, (workload.rows, 1)).astype(np.float32)
    classes = rng.integers(0, workload.units[-1], workload.rows)
    return x, np.eye(workload.units[-1], dtype=np.float32)[classes]


def sequential(workload: Workload) -> Sequential:
    """The network in corereg, compiled with Adam and accuracy."""
    model = Sequential([Input((workload.units[0],))])
    hidden = workload.units[1:-1]
    for i, units in enumerate(workload.units[1:]):
        last = "sigmoid" if workload.binary else "softmax"
        penalty = l1(workload.l1[i]) if workload.l1[i] else None
        penalty = l2(workload.l2[i]) if workload.l2[i] else penalty
        activation = "relu" if i < len(hidden) else last
        model.add(Dense(units, activation=activation, kernel_regularizer=penalty))
        if workload.rate and i < len(hidden):
            model.add(Dropout(workload.rate))
    loss = "binary_crossentropy" if workload.binary else "categorical_crossentropy"
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    return model


class NumpyNet:
    """The same in NumPy, every gradient written by hand, updates in place."""

    def __init__(self, workload: Workload, weights: list[Array]) -> None:
        self.workload = workload
        self.weights = weights
        self.state = [(np.zeros_like(w), np.zeros_like(w), None) for w in weights]
        self.hyper = ADAM
        self.generator = np.random.default_rng(0)
        self.drop: Callable[[Array, int], Array] = self.draw  # the benches check with another

    def draw(self, x: Array, layer: int) -> Array:
        return reference.dropout_by_generator(x, self.workload.rate, self.generator)[0]

    def step(self, x: Array, y: Array) -> tuple[float, float, Array]:
        """One update. Returns the loss, the penalty in it, and the outputs before the last
        activation, all of before the update."""
        rate = self.workload.rate
        layers = len(self.weights) // 2
        inputs = [x]
        for i in range(layers - 1):
            a = reference.dense_forward(inputs[-1], *self.weights[2 * i : 2 * i + 2], "relu")
            inputs.append(self.drop(a, i) if rate else a)
        z = reference.dense_forward(inputs[-1], *self.weights[-2:])
        losses = (
            reference.sigmoid_cross_entropy
            if self.workload.binary
            else (reference.softmax_cross_entropy)
        )
        loss, dz = losses(z, y)
        gradients: list[Array] = []
        for i in reversed(range(layers)):
            gradients[:0] = reference.dense_backward_weights(inputs[i], dz)
            if i:
                dz = reference.dense_backward_input(dz, self.weights[2 * i], inputs[i], "relu")
                if rate:  # what was dropped is 0 in inputs[i] already
                    dz *= 1 / (1 - rate)
        penalty = self.update(gradients)
        return float(loss.mean()) + penalty, penalty, z

    def update(self, gradients: list[Array]) -> float:
        """Adam on every variable; returns the penalty."""
        penalty = 0.0
        for i, (w, g, state) in enumerate(zip(self.weights, gradients, self.state, strict=True)):
            strengths = (
                (0.0, 0.0) if i % 2 else (self.workload.l1[i // 2], self.workload.l2[i // 2])
            )
            penalty += reference.update("adam", w, g, state, self.hyper, *strengths)
        self.hyper = self.hyper._replace(step=self.hyper.step + 1)
        return penalty

    def epoch(self, x: Array, y: Array, shuffle: bool = True) -> dict[str, float]:
        """All rows once; the means over rows that `fit` gives too."""
        rows, size = self.workload.rows, self.workload.batch
        order = self.generator.permutation(rows) if shuffle else np.arange(rows)
        totals = np.zeros(3)
        for first in range(0, rows, size):
            picked = order[first : first + size]
            batch = y[picked]
            loss, penalty, z = self.step(x[picked], batch)
            right = (z > 0) == batch if self.workload.binary else z.argmax(1) == batch.argmax(1)
            totals += loss * len(picked), penalty * len(picked), right.sum()
        return dict(zip(("loss", "penalty", "accuracy"), totals / rows, strict=True))


class KernelNet:
    """The same by direct calls of the kernels, buffers planned once: corereg without autograd."""

    def __init__(self, workload: Workload, weights: list[Array], keys: list[int]) -> None:
        self.workload = workload
        self.weights = weights
        self.keys = keys
        self.gradients = [np.empty_like(w) for w in weights]
        outputs = [(workload.batch, n) for n in workload.units[1:]]
        self.outputs = [np.empty(shape, np.float32) for shape in outputs]
        self.deltas = [np.empty(shape, np.float32) for shape in outputs]
        strengths = [
            [value for s in given for value in (s, 0.0)][: len(weights)]
            for given in (workload.l1, workload.l2)
        ]
        slots = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]
        self.segments = _kernels.Segments(weights, slots, *strengths)
        for i, g in enumerate(self.gradients):
            self.segments.set_gradient(i, g)
        self.hyper = _kernels.Hyper(*ADAM)
        self.counter = np.zeros((), np.int64)
        self.penalties = np.empty(self.segments.blocks)
        self.loss = np.empty((), np.float32)
        self.kind = "sigmoid_cross_entropy" if workload.binary else "softmax_cross_entropy"

    def step(self, x: Array, y: Array) -> tuple[float, float]:
        """One update. Returns the loss and the penalty in it, of before the update."""
        rate = self.workload.rate
        top = len(self.outputs) - 1
        inputs = [x, *self.outputs]
        for i, out in enumerate(self.outputs):
            w, b = self.weights[2 * i : 2 * i + 2]
            _kernels.dense_forward(inputs[i], w, b, RELU if i < top else LINEAR, out)
            if rate and i < top:
                _kernels.dropout_forward(out, rate, self.keys[i], self.counter, out=out)
        loss, _ = _kernels.loss_forward(self.kind, inputs[-1], y, out=self.deltas[-1])
        _kernels.row_mean(loss, out=self.loss)
        for i in range(top, -1, -1):
            dz = self.deltas[i]
            _kernels.dense_backward_weights(inputs[i], dz, *self.gradients[2 * i : 2 * i + 2])
            if i == 0:
                break
            w, below = self.weights[2 * i], self.deltas[i - 1]
            if rate:  # through relu and dropout at once: y > 0 says active and kept
                _kernels.dense_backward_input(dz, w, out=below)
                _kernels.dropout_backward(below, rate, y=inputs[i], out=below)
            else:
                _kernels.dense_backward_input(dz, w, inputs[i], RELU, below)
        _kernels.update("adam", self.segments, self.hyper, self.penalties)
        self.counter += 1
        penalty = float(self.penalties.sum())
        return float(self.loss) + penalty, penalty
