"""The workloads in plain NumPy, and in bare kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from measure import empty
from workloads import Workload

from corereg import _kernels, reference
from corereg.autograd.parameter import aligned

Array = np.ndarray[Any, Any]
RELU, LINEAR = _kernels.ACTIVATIONS["relu"], _kernels.ACTIVATIONS["linear"]
ADAM = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}


class NumpyNet:
    """The same in NumPy, every gradient written by hand, updates in place."""

    def __init__(self, workload: Workload, weights: list[Array]) -> None:
        self.workload = workload
        self.weights = weights
        self.state = [(np.zeros_like(w), np.zeros_like(w), None) for w in weights]
        self.hyper = reference.Hyper(0.001, own=ADAM)
        self.generator = np.random.default_rng(0)
        self.losses = (
            reference.sigmoid_cross_entropy if workload.binary else reference.softmax_cross_entropy
        )
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
        loss, dz = self.losses(z, y)
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
            strengths = (0.0, 0.0) if i % 2 else self.workload.penalty(i // 2)
            penalty += reference.update("adam", w, g, state, self.hyper, *strengths)
        self.hyper = self.hyper._replace(step=self.hyper.step + 1)
        return penalty

    def outputs(self, x: Array) -> Array:
        """Without dropout, before the last activation."""
        for i in range(0, len(self.weights) - 2, 2):
            x = reference.dense_forward(x, *self.weights[i : i + 2], "relu")
        return reference.dense_forward(x, *self.weights[-2:])

    def predict(self, x: Array) -> Array:
        last = "sigmoid" if self.workload.binary else "softmax"
        return reference.activation_forward(self.outputs(x), last)

    def loss(self, x: Array, y: Array) -> float:
        """The mean over rows, without dropout, with penalties."""
        penalty = sum(
            reference.penalty(w, *self.workload.penalty(i)) for i, w in enumerate(self.weights[::2])
        )
        return float(self.losses(self.outputs(x), y)[0].mean()) + penalty

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
    """The same by direct calls of the kernels, buffers planned once: corereg without autograd.
    `weights` are copied."""

    def __init__(self, workload: Workload, weights: list[Array], keys: list[int]) -> None:
        self.workload = workload
        self.weights = [aligned(w) for w in weights]
        self.keys = keys
        self.gradients = [empty(*w.shape) for w in weights]
        self.outputs = [empty(workload.batch, n) for n in workload.units[1:]]
        self.deltas = [empty(workload.batch, n) for n in workload.units[1:]]
        penalties = [
            workload.penalty(i // 2) if i % 2 == 0 else (0.0, 0.0) for i in range(len(weights))
        ]
        slots = [(empty(*w.shape), empty(*w.shape)) for w in weights]
        self.segments = _kernels.Segments(self.weights, slots, *zip(*penalties, strict=True))
        for i, g in enumerate(self.gradients):
            self.segments.set_gradient(i, g)
        self.hyper = _kernels.Hyper("adam", 0.001, **ADAM)
        self.counter = np.zeros((), np.int64)
        self.penalties = np.empty(self.segments.blocks)
        self.loss = np.empty((), np.float32)
        self.kind = "sigmoid_cross_entropy" if workload.binary else "softmax_cross_entropy"

    def step(self, x: Array, y: Array) -> tuple[float, float]:
        """One update. Returns the loss and the penalty in it, of before the update."""
        self.launch(x, y)
        penalty = float(self.penalties.sum())
        return float(self.loss) + penalty, penalty

    def launch(self, x: Array, y: Array) -> None:
        """The kernels of a step, and nothing else: this may be recorded."""
        self.forward(x)
        self.differentiate(y)
        for i in reversed(range(len(self.outputs))):
            self.backward_weights(x, i)
            if i:
                self.backward_input(i)
        self.update()

    def forward(self, x: Array) -> None:
        """The outputs of all layers."""
        rate = self.workload.rate
        top = len(self.outputs) - 1
        for i, out in enumerate(self.outputs):
            below = self.outputs[i - 1] if i else x
            w, b = self.weights[2 * i : 2 * i + 2]
            if rate and i < top:
                dropout = (rate, self.keys[i], self.counter)
                _kernels.dense_forward(below, w, b, RELU, out, *dropout)
            else:
                _kernels.dense_forward(below, w, b, RELU if i < top else LINEAR, out)

    def differentiate(self, y: Array) -> None:
        """The loss, and its gradient."""
        loss, _ = _kernels.loss_forward(self.kind, self.outputs[-1], y, out=self.deltas[-1])
        _kernels.row_mean(loss, out=self.loss)

    def backward_weights(self, x: Array, i: int) -> None:
        """The gradients of layer i's kernel and bias."""
        below = self.outputs[i - 1] if i else x
        _kernels.dense_backward_weights(below, self.deltas[i], *self.gradients[2 * i : 2 * i + 2])

    def backward_input(self, i: int) -> None:
        """The gradient below layer i, through dropout and relu at once: y > 0 says kept and
        active."""
        w, below, delta = self.weights[2 * i], self.outputs[i - 1], self.deltas[i - 1]
        _kernels.dense_backward_input(self.deltas[i], w, below, RELU, delta, self.workload.rate)

    def update(self) -> None:
        """Adam with the penalties, and the next step's number."""
        _kernels.update(self.segments, self.hyper, self.penalties)
        _kernels.increment(self.counter)
