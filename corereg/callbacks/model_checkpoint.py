"""ModelCheckpoint: saves the model while it is trained."""

from __future__ import annotations

import os
from typing import Any

from corereg.callbacks.base import Logs
from corereg.callbacks.monitor import Monitor


class ModelCheckpoint(Monitor):
    """Saves the model, or its weights, after every epoch or every `save_freq` batches.

    filepath: may name `epoch` (from 1), `batch` (from 1, with an integer `save_freq`) and whatever
        the logs hold: `"best-{epoch:02d}-{val_loss:.2f}"`. Missing folders are made.
    save_best_only: save only when `monitor` beats the best so far, which starts as
        `initial_value_threshold`. If the logs lack `monitor`, every save is done, with a warning.
    save_weights_only: call `model.save_weights(path)` instead of `model.save(path)`.
    save_freq: "epoch", or a number of batches; then the logs are the epoch's running means.
    mode: as for `EarlyStopping`.

    Raises ValueError for another `save_freq`, and KeyError if `filepath` names what the logs lack.

    >>> import os, tempfile
    >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)], name="m")
    >>> model.compile("sgd", "mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "best.corereg")
    ...     keep = callbacks.ModelCheckpoint(path, monitor="loss", save_best_only=True)
    ...     history = model.fit(np.ones(8), np.ones(8), verbose=0, callbacks=keep)
    ...     print(models.load_model(path))
    <Sequential 'm', 1 layer>
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

    def _observes(self, hook: str) -> bool:
        mine = type(self).on_train_batch_end is ModelCheckpoint.on_train_batch_end
        if self.save_freq == "epoch" and hook == "on_train_batch_end" and mine:
            return False
        return super()._observes(hook)

    def get_state(self) -> dict[str, Any]:
        return {"best": self.best, "unsaved_batches": self._unsaved_batches, "epoch": self._epoch}

    def set_state(self, state: dict[str, Any]) -> None:
        self.best, self._epoch = state["best"], state["epoch"]
        self._unsaved_batches = state["unsaved_batches"]

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
        if not self._should_save(epoch, logs):
            return
        if os.path.dirname(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)
        if self.verbose:
            print(f"Epoch {epoch + 1}: ModelCheckpoint: saved {path}")

    def _should_save(self, epoch: int, logs: Logs) -> bool:
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
