"""EarlyStopping: ends a training that does not improve any more."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.callbacks.base import Logs
from corereg.callbacks.history import EarlyStop
from corereg.callbacks.monitor import Monitor

_STATE = ("wait", "stopped_epoch", "best", "best_epoch", "best_weights")


class EarlyStopping(Monitor):
    """Stops `fit` once `monitor` has not improved for `patience` epochs.

    monitor: name in the logs. An epoch improves if it beats the best by more than `min_delta`.
    patience: 0 acts like 1. The first epoch never stops a run.
    mode: "min", "max", or "auto", which decides by the metric of that name, its class (an `AUC`
        goes up, a `MeanSquaredError` down) or else by the name (`loss` min, `accuracy` max, ...).
    baseline: epochs count as improvements only once they also beat this value.
    restore_best_weights: at the end of training, stopped early or not, put back the weights of the
        best epoch; without one that beats `baseline`, those of the best of the epochs run.
    start_from_epoch: epochs before this one are not looked at.

    NaN is no improvement, not even in the first epoch: it is never the best, nor restored.

    A `fit` begins anew, unless `set_state` was called before it.

    After the run, `stopped_epoch` (0: not stopped), `best_epoch` and `best` say what happened.

    >>> layer = layers.Dense(1, kernel_initializer="ones")
    >>> model = corereg.Sequential([corereg.Input((1,)), layer])
    >>> model.compile("sgd", "mse")
    >>> stop = callbacks.EarlyStopping("loss", patience=3)  # usually of "val_loss"
    >>> model.fit(np.ones(8), np.ones(8), epochs=100, verbose=0, callbacks=stop)
    <History of 4 epochs: loss>
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, None, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights: list[np.ndarray] | None = None
        self._warned = False

    def get_state(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _STATE}

    def set_state(self, state: dict[str, Any]) -> None:
        for name in _STATE:
            setattr(self, name, state[name])
        self._goes_on = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self._begins_anew():
            self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self._current(logs or {}, "training cannot stop early")
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self._improves(value, self.best):
            self.best = value
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._improves(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch > 0 and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: EarlyStopping: {self.monitor} did not improve")
        history = getattr(self.model, "history", None)
        if history is not None and self.best is not None:
            history.notes["early_stopping"] = EarlyStop(
                self.monitor, self.best_epoch, self.stopped_epoch
            )
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                print(f"EarlyStopping: restored the weights of epoch {self.best_epoch + 1}")
            self.model.set_weights(self.best_weights)
