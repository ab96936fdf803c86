"""RateByEpoch: what callbacks share that set the learning rate at the begin of each epoch."""

from __future__ import annotations

from typing import Any

from corereg.callbacks.arguments import check_positive
from corereg.callbacks.base import Callback, Logs


def check_rate(who: str, value: Any) -> float | None:
    """A learning rate above 0, or None; else TypeError or ValueError."""
    return None if value is None else check_positive(who, "learning_rate", value)


class RateByEpoch(Callback):
    """Sets the learning rate before the epochs for which `rate_of` gives one, and puts the first
    rate back when the training has ended. Adds `learning_rate` to the logs.

    rate_before: what the optimizer's rate was before it was set.
    """

    sets_rate = True
    rate_before: float | None = None

    def rate_of(self, epoch: int, before: float) -> float | None:
        """The rate of an epoch; before: the optimizer's own. None: leave it."""
        raise NotImplementedError

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self._begins_anew():
            self.begin_anew()
        if self.sets_rate and self.model.optimizer.rate_is_scheduled:
            who = type(self).__name__
            raise ValueError(
                f"{who}: expected an optimizer whose learning rate is a number, which {who} sets, "
                "received one with a schedule; make it with a number"
            )

    def begin_anew(self) -> None:
        """Forgets what another training has left."""
        self.rate_before = None

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if not self.sets_rate:
            return
        optimizer = self.model.optimizer
        before = float(optimizer.learning_rate) if self.rate_before is None else self.rate_before
        rate = self.rate_of(epoch, before)
        if rate is not None:
            self.rate_before = before
            optimizer.learning_rate = rate

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.sets_rate and logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.rate_before is not None:
            self.model.optimizer.learning_rate = self.rate_before
