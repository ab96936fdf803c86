"""History: what `fit` returns."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.callbacks.base import Callback, Logs, plain_value
from corereg.named_tuple import NamedTuple
from corereg.shown import as_words, counted


class EarlyStop(NamedTuple):
    """What an `EarlyStopping` says after a training: what it monitored, the best epoch, and the
    epoch at the end of which it stopped, 0 if it did not; both counted from 0."""

    monitor: str
    best_epoch: int
    stopped_epoch: int


class History(Callback):
    """Record of a `fit`: it is appended to every run and is what `fit` returns.

    `history` maps each name in the logs to a list of Python floats, one for each epoch in `epoch`.
    `notes` has what else is known: "validation_freq", which epochs had a validation, and
    "early_stopping", an `EarlyStop`, if such a callback found a best epoch.

    >>> layer = layers.Dense(1, kernel_initializer="ones")
    >>> model = corereg.Sequential([corereg.Input((1,)), layer])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.ones(8), np.ones(8), epochs=3, verbose=0)
    >>> history
    <History of 3 epochs: loss>
    >>> history.history, history.epoch
    ({'loss': [0.0, 0.0, 0.0]}, [0, 1, 2])
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []
        self.notes: dict[str, Any] = {}

    __repr__ = as_words(
        lambda self: (
            f"of {counted(len(self.epoch), 'epoch')}: {', '.join(self.history) or 'nothing yet'}"
        )
    )

    def get_state(self) -> dict[str, Any]:
        values = {name: _as_array(found) for name, found in self.history.items()}
        return {"epoch": np.array(self.epoch, np.int64), "history": values}

    def set_state(self, state: dict[str, Any]) -> None:
        self.epoch[:] = state["epoch"].tolist()
        self.history.clear()  # the same dict and lists: the model has noted them, too
        for name, found in state["history"].items():
            self.history[name] = found.tolist() if isinstance(found, np.ndarray) else list(found)
        self._goes_on = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self._begins_anew():
            self.epoch = []
            self.notes.pop("early_stopping", None)
        self.model.history = self

    def _observes(self, hook: str) -> bool:
        # Its own on_epoch_end may be called late: epochs may run fused, several in one call.
        if type(self) is History and hook not in vars(self):
            return hook == "on_train_begin"
        method = getattr(self, hook)
        own = getattr(method, "__func__", method) is History.on_epoch_end
        return not own and super()._observes(hook)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        values: list[Any] = [epoch]
        values += [v if type(v) is float else plain_value(v) for v in logs.values()]
        lists: list[list[Any]] = [self.epoch]
        lists += [self.history.setdefault(name, []) for name in logs]
        # In one call that runs no Python, so that an interrupt finds all lists of one length.
        deque(map(list.append, lists, values), maxlen=0)

    def plot(self, metrics: str | Sequence[str] | None = None, ax: Any = None) -> Any:
        """Draws the curves of training and validation, the penalty apart, and the best epoch of an
        `EarlyStopping`; see `corereg.plotting.history`. Returns matplotlib's axes: one for one
        name of a metric, otherwise an array. ImportError without matplotlib.

        >>> model = corereg.Sequential([corereg.Input((2,)), corereg.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit([[0.0, 1.0]], [1.0], epochs=3, verbose=0)
        >>> history.plot("loss").get_xlabel()
        'epoch'
        """
        from corereg.plotting import learning

        return learning.history(self, metrics, ax)

    def _repr_html_(self) -> str:
        from corereg.callbacks.history_page import history_page

        return history_page(self)


def _as_array(values: list[Any]) -> Any:
    """Floats as one array, which a file holds in less time and space; others as they are."""
    if all(type(value) is float for value in values):
        return np.array(values, np.float64)
    return list(values)
