"""Callbacks of `fit`, `evaluate` and `predict`, with the names, arguments and behaviour of Keras 3.

Pass them as `model.fit(..., callbacks=[EarlyStopping(patience=3)])`. With `verbose` they write what
they do to standard output. A `monitor` that the logs lack draws one warning, which names what there
is.
"""

from __future__ import annotations

import math
import os
import warnings
from typing import Any

import numpy as np

from corereg.callback_base import Callback, CallbackList, History, LambdaCallback, Logs

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]

# Last words of metric names, for mode "auto".
_SMALLER_IS_BETTER = (
    *("loss", "penalty", "error", "err", "mse", "mae", "mape", "msle", "rmse", "huber", "hinge"),
    *("crossentropy", "divergence", "poisson", "logcosh", "log_cosh"),
)
_LARGER_IS_BETTER = (
    *("accuracy", "acc", "auc", "precision", "recall", "specificity", "sensitivity", "score"),
    *("f1", "f2", "r2", "iou", "io_u", "similarity", "correlation"),
)


class _Monitor(Callback):
    """Base of the callbacks that ask whether one value of the logs has improved."""

    def __init__(self, monitor: str, mode: str, best: float | None, min_delta: float) -> None:
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{type(self).__name__}: expected mode 'auto', 'min' or 'max', "
                f"received {mode!r}; using 'auto'",
                stacklevel=3,
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best = best
        self.min_delta = abs(min_delta)
        self._warned = False

    def _current(self, logs: Logs, consequence: str) -> float | None:
        """The monitored value; None, and one warning, if the logs lack it."""
        value = logs.get(self.monitor)
        if value is None and not self._warned:
            self._warned = True
            known = ", ".join(logs) or "none"
            warnings.warn(
                f"{type(self).__name__}: monitor {self.monitor!r} is not among the logs, so "
                f"{consequence}; available: {known}",
                stacklevel=4,
            )
        return value

    def _improves(self, value: float, reference: float | None) -> bool:
        """Whether `value` beats `reference` by more than `min_delta`; anything beats None."""
        larger = self._larger_is_better()
        if reference is None:
            return True
        if larger:
            return value - self.min_delta > reference
        return value + self.min_delta < reference

    def _larger_is_better(self) -> bool:
        if self.mode != "auto":
            return self.mode == "max"
        name, _, number = self.monitor.lower().rpartition("_")
        if not number.isdigit():  # "auc_1" is the second "auc"
            name = self.monitor.lower()
        for endings, answer in ((_SMALLER_IS_BETTER, False), (_LARGER_IS_BETTER, True)):
            if any(f"_{name}".endswith(f"_{ending}") for ending in endings):
                return answer
        raise ValueError(
            f"{type(self).__name__}: cannot tell from the name {self.monitor!r} whether larger or "
            "smaller is better; pass mode='max' or mode='min'"
        )


class EarlyStopping(_Monitor):
    """Stops `fit` once `monitor` has not improved for `patience` epochs.

    monitor: name in the logs. An epoch improves if it beats the best by more than `min_delta`.
    patience: 0 acts like 1. The first epoch never stops a run.
    mode: "min", "max", or "auto", which decides by the name (`loss` min, `accuracy` max, ...).
    baseline: epochs count as improvements only once they also beat this value.
    restore_best_weights: at the end of training, stopped early or not, put back the weights of the
        best epoch; without one that beats `baseline`, those of the best of the epochs run.
    start_from_epoch: epochs before this one are not looked at.

    After the run, `stopped_epoch` (0: not stopped), `best_epoch` and `best` say what happened.
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

    def on_train_begin(self, logs: Logs | None = None) -> None:
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
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                print(f"EarlyStopping: restored the weights of epoch {self.best_epoch + 1}")
            self.model.set_weights(self.best_weights)


class ModelCheckpoint(_Monitor):
    """Saves the model, or its weights, after every epoch or every `save_freq` batches.

    filepath: may name `epoch` (from 1), `batch` (from 1, with an integer `save_freq`) and whatever
        the logs hold: `"best-{epoch:02d}-{val_loss:.2f}"`. Missing folders are made.
    save_best_only: save only when `monitor` beats the best so far, which starts as
        `initial_value_threshold`. If the logs lack `monitor`, every save is done, with a warning.
    save_weights_only: call `model.save_weights(path)` instead of `model.save(path)`.
    save_freq: "epoch", or a number of batches; then the logs are the epoch's running means.
    mode: as for `EarlyStopping`.

    Raises ValueError for another `save_freq`, and KeyError if `filepath` names what the logs lack.
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold, 0)
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(
                "ModelCheckpoint: expected save_freq 'epoch' or a positive number of batches, "
                f"received {save_freq!r}"
            )
        self.filepath = os.fsdecode(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self._epoch = 0
        self._unsaved_batches = 0

    def _listens(self, hook: str) -> bool:
        mine = type(self).on_train_batch_end is ModelCheckpoint.on_train_batch_end
        if self.save_freq == "epoch" and hook == "on_train_batch_end" and mine:
            return False
        return super()._listens(hook)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if isinstance(self.save_freq, int):
            self._unsaved_batches += 1
            if self._unsaved_batches >= self.save_freq:
                self._unsaved_batches = 0
                self._save(self._epoch, {"batch": batch + 1, **(logs or {})}, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, logs or {}, logs or {})

    def _save(self, epoch: int, fields: Logs, logs: Logs) -> None:
        try:
            path = self.filepath.format(**{**fields, "epoch": epoch + 1})
        except (KeyError, IndexError, ValueError) as error:
            known = ", ".join(sorted({"epoch", *fields}))
            raise type(error)(
                f"ModelCheckpoint: cannot fill in filepath {self.filepath!r} ({error}); "
                f"available: {known}"
            ) from None
        if not self._wants(epoch, logs):
            return
        if os.path.dirname(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)
        if self.verbose:
            print(f"Epoch {epoch + 1}: ModelCheckpoint: saved {path}")

    def _wants(self, epoch: int, logs: Logs) -> bool:
        if not self.save_best_only:
            return True
        value = self._current(logs, "the model is saved every time")
        if value is None:
            return True
        best, better = self.best, self._improves(value, self.best)
        if better:
            self.best = value
        if self.verbose:
            outcome = f"improved to {value:.5f}" if better else "did not improve"
            since = "" if best is None else f" from {best:.5f}"
            print(f"Epoch {epoch + 1}: ModelCheckpoint: {self.monitor} {outcome}{since}")
        return better


class ReduceLROnPlateau(_Monitor):
    """Lowers the learning rate when `monitor` has not improved for `patience` epochs.

    The rate is multiplied by `factor`, but kept at or above `min_lr`; then `cooldown` epochs pass
    before epochs count again. `min_delta` and `mode` are those of `EarlyStopping`. Adds
    `learning_rate`, as it was during the epoch, to the logs.

    Raises ValueError if `factor` is outside [0, 1).
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
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0
        self._warned = False

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


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch to `schedule(epoch, rate)`, or `schedule(epoch)`.

    schedule: is given the epoch, from 0, and the present rate; returns the new rate, a float.
    Adds `learning_rate` to the logs of each epoch.

    Raises ValueError if the schedule returns anything but a float.
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


class TerminateOnNaN(Callback):
    """Stops `fit` when a batch's loss is NaN or infinite; raises RuntimeError if `raise_error`."""

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(
                f"TerminateOnNaN: the loss is {loss} at batch {batch}; try a lower learning rate, "
                "or look for NaN in the data"
            )
        print(f"TerminateOnNaN: the loss is {loss} at batch {batch}, training stops")
        self.model.stop_training = True


class CSVLogger(Callback):
    """Writes the logs of each epoch as a row of a CSV file.

    Columns: `epoch`, from 0, then the first epoch's names, sorted; if none of them starts with
    `val_`, the `val_` names follow, for validation that comes later. A missing value is `NA`.
    With `append` an existing file is continued, without a second header; else it is overwritten.
    The file is complete after every epoch, and is not held open in between.
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        self.filename = os.fsdecode(filename)
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.keys = None
        with open(self.filename, "a" if self.append else "w"):
            pass

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        import csv

        logs = logs or {}
        with open(self.filename, "a", newline="") as file:
            writer = csv.writer(file, delimiter=self.sep)
            if self.keys is None:
                self.keys = sorted(logs)
                if not any(key.startswith("val_") for key in self.keys):
                    self.keys += [f"val_{key}" for key in self.keys]
                if file.tell() == 0:
                    writer.writerow(["epoch", *self.keys])
            writer.writerow([epoch, *(logs.get(key, "NA") for key in self.keys)])
