"""ReduceLROnPlateau: a lower learning rate where training does not improve any more."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.callbacks.base import Logs
from corereg.callbacks.monitor import Monitor


class ReduceLROnPlateau(Monitor):
    """Lowers the learning rate when `monitor` has not improved for `patience` epochs.

    The rate is multiplied by `factor`, but kept at or above `min_lr`; then `cooldown` epochs pass
    before epochs count again. `min_delta` and `mode` are those of `EarlyStopping`. Adds
    `learning_rate`, as it was during the epoch, to the logs.

    A `fit` begins anew, unless `set_state` was called before it; the rate is the optimizer's.

    Raises ValueError if `factor` is outside [0, 1).

    >>> layer = layers.Dense(1, kernel_initializer="ones")
    >>> model = corereg.Sequential([corereg.Input((1,)), layer])
    >>> model.compile(optimizers.SGD(0.5), "mse")
    >>> slow = callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=2)
    >>> history = model.fit(np.ones(8), np.ones(8), epochs=4, verbose=0, callbacks=slow)
    >>> history.history["learning_rate"]
    [0.5, 0.5, 0.5, 0.25]
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, None, min_delta)
        if not 0 <= factor < 1:
            raise ValueError(
                f"ReduceLROnPlateau: expected a factor in [0, 1), received {factor!r}; the rate is "
                "multiplied by it"
            )
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._reset()

    def _reset(self) -> None:
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0
        self._warned = False

    def get_state(self) -> dict[str, Any]:
        return {"best": self.best, "cooldown_counter": self.cooldown_counter, "wait": self.wait}

    def set_state(self, state: dict[str, Any]) -> None:
        self.best, self.wait = state["best"], state["wait"]
        self.cooldown_counter = state["cooldown_counter"]
        self._goes_on = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self._begins_anew():
            self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = {} if logs is None else logs
        rate = logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        value = self._current(logs, "the learning rate stays")
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._improves(value, self.best):
            self.best = value
            self.wait = 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            lower = max(rate * self.factor, self.min_lr)
            # Compared in single precision, in which an optimizer may keep its rate.
            if self.wait >= self.patience and np.float32(lower) < np.float32(rate):
                self.model.optimizer.learning_rate = lower
                self.cooldown_counter = self.cooldown
                self.wait = 0
                if self.verbose:
                    print(f"Epoch {epoch + 1}: ReduceLROnPlateau: learning rate is now {lower:g}")
