"""SwapEMAWeights: tests and predictions with the averages that the optimizer keeps of weights."""

from __future__ import annotations

from typing import Any

from corereg.callbacks.base import Callback, Logs


class SwapEMAWeights(Callback):
    """Puts the averages of the weights (`use_ema=True` of the optimizer) into the model while it is
    tested or predicts, and the trained weights back afterwards.

    swap_on_epoch: also from the end of an epoch to the begin of the next one, so that callbacks
        that come after this one in the list, such as `ModelCheckpoint`, see and save the averages.
        Put it behind callbacks that stop the training, and before those that save.

    Raises ValueError, before anything is swapped, if the model's optimizer keeps no averages.

    >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
    >>> model.compile(optimizers.SGD(0.1, use_ema=True), "mse")
    >>> swap = callbacks.SwapEMAWeights()
    >>> history = model.fit(np.ones(8), np.ones(8), verbose=0, callbacks=swap)
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        self.swap_on_epoch = swap_on_epoch
        self._averages_in_model = False

    def get_state(self) -> dict[str, Any]:
        return {"averages_in_model": self._averages_in_model}

    def set_state(self, state: dict[str, Any]) -> None:
        self._averages_in_model = state["averages_in_model"]
        self._goes_on = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self._begins_anew():
            self._averages_in_model = False
        self._averages()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._put(averages=False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if not self.swap_on_epoch:
            return
        self._put(averages=True)
        last = epoch + 1 == (self.params or {}).get("epochs")
        if last or self.model.stop_training:
            # At its end `fit` overwrites the weights with the averages: these have to be there. The
            # trained ones are kept for a `fit` that goes on.
            pairs = self._averages()
            self.model._trainer.unaveraged = [average._copied() for _, average in pairs]
            for weight, average in pairs:
                average.assign(weight)
            self._averages_in_model = False  # the two are equal

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._put(averages=True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._put(averages=False)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._put(averages=True)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._put(averages=False)

    def _put(self, averages: bool) -> None:
        """Puts the averages, or else the trained weights, into the model, if they are not there."""
        if averages is self._averages_in_model:
            return
        pairs = self._averages()
        with self.model._trainer.shared_lock(self.model).writing:
            for weight, average in pairs:
                kept = weight._copied()
                weight.assign(average)
                average.assign(kept)
        self._averages_in_model = averages

    def _averages(self) -> list[tuple[Any, Any]]:
        """The trained weights with their averages."""
        optimizer = self.model.optimizer
        if optimizer is None or not optimizer.use_ema:
            raise ValueError(
                "SwapEMAWeights: expected an optimizer with use_ema=True, received "
                f"{optimizer!r}; compile the model with Adam(use_ema=True), say"
            )
        if not optimizer.built:
            raise ValueError(
                "SwapEMAWeights: expected an optimizer that has averages, received one that has "
                "not trained yet; fit the model first"
            )
        return list(zip(optimizer.parameters, optimizer._averages, strict=True))
