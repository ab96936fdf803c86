"""LearningRateScheduler: the learning rate as a function of the epoch."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.callbacks.base import Callback, Logs


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch to `schedule(epoch, rate)`, or `schedule(epoch)`.

    schedule: is given the epoch, from 0, and the present rate; returns the new rate, a float.
    Adds `learning_rate` to the logs of each epoch. It has no state of its own: the rate is the
    optimizer's, and files of models have it.

    Raises ValueError if the schedule returns anything but a float.

    >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
    >>> model.compile(optimizers.SGD(0.5), "mse")
    >>> halve = callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)
    >>> history = model.fit(np.ones(8), np.ones(8), epochs=3, verbose=0, callbacks=halve)
    >>> history.history["learning_rate"]
    [0.25, 0.125, 0.0625]
    """

    def __init__(self, schedule: Any, verbose: int = 0) -> None:
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        if self._takes_rate():
            rate = self.schedule(epoch, float(optimizer.learning_rate))
        else:
            rate = self.schedule(epoch)
        if not isinstance(rate, (float, np.floating)):
            raise ValueError(
                "LearningRateScheduler: expected the schedule to return a float, received "
                f"{rate!r} for epoch {epoch}"
            )
        optimizer.learning_rate = float(rate)
        if self.verbose:
            print(f"Epoch {epoch + 1}: LearningRateScheduler: learning rate is now {rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)

    def _takes_rate(self) -> bool:
        import inspect

        try:
            inspect.signature(self.schedule).bind(0, 0.0)
        except TypeError:
            return False
        except ValueError:  # a built-in without a signature
            pass
        return True
