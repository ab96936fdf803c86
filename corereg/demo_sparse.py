"""The tour behind `python -m corereg --sparse`: from a dense network to one of few weights.

An L1 whose gradient is added makes weights small, and none zero. A proximal L1 makes most of them
exactly zero while it trains; what is left that is small is cut off, at the largest of `CUTS` that
costs at most `COST` of the accuracy on the training rows; and the weights that are left are trained
on without a penalty, which has kept them too small (debiasing). `corereg.pruning.sparsify` does the
same in one call, with rows of its own to choose by. A compacted network is an equal one without the
inputs and units that no weight uses.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from corereg import pruning
from corereg.demo import BATCH, METHODS, Array, Method, Task, build
from corereg.models import Sequential
from corereg.optimizers import Adam

CUTS = (0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2)
COST = 0.003
BY_HAND = 0.001  # where the network with L1 is cut
DEBIAS_EPOCHS, DEBIAS_RATE = 20, 5e-4


class Stage(NamedTuple):
    """What the network is at one stage. Accuracies are fractions of 1."""

    name: str
    kernels: list[Array]  # copies, of each layer
    train_accuracy: float
    test_accuracy: float
    seconds: float  # of its training, if there was any
    parameters: int  # of the compacted network, biases among them

    @property
    def weights(self) -> int:
        """How many weights of the kernels are not zero."""
        return sum(map(np.count_nonzero, self.kernels))

    @property
    def zeros(self) -> list[float]:
        """The share of exact zeros in each layer's kernel."""
        return [float(np.mean(kernel == 0)) for kernel in self.kernels]

    @property
    def used(self) -> list[int]:
        """How many inputs and units of each hidden layer have a weight that is not zero on both
        sides: inputs have one side."""
        found = [np.count_nonzero(self.kernels[0].any(axis=1))]
        for before, after in zip(self.kernels, self.kernels[1:], strict=False):
            found.append(np.count_nonzero(before.any(axis=0) & after.any(axis=1)))
        return [int(count) for count in found]


def tour(task: Task, epochs: int, seed: int = 0) -> Iterator[Stage]:
    """Trains and cuts, and gives each stage when it is reached: plain, L1, L1 cut by hand,
    ProximalL1, cut, debiased. All networks start from the same weights and see the same batches."""
    plain, l1, proximal = (
        next(method for method in METHODS if method.name == name)
        for name in ("plain", "L1", "ProximalL1")
    )
    yield _trained(plain, task, epochs, seed)[1]
    model, stage = _trained(l1, task, epochs, seed)
    yield stage
    _cut(model, stage.kernels, BY_HAND)
    yield _stage(f"  cut |w| < {BY_HAND:g}", model, task)
    model, stage = _trained(proximal, task, epochs, seed)
    yield stage
    threshold = _largest_cut(model, stage, task)
    _cut(model, stage.kernels, threshold)
    yield _stage(f"  cut |w| < {threshold:g}", model, task)
    yield _debiased(model, task)


def _trained(method: Method, task: Task, epochs: int, seed: int) -> tuple[Sequential, Stage]:
    model = build(method, task.x_train.shape[1], task.classes, seed)
    seconds = _fit(model, task, epochs)
    return model, _stage(f"{method.name} {method.setting}", model, task, seconds)


def _debiased(model: Sequential, task: Task) -> Stage:
    layer: Any
    for layer in model.layers:
        layer.kernel_regularizer = None
    pruning.freeze_zeros(model)
    model.optimizer = Adam(DEBIAS_RATE)
    seconds = _fit(model, task, DEBIAS_EPOCHS)
    return _stage(f"  debiased, {DEBIAS_EPOCHS} epochs", model, task, seconds)


def _fit(model: Sequential, task: Task, epochs: int) -> float:
    """Trains; returns the seconds that it took."""
    start = time.perf_counter()
    model.fit(task.x_train, task.y_train, epochs=epochs, batch_size=BATCH, verbose=0)
    return time.perf_counter() - start


def _largest_cut(model: Sequential, stage: Stage, task: Task) -> float:
    """The largest of CUTS that costs at most COST on the training rows; 0.0 if none does."""
    found = 0.0
    for threshold in CUTS:
        _cut(model, stage.kernels, threshold)
        accuracy = model.evaluate(task.x_train, task.y_train, verbose=0)[1]
        if accuracy >= stage.train_accuracy - COST:
            found = threshold
    return found


def _cut(model: Sequential, kernels: list[Array], threshold: float) -> None:
    """Gives the model these kernels, without the weights that are smaller in size."""
    layer: Any
    for layer, kernel in zip(model.layers, kernels, strict=True):
        layer.kernel.assign(np.where(np.abs(kernel) < threshold, 0, kernel))


def _stage(name: str, model: Sequential, task: Task, seconds: float = 0.0) -> Stage:
    return Stage(
        name,
        [kernel for kernel in model.get_weights() if kernel.ndim == 2],
        train_accuracy=model.evaluate(task.x_train, task.y_train, verbose=0)[1],
        test_accuracy=model.evaluate(task.x_test, task.y_test, verbose=0)[1],
        seconds=seconds,
        parameters=pruning.compact(model).count_params(),
    )


def describe(task: Task, epochs: int, seed: int) -> str:
    """Two lines that say what is trained on what."""
    return (
        f"{task.name}: {len(task.y_train)} training rows ({task.wrong} labels wrong on purpose), "
        f"{len(task.y_test)} test rows\n"
        f"Adam, {epochs} epochs of batches of {BATCH}, seed {seed}, towards few weights:"
    )


def head() -> str:
    """The lines above the table, at most 80 columns wide."""
    lines = [
        f"{'exact zeros % by layer':>47}{'accuracy %':>14}{'weights':>9}{'compacted':>10}",
        f"{'network':<26}{'first':>7}{'second':>7}{'third':>7}"
        f"{'train':>7}{'test':>7}{'not zero':>9}{'size':>10}",
    ]
    return "\n".join([*lines, "-" * len(lines[-1])])


def line(stage: Stage) -> str:
    """A stage as a line of the table."""
    zeros = "".join(f"{100 * share:7.1f}" for share in stage.zeros)
    return (
        f"{stage.name:<26}{zeros}{100 * stage.train_accuracy:7.1f}"
        f"{100 * stage.test_accuracy:7.1f}{stage.weights:9,}{stage.parameters:10,}"
    )


def verdict(stages: list[Stage]) -> str:
    """Some sentences computed from the stages of a whole tour."""
    plain, l1, _, proximal, _, last = stages
    size = sum(kernel.size for kernel in last.kernels)
    sides = [len(kernel) for kernel in last.kernels]
    inputs, *units = (f"{n} of {all_} " for n, all_ in zip(last.used, sides, strict=True))
    zeros = [f"{100 * (1 - stage.weights / size):.1f} %" for stage in (l1, proximal, last)]
    return (
        f"L1 in the gradient left {zeros[0]} of the weights exactly zero, ProximalL1 {zeros[1]}.\n"
        f"Cut and debiased, {last.weights:,} of {size:,} weights are left ({zeros[2]} zeros), "
        f"with\n{100 * last.test_accuracy:.1f} % on the test rows, against "
        f"{100 * plain.test_accuracy:.1f} % plain.\n"
        f"In use are {inputs}inputs, and {'and '.join(units)}hidden units.\n"
        f"Compacted, it has {last.parameters:,} parameters instead of "
        f"{plain.parameters:,}, and gives the same."
    )
