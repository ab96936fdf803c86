"""What callbacks are made of; public in `corereg.callbacks`.

A callback reads and may extend the `logs` it is handed: all callbacks of one event share one dict,
so a value added to it at an epoch's end (`learning_rate`, say) also reaches `History`, which
`CallbackList` keeps last.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Logs = dict[str, Any]


class Callback:
    """Base class: every hook does nothing until a subclass overrides it.

    `model` is the model being run and `params` the run's settings (`epochs`, `steps`, `verbose`).
    Epochs and batches are counted from 0. Batch `logs` hold running means over the epoch so far.
    """

    model: Any = None
    params: dict[str, Any] | None = None

    def set_model(self, model: Any) -> None:
        self.model = model

    def set_params(self, params: dict[str, Any] | None) -> None:
        self.params = params

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

    def _listens(self, hook: str) -> bool:
        """Whether the method named `hook` does more than the empty one of this class."""
        method = getattr(self, hook)
        return getattr(method, "__func__", method) is not getattr(Callback, hook)


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))


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

    def _listens(self, hook: str) -> bool:
        method = getattr(self, hook)
        own = getattr(method, "__func__", method) is History.on_epoch_end  # may be called later
        return not own and super()._listens(hook)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(_plain_value(value))


class CallbackList(Callback):
    """Calls a list of callbacks as one, in order.

    `callbacks` is None, one callback, or a list of them, possibly nested. With `add_history` a
    `History` is appended unless one is there; it is `self.history`, and becomes `model.history`.
    Each event's logs are copied once, sorted by name, as Python floats, and all callbacks get that
    copy.

    Raises TypeError if something in the list is no callback (a class instead of an object, say).
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        model: Any = None,
        params: dict[str, Any] | None = None,
    ) -> None:
        self.callbacks: list[Any] = _flatten(callbacks)
        found = [callback for callback in self.callbacks if isinstance(callback, History)]
        if add_history and not found:
            found = [History()]
            self.callbacks += found
        self.history: History | None = found[-1] if found else None
        if model is not None:
            self.set_model(model)
        if params is not None:
            self.set_params(params)

    def set_model(self, model: Any) -> None:
        self.model = model
        if self.history is not None:
            model.history = self.history
        for callback in self.callbacks:
            callback.set_model(model)

    def set_params(self, params: dict[str, Any] | None) -> None:
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    @property
    def wants_batches(self) -> bool:
        """Whether any callback has something to do around a training batch."""
        train = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
        return self._any_listens(*train)

    @property
    def wants_epochs(self) -> bool:
        """Whether any callback has something to do around an epoch of `fit` that cannot wait."""
        return self._any_listens("on_epoch_begin", "on_epoch_end")

    @property
    def wants_tests(self) -> bool:
        """Whether any callback has something to do around `evaluate` or validation."""
        return self.wants_test_batches or self._any_listens("on_test_begin", "on_test_end")

    @property
    def wants_test_batches(self) -> bool:
        """Whether any callback has something to do around a batch of `evaluate` or validation."""
        return self._any_listens("on_test_batch_begin", "on_test_batch_end")

    @property
    def wants_predict_batches(self) -> bool:
        """Whether any callback has something to do around a batch of `predict`."""
        return self._any_listens("on_predict_batch_begin", "on_predict_batch_end")

    def _any_listens(self, *hooks: str) -> bool:
        # An object that only looks like a Callback does not know _listens: it is asked always.
        return any(
            not isinstance(callback, Callback) or callback._listens(hook)
            for callback in self.callbacks
            for hook in hooks
        )

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._run("on_train_begin", logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._run("on_train_end", logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch("on_epoch_end", epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._batch("on_train_batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._batch("on_train_batch_end", batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._batch("on_batch_begin", batch, logs)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._batch("on_batch_end", batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._run("on_test_begin", logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._run("on_test_end", logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._batch("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._batch("on_test_batch_end", batch, logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._run("on_predict_begin", logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._run("on_predict_end", logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._batch("on_predict_batch_begin", batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._batch("on_predict_batch_end", batch, logs)

    def _run(self, hook: str, logs: Logs | None) -> None:
        logs = _plain(logs)
        for callback in self.callbacks:
            getattr(callback, hook)(logs)

    def _epoch(self, hook: str, epoch: int, logs: Logs | None) -> None:
        logs = _plain(logs)
        for callback in self.callbacks:
            getattr(callback, hook)(epoch, logs)

    def _batch(self, hook: str, batch: int, logs: Logs | None) -> None:
        logs = _plain(logs)
        for callback in self.callbacks:
            getattr(callback, hook)(batch, logs=logs)


class LambdaCallback(Callback):
    """A callback made of functions, one for each hook named: `LambdaCallback(on_epoch_end=f)`.

    The functions are called like the hooks without `self`: `f(epoch, logs)` for epochs,
    `f(batch, logs=logs)` for batches, `f(logs)` for the rest.

    Raises TypeError for a name that is no hook.
    """

    def __init__(self, **hooks: Any) -> None:
        for name, function in hooks.items():
            if name not in HOOKS:
                raise TypeError(
                    f"LambdaCallback: {name!r} is no hook; known are {', '.join(HOOKS)}"
                )
            if function is not None:
                setattr(self, name, function)


def _flatten(callbacks: Any) -> list[Any]:
    if callbacks is None:
        return []
    if isinstance(callbacks, CallbackList):
        return list(callbacks.callbacks)
    if isinstance(callbacks, (list, tuple)):
        return [callback for entry in callbacks for callback in _flatten(entry)]
    methods = (*HOOKS, "set_model", "set_params")
    if isinstance(callbacks, type) or not all(hasattr(callbacks, name) for name in methods):
        raise TypeError(
            "callbacks: expected Callback objects, such as EarlyStopping(patience=3), "
            f"received {callbacks!r}; pass an instance, or derive its class from Callback"
        )
    return [callbacks]


def _plain(logs: Logs | None) -> Logs:
    """A copy of `logs`, sorted by name, with scalars as Python floats."""
    return {name: _plain_value(logs[name]) for name in sorted(logs)} if logs else {}


def _plain_value(value: Any) -> Any:
    if type(value) is float:
        return value
    if isinstance(value, str) or np.ndim(value) > 0:
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
