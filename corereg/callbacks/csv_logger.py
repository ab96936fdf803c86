"""CSVLogger: the logs of each epoch as a row of a file."""

from __future__ import annotations

import os
from typing import Any

from corereg.callbacks.base import Callback, Logs
from corereg.warn import warn_user


class CSVLogger(Callback):
    """Writes the logs of each epoch as a row of a CSV file.

    Columns: `epoch`, from 0, then the first epoch's names, sorted; if none of them starts with
    `val_`, the `val_` names follow, for validation that comes later. A missing value is `NA`.
    With `append` an existing file is continued, without a second header; else it is overwritten.
    The file is complete after every epoch, and is not held open in between.

    Its state is the columns and the length of the file: a training that goes on cuts off rows that
    were written after the state was taken, and writes on.

    >>> import os, pathlib, tempfile
    >>> layer = layers.Dense(1, kernel_initializer="ones")
    >>> model = corereg.Sequential([corereg.Input((1,)), layer])
    >>> model.compile("sgd", "mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "log.csv")
    ...     log = callbacks.CSVLogger(path)
    ...     history = model.fit(np.ones(8), np.ones(8), epochs=2, verbose=0, callbacks=log)
    ...     print(pathlib.Path(path).read_text()[:10])
    epoch,loss
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        self.filename = os.fsdecode(filename)
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None
        self._length: int | None = None  # to which the file is cut before the next row; None: whole

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self._begins_anew():
            self.keys = None
            self._length = None if self.append else 0
        with open(self.filename, "a"):  # that it can be written is known at once
            pass

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._cut()

    def get_state(self) -> dict[str, Any]:
        length = self._length
        if length is None:
            length = os.path.getsize(self.filename) if os.path.exists(self.filename) else 0
        return {"keys": self.keys, "length": length}

    def set_state(self, state: dict[str, Any]) -> None:
        self.keys, self._length = state["keys"], state["length"]
        self._goes_on = True

    def _cut(self) -> None:
        """Cuts off what does not belong to this training."""
        if self._length is not None:
            found = os.path.getsize(self.filename)
            if found > self._length:
                os.truncate(self.filename, self._length)
            elif found < self._length:
                warn_user(
                    f"CSVLogger: {self.filename!r} has lost rows of epochs before this one; the "
                    "History has them all"
                )
            self._length = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        import csv

        logs = logs or {}
        self._cut()
        with open(self.filename, "a", newline="") as file:
            writer = csv.writer(file, delimiter=self.sep)
            if self.keys is None:
                self.keys = sorted(logs)
                if not any(key.startswith("val_") for key in self.keys):
                    self.keys += [f"val_{key}" for key in self.keys]
            if file.tell() == 0:
                writer.writerow(["epoch", *self.keys])
            writer.writerow([epoch, *(logs.get(key, "NA") for key in self.keys)])
