"""StochasticWeightAveraging: the mean of the weights along the end of a training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corereg.callbacks.arguments import check_whole
from corereg.callbacks.base import Logs
from corereg.callbacks.rate_by_epoch import RateByEpoch, check_rate
from corereg.warn import warn_user

Array = np.ndarray[Any, Any]
ANNEALS = ("cosine", "linear")


class StochasticWeightAveraging(RateByEpoch):
    """Averages the weights that the training has at the ends of epochs from `start_epoch` on, and
    puts their mean into the model when it ends (Izmailov et al. 2018).

    start_epoch: the first epoch, counted from 0, whose last weights count: where the training has
        nearly converged, at three quarters of it, say.
    learning_rate: the constant rate from there on, which has to be high enough for the weights to
        move about; None leaves the rate to the optimizer and other callbacks.
    anneal_epochs: in so many epochs before start_epoch the rate goes from the optimizer's to
        learning_rate, `anneal`: "cosine" or "linear". None: 5, or as many as there are.
    cycle_epochs: above 1, the rate is cyclic instead: in each cycle of so many epochs from
        start_epoch on it falls in a line from the optimizer's rate to learning_rate, and the
        weights at the ends of cycles alone are averaged.
    data, batch_size: the rows over which the statistics of BatchNormalization layers are taken for
        the averaged weights: x of `fit` or an iterable of batches; None: those that `fit` trains
        on. They are the means of the batches' statistics, by rows, with dropout as in training.

    All weights are averaged, those that are not trained, too: in float64, rounded once to the
    model's dtype, and 0.0 where a mask says so (`corereg.pruning`). Validation, checkpoints and
    callbacks that stop the training see the trained weights, until the end. Put it behind callbacks
    that change weights at the end, such as EarlyStopping with restore_best_weights. At the end the
    optimizer has its own rate again.

    A `fit` begins anew, unless `set_state` was called before it: then the trained weights come back
    first, and it goes on as if the training had not ended.

    After the run, `count` says how many weights were averaged; a warning says if there were none.

    TypeError or ValueError for arguments that cannot be; before anything is trained ValueError for
    an optimizer with a schedule of its own if there is a learning_rate, and for BatchNormalization
    layers without data that can be read again.

    >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
    >>> model.compile(optimizers.SGD(0.1), "mse")
    >>> averaged = callbacks.StochasticWeightAveraging(start_epoch=6)
    >>> history = model.fit(np.ones(8), np.ones(8), epochs=8, verbose=0, callbacks=averaged)
    """

    def __init__(
        self,
        start_epoch: int,
        learning_rate: float | None = None,
        anneal_epochs: int | None = None,
        anneal: str = "cosine",
        cycle_epochs: int = 1,
        data: Any = None,
        batch_size: int | None = None,
    ) -> None:
        who = type(self).__name__
        self.start_epoch = check_whole(who, "start_epoch", start_epoch, least=0)
        self.learning_rate = check_rate(who, learning_rate)
        self.cycle_epochs = check_whole(who, "cycle_epochs", cycle_epochs)
        if anneal not in ANNEALS:
            raise ValueError(f"{who}: expected anneal of {ANNEALS}, received {anneal!r}")
        if anneal_epochs is None:
            anneal_epochs = min(5, self.start_epoch) if self.cycle_epochs == 1 else 0
        self.anneal_epochs = check_whole(who, "anneal_epochs", anneal_epochs, least=0)
        if self.anneal_epochs > (self.start_epoch if self.cycle_epochs == 1 else 0):
            raise ValueError(
                f"{who}: expected anneal_epochs of at most start_epoch={self.start_epoch}, and 0 "
                f"with cycles, received {anneal_epochs!r}"
            )
        if self.cycle_epochs > 1 and self.learning_rate is None:
            raise ValueError(f"{who}: expected a learning_rate with cycle_epochs={cycle_epochs}")
        self.anneal, self.data, self.batch_size = anneal, data, batch_size
        self.sets_rate = self.learning_rate is not None
        self.begin_anew()

    def begin_anew(self) -> None:
        super().begin_anew()
        self.count = 0
        self._means: list[Array] = []  # of the weights so far, float64
        self._trained: list[Array] | None = None  # what the means have replaced

    # ---- state -----------------------------------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "means": [mean.copy() for mean in self._means],
            "rate_before": self.rate_before,
            "trained": self._trained,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        self.count, self.rate_before = state["count"], state["rate_before"]
        self._means = [np.array(mean) for mean in state["means"]]
        self._trained = state["trained"]
        self._goes_on = True

    # ---- the rate --------------------------------------------------------------------------------

    def rate_of(self, epoch: int, before: float) -> float | None:
        last = self.learning_rate
        assert last is not None
        since = epoch - self.start_epoch
        if self.cycle_epochs > 1:
            if since < 0:
                return None
            done = (since % self.cycle_epochs + 1) / self.cycle_epochs
        elif since < -self.anneal_epochs:
            return None
        else:
            done = min((since + self.anneal_epochs + 1) / (self.anneal_epochs + 1), 1.0)
            if self.anneal == "cosine":
                done = (1 - math.cos(math.pi * done)) / 2
        return last if done == 1 else before + (last - before) * done

    # ---- the average -----------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs | None = None) -> None:
        super().on_train_begin(logs)
        self._statistics = self.model._batch_statistics(
            type(self).__name__, self.data, self.batch_size
        )
        trained, self._trained = self._trained, None
        if trained is not None:
            self.model.set_weights(trained)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        super().on_epoch_end(epoch, logs)
        since = epoch - self.start_epoch
        if since < 0 or (since + 1) % self.cycle_epochs:
            return
        self.count += 1
        weights = self.model.get_weights()
        if self.count == 1:
            self._means = [np.array(w, np.float64) for w in weights]
            return
        for mean, w in zip(self._means, weights, strict=True):
            mean += (w - mean) / self.count

    def on_train_end(self, logs: Logs | None = None) -> None:
        super().on_train_end(logs)
        if not self.count:
            warn_user(
                "StochasticWeightAveraging: the training has ended before there were weights to "
                f"average, which begins with epoch {self.start_epoch} (counted from 0); the model "
                "has its trained weights"
            )
            return
        unaveraged = self.model._trainer.unaveraged  # what the averages of use_ema have replaced
        self._trained = self.model.get_weights() if unaveraged is None else unaveraged
        self.model.set_weights(
            [
                mean if p.mask is None else np.where(p.mask, mean, 0)
                for p, mean in zip(self.model.weights, self._means, strict=True)
            ]
        )
        self._statistics.refresh()
