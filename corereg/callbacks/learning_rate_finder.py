"""LearningRateFinder: which learning rates train a model at all."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np

from corereg.callbacks.arguments import check_positive
from corereg.callbacks.base import Callback, Logs
from corereg.warn import warn_user

Array = np.ndarray[Any, Any]


class LearningRateFinder(Callback):
    """Trains with a learning rate that grows from batch to batch, notes the loss of each, and puts
    everything back: the range test of Smith (2017).

        rate of batch i = min_rate * (max_rate / min_rate)^(i / (steps - 1))

    It ends `fit` after `steps` batches, for which `epochs` has to be large enough (a warning says
    so), or as soon as the loss is above `divergence` times the least one so far, or not finite.
    Then weights, optimizer, the order of rows and all random numbers are as they were before. What
    an iterator gave is used up.

    smoothing: the share of the losses before in the smoothed loss, in [0, 1).

    rates: those that were tried. losses: the smoothed loss of each, of the batch alone in
    `batch_losses`. suggestion: a tenth of the rate at which the smoothed loss was least, or None if
    that was the first. After an exception or an interrupt, `restore()` puts everything back.

    ValueError for other arguments, and for an optimizer whose rate is a schedule.

    >>> corereg.set_random_seed(0)
    >>> x = np.random.default_rng(0).standard_normal((256, 3))
    >>> model = corereg.Sequential([corereg.Input((3,)), layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> finder = callbacks.LearningRateFinder()
    >>> history = model.fit(x, x @ [1.0, 2.0, 3.0], epochs=20, verbose=0, callbacks=finder)
    >>> 0.001 < finder.suggestion < 1
    True
    """

    _comes_last = True  # what others restore at the end is of rates that were only tried

    def __init__(
        self,
        min_rate: float = 1e-6,
        max_rate: float = 10.0,
        steps: int = 100,
        smoothing: float = 0.9,
        divergence: float = 4.0,
    ) -> None:
        who = "LearningRateFinder"
        for name, value in {"min_rate": min_rate, "max_rate": max_rate}.items():
            check_positive(who, name, value)
        if not min_rate < max_rate:
            raise ValueError(
                f"{who}: expected min_rate < max_rate, received {min_rate!r} and {max_rate!r}"
            )
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 2:
            raise ValueError(f"{who}: expected steps as a whole number >= 2, received {steps!r}")
        if not 0 <= smoothing < 1:
            raise ValueError(f"{who}: expected smoothing in [0, 1), received {smoothing!r}")
        if not divergence > 1:
            raise ValueError(f"{who}: expected divergence > 1, received {divergence!r}")
        self.min_rate, self.max_rate, self.steps = min_rate, max_rate, steps
        self.smoothing, self.divergence = smoothing, divergence
        self._before: Any = None  # the backup of what the model was
        self._begin()

    def _begin(self) -> None:
        self._rates: list[float] = []
        self._batch_losses: list[float] = []
        self._losses: list[float] = []
        self._average = 0.0
        self._finished = False
        self._seen = 0.0, 0  # the sum of the epoch's losses, and its rows

    # ---- what was found --------------------------------------------------------------------------

    @property
    def rates(self) -> Array:
        """The learning rates that were tried, ascending."""
        return np.array(self._rates)

    @property
    def losses(self) -> Array:
        """The smoothed loss at each rate."""
        return np.array(self._losses)

    @property
    def batch_losses(self) -> Array:
        """The loss of each batch."""
        return np.array(self._batch_losses)

    @property
    def suggestion(self) -> float | None:
        """A tenth of the rate with the least smoothed loss, where training goes well and is not
        about to diverge; None if the loss was least at the first rate."""
        least = int(self.losses.argmin()) if self._losses else 0
        return self._rates[least] / 10 if least else None

    def plot(self, ax: Any = None) -> Any:
        """The smoothed loss over the rate; see `corereg.plotting.learning_rate`. ImportError
        without matplotlib."""
        from corereg.plotting import learning

        return learning.learning_rate(self, ax=ax)

    def restore(self) -> None:
        """Makes the model what it was before, if a training did not come to its end."""
        before, self._before = self._before, None
        if before is not None:
            before.restore(self.model)

    # ---- the training ----------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs | None = None) -> None:
        loop = self.model._trainer.loop
        if loop is None:
            raise RuntimeError(
                "LearningRateFinder: expected to be called by fit, which knows the loss of a batch"
            )
        if self.model.optimizer.rate_is_scheduled:
            raise ValueError(
                "LearningRateFinder: expected an optimizer whose learning rate is a number, "
                "received one with a schedule; make it with a number"
            )
        self._begin()
        file = io.BytesIO()
        self.model._write_backup(file)
        file.seek(0)
        self._before = self.model._read_backup(file)
        loop.expect_divergence()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._seen = 0.0, 0

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        grown = (self.max_rate / self.min_rate) ** (len(self._rates) / (self.steps - 1))
        # Replayed steps read it from memory, so that nothing is recorded anew.
        self.model.optimizer.learning_rate = self.min_rate * grown

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = self._loss_of_batch(logs or {})
        self._average = self.smoothing * self._average + (1 - self.smoothing) * loss
        smoothed = self._average / (1 - self.smoothing ** (len(self._rates) + 1))
        if math.isfinite(smoothed):
            self._rates.append(float(self.model.optimizer.learning_rate))
            self._batch_losses.append(loss)
            self._losses.append(smoothed)
        diverged = not smoothed <= self.divergence * abs(min(self._losses, default=0.0))
        if diverged or len(self._rates) == self.steps:
            self._finished = self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        self.restore()
        if not self._finished:
            warn_user(
                f"LearningRateFinder: fit ended after {len(self._rates)} of {self.steps} batches, "
                f"so that no rate near {self.max_rate:g} was tried; give fit more epochs"
            )

    def _loss_of_batch(self, logs: Logs) -> float:
        """The mean over the rows of the batch alone, where logs have means over the epoch. A
        training step of the user's own says what its loss is."""
        sums = self.model._trainer.loop.training_steps.sums
        totals: tuple[float, int] | None = sums.loss_and_rows()
        if totals is None:
            return float(logs.get("loss", math.nan))
        (total, rows), (before, seen) = totals, self._seen
        self._seen = totals
        return (total - before) / max(rows - seen, 1)
