"""NormLogger: how large weights and gradients are, layer by layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Parameter, no_grad, ops, tensor
from corereg.callbacks.base import Callback, Logs
from corereg.naming import unused_name


class NormLogger(Callback):
    """Notes for each epoch the Euclidean norm of each layer's trainable weights, and of their
    gradients. Gradients that vanish or explode, weights that grow without end and layers that learn
    nothing can be seen so; `plot` draws them.

    epoch: the epochs, from 0. weights: {layer: norms at the end of each epoch}. gradients: {layer:
    means over the epoch's steps of the norms}, of the loss's gradient before it is clipped, without
    penalties that the optimizer adds itself; 0.0 where there was none. A layer is one of
    `model.layers`, with all that is inside it. A model with its own `train_step` has no gradients
    here, which are NaN then.

    Steps are replayed as without it, with the sums of squares among them.

    >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1, name="d")])
    >>> model.compile("sgd", "mse")
    >>> norms = callbacks.NormLogger()
    >>> history = model.fit(np.ones(8), np.ones(8), epochs=5, verbose=0, callbacks=norms)
    >>> len(norms.weights["d"]), len(norms.gradients["d"])
    (5, 5)
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self.epoch: list[int] = []
        self.weights: dict[str, list[float]] = {}
        self.gradients: dict[str, list[float]] = {}
        self._norms: GradientNorms | None = None
        self._weights: dict[str, list[Parameter]] = {}

    def plot(self, what: str = "weights", ax: Any = None) -> Any:
        """The norms of "weights" or "gradients" over the epochs, a line for each layer; see
        `corereg.plotting.norms`. ImportError without matplotlib, ValueError for another `what`."""
        if what not in ("weights", "gradients"):
            raise ValueError(
                f"NormLogger.plot: expected 'weights' or 'gradients', received {what!r}"
            )
        norms = getattr(self, what)
        from corereg.plotting import learning

        return learning.norms(norms, ax=ax, ylabel=f"norm of {what}")

    def get_state(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "weights": self.weights, "gradients": self.gradients}

    def set_state(self, state: dict[str, Any]) -> None:
        self.epoch = list(state["epoch"])
        self.weights = {name: list(found) for name, found in state["weights"].items()}
        self.gradients = {name: list(found) for name, found in state["gradients"].items()}
        self._goes_on = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self._begins_anew():
            self._forget()
        self._weights = weights_by_layer(self.model)
        self._norms = GradientNorms(self._weights)
        self.model._trainer.compilation.gradient_observer = self._norms

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        assert self._norms is not None
        self._norms.reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        assert self._norms is not None
        self.epoch.append(epoch)
        for name, mean in self._norms.means().items():
            self.gradients.setdefault(name, []).append(mean)
        for name, weights in self._weights.items():
            squares = sum(float(np.vdot(p.data, p.data)) for p in weights)
            self.weights.setdefault(name, []).append(math.sqrt(squares))

    def on_train_end(self, logs: Logs | None = None) -> None:
        self.model._trainer.compilation.gradient_observer = None


def weights_by_layer(model: Any) -> dict[str, list[Parameter]]:
    """The trainable weights of each layer that has some, by the layers' names."""
    taken: set[str] = set()
    found = {}
    for layer in model.layers:
        if layer.trainable_weights:
            found[unused_name(layer.name, taken)] = list(layer.trainable_weights)
    return found


class GradientNorms:
    """Sums of the norms of gradients, in memory that recorded steps add to."""

    def __init__(self, weights: dict[str, list[Parameter]]) -> None:
        self._weights = weights
        self._sums = {name: np.zeros(1) for name in weights}
        self._steps = np.zeros(1, np.int64)

    def reset(self) -> None:
        """Begins an epoch."""
        self._steps[0] = 0
        for total in self._sums.values():
            total[0] = 0

    def add(self) -> None:
        """Adds the norms of the gradients that the weights have now: a part of a step."""
        _kernels.increment(self._steps)
        with no_grad():
            for name, weights in self._weights.items():
                gradients = [tensor(p.grad) for p in weights if p.grad is not None]
                if gradients:
                    squares = sum(ops.square(one).sum() for one in gradients)
                    norm = ops.sqrt(tensor(squares)).data
                    _kernels.accumulate_weighted_sum(self._sums[name], norm, 1)

    def means(self) -> dict[str, float]:
        """The mean norm of each layer over the steps since `reset`; NaN without any."""
        steps = self._steps.item()
        return {
            name: total.item() / steps if steps else math.nan for name, total in self._sums.items()
        }
