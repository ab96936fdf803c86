"""CallbackList: many callbacks called as one."""

from __future__ import annotations

from typing import Any

from corereg.callbacks.base import HOOKS, Callback, Logs, plain_logs
from corereg.callbacks.history import History
from corereg.warn import warn_user


class CallbackList(Callback):
    """Calls a list of callbacks as one, in order.

    `callbacks` is None, one callback, or a list of them, possibly nested. With `add_history` a
    `History` is appended unless one is there; it is `self.history`, and becomes `model.history`.
    With `add_progbar` a `ProgbarLogger` is appended unless one is there. `params` (`epochs=3,
    steps=10, verbose=0`) are those of the run, which each callback gets as a dict.
    `BackupAndRestore` comes last wherever it stands.
    Each event's logs are copied once, sorted by name, as Python floats, and all callbacks get that
    copy.

    Raises TypeError if something in the list is no callback (a class instead of an object, say).

    >>> found = callbacks.CallbackList([callbacks.TerminateOnNaN()], add_history=True)
    >>> found.callbacks
    [TerminateOnNaN(), <History of 0 epochs: nothing yet>]
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        self.callbacks: list[Any] = _flatten(callbacks)
        found = [callback for callback in self.callbacks if isinstance(callback, History)]
        if add_history and not found:
            found = [History()]
            self.callbacks += found
        self._histories = found
        self.history: History | None = found[-1] if found else None
        self._progbars = [one for one in self.callbacks if getattr(one, "_shows_progress", False)]
        if add_progbar and not self._progbars:
            from corereg.callbacks.progbar_logger import ProgbarLogger

            self._progbars = [ProgbarLogger()]
            self.callbacks += self._progbars
        if len(self.callbacks) > 1:
            self.callbacks.sort(key=lambda one: getattr(one, "_comes_last", False))
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)

    def leave_display_to_caller(self) -> None:
        """Whoever calls the list shows the progress: a `ProgbarLogger` in it stays silent."""
        for callback in self._progbars:
            callback.leave_to_caller()

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

    def get_state(self) -> list[list[Any]]:
        """The states of the callbacks that have one: [name of the class, state] of each."""
        states = [(one, one.get_state()) for one in self.callbacks if hasattr(one, "get_state")]
        return [[type(one).__name__, state] for one, state in states if state is not None]

    def set_state(self, state: list[list[Any]]) -> None:
        """Gives the callbacks of this training their states, the n-th of a class that of the n-th.
        Warns of states for which there is no callback."""
        waiting = list(self.callbacks)
        for name, own in state:
            found = next((one for one in waiting if type(one).__name__ == name), None)
            if found is None:
                warn_user(
                    f"fit: there is a saved state of {name}, which is not among the callbacks; "
                    "pass the callbacks that the training had"
                )
                continue
            waiting.remove(found)
            found.set_state(own)
            if isinstance(found, Callback):
                found._goes_on = False  # this training has begun

    @property
    def observes_batches(self) -> bool:
        """Whether any callback observes training batches: has a hook around them."""
        train = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
        return self._any_observes(*train)

    @property
    def observes_epochs(self) -> bool:
        """Whether any callback observes epochs of `fit` when they happen, as History need not."""
        return self._any_observes("on_epoch_begin", "on_epoch_end")

    @property
    def observes_tests(self) -> bool:
        """Whether any callback observes `evaluate`, validation or batches of them."""
        return self.observes_test_batches or self._any_observes("on_test_begin", "on_test_end")

    @property
    def observes_test_batches(self) -> bool:
        """Whether any callback observes batches of `evaluate` or validation."""
        return self._any_observes("on_test_batch_begin", "on_test_batch_end")

    @property
    def observes_predict_batches(self) -> bool:
        """Whether any callback observes batches of `predict`."""
        return self._any_observes("on_predict_batch_begin", "on_predict_batch_end")

    def _any_observes(self, *hooks: str) -> bool:
        for callback in self.callbacks:
            if type(callback) is History and vars(callback).keys().isdisjoint(hooks):
                continue  # it waits for none of the hooks that are asked for here
            # An object that only looks like a Callback has no _observes: it counts as an observer.
            if not isinstance(callback, Callback) or any(map(callback._observes, hooks)):
                return True
        return False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._run("on_train_begin", logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._run("on_train_end", logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch("on_epoch_end", epoch, logs)

    def _record_epoch(self, epoch: int, logs: Logs, late: bool = False) -> None:
        """`on_epoch_end` where no callback observes epochs: a History records them nevertheless.
        late: after an interrupt, before which it may have done so."""
        logs = plain_logs(logs)
        for history in self._histories:
            if not late or history.epoch[-1:] != [epoch]:
                history.on_epoch_end(epoch, logs)

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
        if not self.callbacks:
            return
        logs = plain_logs(logs)
        for callback in self.callbacks:
            getattr(callback, hook)(logs)

    def _epoch(self, hook: str, epoch: int, logs: Logs | None) -> None:
        logs = plain_logs(logs)
        for callback in self.callbacks:
            getattr(callback, hook)(epoch, logs)

    def _batch(self, hook: str, batch: int, logs: Logs | None) -> None:
        logs = plain_logs(logs)
        for callback in self.callbacks:
            getattr(callback, hook)(batch, logs=logs)


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
