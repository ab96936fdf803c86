"""ProgbarLogger: the progress display as a callback."""

from __future__ import annotations

from typing import Any

from corereg.callbacks.base import Callback, Logs
from corereg.progress import ProgressBar


class ProgbarLogger(Callback):
    """Shows the progress of a run: a bar in a terminal, a line an epoch elsewhere.

    `fit`, `evaluate` and `predict` show it by themselves as `verbose` says, and only once if it is
    in their list of callbacks, too. So this is for loops of one's own, that call a
    `CallbackList(callbacks, add_progbar=True, epochs=3, steps=10, verbose=1)`.

    >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.ones(8), np.ones(8), verbose=0, callbacks=callbacks.ProgbarLogger())
    """

    _shows_progress = True

    def __init__(self) -> None:
        self.seen = 0
        self.progbar: ProgressBar | None = None
        self.target: int | None = None
        self.verbose: int | str = 1
        self.epochs: int | None = 1
        self._shows = True
        self._in_fit = False

    def set_params(self, params: dict[str, Any] | None) -> None:
        super().set_params(params)
        given = params or {}
        self.verbose = given.get("verbose", 1)
        self.epochs, self.target = given.get("epochs", 1), given.get("steps")

    def get_state(self) -> dict[str, Any]:
        return {"seen": self.seen}

    def set_state(self, state: dict[str, Any]) -> None:
        self.seen = state["seen"]

    def leave_to_caller(self) -> None:
        """Whoever runs this callback shows the progress: it stays silent."""
        self._shows = False

    def _observes(self, hook: str) -> bool:
        return self._shows and super()._observes(hook)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._in_fit = True
        self._begin(self.epochs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._in_fit = False
        self._close()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.progbar is not None:
            self.progbar.begin_epoch(epoch)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._update(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.progbar is not None:
            self.progbar.end_epoch(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._begin(None)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._update(batch, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._close(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._begin(None)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._update(batch, None)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._close({})

    def _begin(self, epochs: int | None) -> None:
        self.seen = 0
        if self._shows:
            self.progbar = ProgressBar(epochs, self.target, self.verbose)
            self.progbar.begin_epoch()

    def _update(self, batch: int, logs: Logs | None) -> None:
        self.seen = batch + 1
        if self.progbar is not None:
            self.progbar.update(self.seen, logs)

    def _close(self, logs: Logs | None = None) -> None:
        """Ends the display; logs: of a run without epochs, whose line is still to be written."""
        if self.progbar is not None:
            if logs is not None:
                self.progbar.end_epoch(logs)
            self.progbar.close()
            self.progbar = None
