"""Callback: the base class of all callbacks.

A callback reads and may extend the `logs` it is handed: all callbacks of one event share one dict,
so a value added to it at an epoch's end (`learning_rate`, say) also reaches `History`, which
`CallbackList` keeps last.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.shown import as_call

Logs = dict[str, Any]


class Callback:
    """Base class: every hook is a no-op until a subclass overrides it.

    `model` is the model being run and `params` the run's settings (`epochs`, `steps`, `verbose`).
    Epochs and batches are counted from 0. Batch `logs` hold running means over the epoch so far.

    >>> class Tells(callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, sorted(logs))
    >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.ones(8), np.ones(8), epochs=2, verbose=0, callbacks=Tells())
    0 ['loss']
    1 ['loss']
    """

    model: Any = None
    params: dict[str, Any] | None = None
    _comes_last = False  # whether a CallbackList calls it after all others
    _shows_progress = False  # whether it writes while a training runs, as fit itself does
    _goes_on = False  # whether its state was set since the last training began

    __repr__ = as_call

    def set_model(self, model: Any) -> None:
        self.model = model

    def set_params(self, params: dict[str, Any] | None) -> None:
        self.params = params

    def get_state(self) -> Any:
        """What a training that is to go on elsewhere needs of this callback: None for nothing, or
        numbers, texts, booleans, None and NumPy arrays, in lists and dicts with texts as keys."""
        return None

    def set_state(self, state: Any) -> None:
        """Takes what `get_state` gave, maybe in another process. It is called before the `fit` that
        is to go on; `BackupAndRestore` calls it after `on_train_begin`, and where an epoch goes on
        in its middle once more after `on_epoch_begin`."""

    def _begins_anew(self) -> bool:
        """For `on_train_begin`: whether to forget everything, for no state has been set."""
        goes_on, self._goes_on = self._goes_on, False
        return not goes_on

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called once, before the first epoch of `fit`."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called once, after the last epoch of `fit`, with that epoch's logs."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called before each epoch of `fit`."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called after each epoch of `fit` and its validation; `val_` marks validation's values."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before each batch of `fit`."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after each batch of `fit`."""
        self.on_batch_end(batch, logs=logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Older name of `on_train_batch_end`."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called before `evaluate`, and before the validation of an epoch."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called after `evaluate`, and after the validation of an epoch."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before each batch of `evaluate` or validation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after each batch of `evaluate` or validation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Called before `predict`."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Called after `predict`."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before each batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after each batch of `predict`; `logs["outputs"]` holds the batch's predictions."""

    def _observes(self, hook: str) -> bool:
        """Whether the method named `hook` does more than the no-op of this class. `fit` runs
        epochs and batches faster that no callback observes."""
        method = getattr(self, hook)
        return getattr(method, "__func__", method) is not getattr(Callback, hook)


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


def plain_logs(logs: Logs | None) -> Logs:
    """A copy of `logs`, sorted by name, with scalars as Python floats."""
    if not logs:
        return {}
    return {n: v if type(v := logs[n]) is float else plain_value(v) for n in sorted(logs)}


def plain_value(value: Any) -> Any:
    """A scalar as a Python float; strings, arrays and other objects as they are."""
    if type(value) is float:
        return value
    if isinstance(value, str) or np.ndim(value) > 0:
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
