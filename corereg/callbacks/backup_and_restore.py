"""BackupAndRestore: a training that a crash or a kill has ended goes on where it was."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from corereg.callbacks.base import Callback, Logs
from corereg.warn import warn_user


class BackupAndRestore(Callback):
    """Writes the state of a training to a file, from which the next `fit` with the same arguments
    goes on. It then ends with the same weights, optimizer, History and other callbacks, bit for
    bit, as a training that nothing has ended.

    backup_dir: a folder for this training alone; it is made if it is missing. ValueError if empty.
    save_freq: "epoch", or after how many batches it writes; False: never, as where Keras leaves it
        to preemption. ValueError for anything else.
    double_checkpoint: keeps the backup before the last one, too, and goes on from there, with a
        warning, if the last one is damaged.
    delete_checkpoint: removes the backups when the training has ended.

    A backup holds the weights, the optimizer with its numbers, which weights are trained, the state
    of everything random (NumPy's global generator and Python's among it), the order of the rows and
    the place in them, what losses and metrics of the epoch have added up, and the state of each
    callback (`Callback.get_state`). It is written under another name, synced and renamed, so that a
    process that is killed at any moment leaves a whole one. It does not hold the data: pass the
    same. A backup of within an epoch (an integer save_freq) needs as many rows and the same
    `shuffle`, else ValueError; one from between two epochs goes on with what it is given. Iterables
    are read again from the begin of the epoch; generators have to begin where the training goes on.

    Of the callbacks it is called last, wherever it stands in the list. In a backup that is read,
    their states are put back after `on_train_begin`.

    Raises `corereg.saving.FileFormatError` if there are backups, but none can be read, and if the
    model is not like that of the backup; nothing has been trained then.

    >>> import tempfile
    >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     backup = callbacks.BackupAndRestore(folder + "/training")
    ...     model.fit(np.ones(8), np.ones(8), epochs=3, verbose=0, callbacks=backup)
    <History of 3 epochs: loss>
    """

    _comes_last = True

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        if not backup_dir:
            raise ValueError("BackupAndRestore: expected backup_dir as a folder, received none")
        if save_freq != "epoch" and not isinstance(save_freq, int):
            raise ValueError(
                "BackupAndRestore: expected save_freq 'epoch' or a number of batches, received "
                f"{save_freq!r}"
            )
        if not isinstance(save_freq, str) and save_freq is not False and save_freq < 1:
            raise ValueError(
                f"BackupAndRestore: expected save_freq of 1 batch or more, received {save_freq!r}"
            )
        self.backup_dir = os.fsdecode(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._last = os.path.join(self.backup_dir, "last.backup")
        self._before = os.path.join(self.backup_dir, "before.backup")
        self._restored: Any = None  # a backup of within an epoch that is still to begin
        self._last_is_whole = True
        self._unsaved_batches = 0

    def _observes(self, hook: str) -> bool:
        mine = type(self).on_train_batch_end is BackupAndRestore.on_train_batch_end
        if hook == "on_train_batch_end" and mine:
            return self._batches > 0
        return super()._observes(hook)

    @property
    def _batches(self) -> int:
        """After how many batches it writes; 0: not after batches."""
        return 0 if isinstance(self.save_freq, str) else int(self.save_freq)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self.model._trainer.loop is None:
            raise RuntimeError(
                "BackupAndRestore: expected to be called by fit, which knows where a training is; "
                "in a loop of your own, write the model's state with model.save"
            )
        os.makedirs(self.backup_dir, exist_ok=True)
        self._unsaved_batches, self._restored = 0, None
        found = self._read()
        if found is None:
            return
        found.restore(self.model)
        self.model._trainer.loop.set_state(found.loop_state)
        if found.within:
            self._restored = found

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        # The begin of this epoch is in the backup already. Other callbacks have begun it again.
        found, self._restored = self._restored, None
        if found is not None:
            found.restore(self.model)
            self.model._trainer.loop.set_callbacks(found.loop_state)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._batches:
            self._unsaved_batches += 1
            if self._unsaved_batches >= self._batches:
                self._save()
                self._unsaved_batches = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.delete_checkpoint:
            for path in (self._before, self._last):  # a kill between leaves the newer one
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
            with contextlib.suppress(OSError):  # something else is in it
                os.rmdir(self.backup_dir)

    def _save(self) -> None:
        os.makedirs(self.backup_dir, exist_ok=True)
        if self.double_checkpoint and self._last_is_whole:
            with contextlib.suppress(FileNotFoundError):  # a kill here leaves the one before
                os.replace(self._last, self._before)
        self.model._write_backup(self._last)
        self._last_is_whole = True

    def _read(self) -> Any:
        """The newest backup that can be read; None without any."""
        self._last_is_whole = True
        there = [path for path in (self._last, self._before) if os.path.exists(path)]
        for path in there:
            try:
                return self.model._read_backup(path)
            except (ValueError, OSError) as error:
                rest = there[there.index(path) + 1 :]
                if not rest:
                    raise type(error)(
                        f"BackupAndRestore: the backup cannot be read ({error}); delete "
                        f"{self.backup_dir!r} to begin anew"
                    ) from error
                self._last_is_whole = False
                warn_user(
                    f"BackupAndRestore: the last backup cannot be read ({error}); the training "
                    f"goes on from the one before, {rest[0]!r}"
                )
        return None
