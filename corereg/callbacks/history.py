"""History: what `fit` returns."""

from __future__ import annotations

from corereg.callbacks.base import Callback, Logs, plain_value


class History(Callback):
    """Record of a `fit`: it is appended to every run and is what `fit` returns.

    `history` maps each name in the logs to a list of Python floats, one for each epoch in `epoch`.
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []
        self.model.history = self

    def _observes(self, hook: str) -> bool:
        # Its own on_epoch_end may be called late: epochs may run fused, several in one call.
        method = getattr(self, hook)
        own = getattr(method, "__func__", method) is History.on_epoch_end
        return not own and super()._observes(hook)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(plain_value(value))
