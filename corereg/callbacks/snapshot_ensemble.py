"""SnapshotEnsemble: several models of one training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corereg import registry
from corereg.callbacks.arguments import check_whole
from corereg.callbacks.base import Logs
from corereg.callbacks.rate_by_epoch import RateByEpoch, check_rate

Array = np.ndarray[Any, Any]


class SnapshotEnsemble(RateByEpoch):
    """Trains in cycles, each of which begins with a high learning rate and ends in a minimum, and
    keeps the weights at the end of each (Huang et al. 2017).

    cycle_epochs: epochs of a cycle, at least 1; in its epoch i, counted from 0, the learning rate
        is learning_rate / 2 * (cos(pi * i / cycle_epochs) + 1). Cycles begin with epoch 0.
    learning_rate: None: that of the optimizer.
    keep: how many snapshots are kept, the last ones; None: all.

    `ensemble()` then gives an `Ensemble` of them; `snapshots` has their weights, each as
    `get_weights` gives them. A cycle that the training does not finish leaves none. The model
    itself ends with its last weights, and the optimizer with its own rate.

    A `fit` begins anew, unless `set_state` was called before it. TypeError or ValueError for
    arguments that cannot be, and before anything is trained for an optimizer with a schedule.

    >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
    >>> model.compile(optimizers.SGD(0.1), "mse")
    >>> snapshots = callbacks.SnapshotEnsemble(cycle_epochs=2)
    >>> history = model.fit(np.ones(8), np.ones(8), epochs=6, verbose=0, callbacks=snapshots)
    >>> len(snapshots.snapshots)
    3
    """

    def __init__(
        self, cycle_epochs: int, learning_rate: float | None = None, keep: int | None = None
    ) -> None:
        who = type(self).__name__
        self.cycle_epochs = check_whole(who, "cycle_epochs", cycle_epochs)
        self.learning_rate = check_rate(who, learning_rate)
        self.keep = None if keep is None else check_whole(who, "keep", keep)
        self.begin_anew()

    def begin_anew(self) -> None:
        super().begin_anew()
        self.snapshots: list[list[Array]] = []

    def get_state(self) -> dict[str, Any]:
        return {
            "rate_before": self.rate_before,
            "snapshots": [[w.copy() for w in one] for one in self.snapshots],
        }

    def set_state(self, state: dict[str, Any]) -> None:
        self.rate_before = state["rate_before"]
        self.snapshots = [list(one) for one in state["snapshots"]]
        self._goes_on = True

    def rate_of(self, epoch: int, before: float) -> float:
        top = before if self.learning_rate is None else self.learning_rate
        place = epoch % self.cycle_epochs / self.cycle_epochs
        return top / 2 * (math.cos(math.pi * place) + 1)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        super().on_epoch_end(epoch, logs)
        if (epoch + 1) % self.cycle_epochs == 0:
            self.snapshots.append(self.model.get_weights())
            if self.keep is not None:
                del self.snapshots[: -self.keep]

    def ensemble(
        self, weights: Any = None, average: str = "outputs", name: str | None = None
    ) -> Any:
        """A `corereg.models.Ensemble` of copies of the model with the snapshots' weights; the
        arguments are those of `Ensemble`. RuntimeError if there is no snapshot."""
        if not self.snapshots:
            raise RuntimeError(
                "SnapshotEnsemble: expected snapshots, for which fit has to finish a cycle of "
                f"{self.cycle_epochs} epochs; there are none"
            )
        kind: Any = registry.find("model", "Ensemble")
        given = {"weights": weights, "average": average, "name": name}
        return kind.of_snapshots(self.model, self.snapshots, **given)
