"""evaluate and predict: using a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import regularizers
from corereg.autograd import enable_grad, no_grad
from corereg.callbacks import CallbackList
from corereg.models.compiled import Array, Compiled, Logs, count
from corereg.models.data import Batch, Rows, inputs
from corereg.models.means import Means
from corereg.progress import ProgressBar

PREDICT_ROWS = 1024  # rows that predict takes at a time unless told otherwise


class Using(Compiled):
    """The part of a model that is used after training, and for validation within."""

    def _test_step(self, batch: Batch, penalty: Array, means: Means) -> None:
        """As _train_step, without training. penalty: of the weights, which do not change."""
        assert self.loss is not None
        prediction = self(batch.x, training=False)
        means.add(batch, prediction.data, self.loss(batch.y, prediction, batch.weight).data)
        means.add_penalty(batch, penalty)
        for layer in self.layers:
            for activity in layer._activity:
                means.add_penalty(batch, activity.data)

    def _weight_penalty(self) -> Array:
        """The penalties of the trainable weights as they are."""
        return np.array([p.item() for p in regularizers.penalties(self.weights)], np.float64)

    def _evaluate(
        self, rows: Rows, size: int, listeners: CallbackList, steps: int | None = None
    ) -> Means:
        assert self._metrics is not None
        means = Means(*self._metrics)
        wants = listeners.wants_test_batches
        listeners.on_test_begin()
        with no_grad():
            penalty = self._weight_penalty()
        with enable_grad():  # a cross-entropy looks at what went into the last activation
            for step, batch in enumerate(rows.batches(size)):
                if step == steps:
                    break
                if wants:
                    listeners.on_test_batch_begin(step)
                self._test_step(batch, penalty, means)
                if wants:
                    listeners.on_test_batch_end(step, means.logs())
        listeners.on_test_end(means.logs())
        return means

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss (penalties included) and metrics on x, y: [loss, metrics...], the loss alone
        if there are no metrics, or with return_dict a dict that also has the penalty."""
        size = count("evaluate", "batch_size", 32 if batch_size is None else batch_size)
        rows = self._rows("evaluate", x, y, sample_weight)
        total = -(-len(rows) // size) if steps is None else count("evaluate", "steps", steps)
        listeners = CallbackList(callbacks, model=self, params={"steps": total, "verbose": verbose})
        with ProgressBar(None, total, verbose) as bar:
            bar.begin_epoch()
            logs = self._evaluate(rows, size, listeners, steps).logs()
            bar.update(total, logs)
            bar.end_epoch(logs)
        return as_keras(logs, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Array:
        """The outputs (rows, ...) for x (rows, features), dropout off. NaN in gives NaN out.

        batch_size: rows taken at a time; it changes neither the results nor, much, the speed.
        """
        size = count("predict", "batch_size", PREDICT_ROWS if batch_size is None else batch_size)
        array = inputs("predict", x)
        self._outputs_for("predict", array.shape)
        if not self.built:
            self.build(array.shape)
        total = -(-len(array) // size) if steps is None else count("predict", "steps", steps)
        listeners = CallbackList(callbacks, model=self, params={"steps": total})
        wants = listeners.wants_predict_batches
        listeners.on_predict_begin()
        parts = []
        with no_grad(), ProgressBar(None, total, verbose) as bar:
            bar.begin_epoch()
            for step, batch in enumerate(Rows(array, dtype=self.dtype).batches(size)):
                if step == total:
                    break
                if wants:
                    listeners.on_predict_batch_begin(step)
                out = self(batch.x, training=False).data
                if np.may_share_memory(out, batch.x.data):  # the next batch will be written there
                    out = out.copy()
                parts.append(out)
                if wants:
                    listeners.on_predict_batch_end(step, {"outputs": out})
                if bar.due:
                    bar.update(step + 1)
            bar.update(len(parts))
            bar.end_epoch()
        listeners.on_predict_end()
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """[loss, metrics...] of one batch, or a dict."""
        rows = self._rows("test_on_batch", x, y, sample_weight)
        means = self._evaluate(rows, len(rows), CallbackList())
        return as_keras(means.logs(), return_dict)

    def predict_on_batch(self, x: Any) -> Array:
        """The outputs of one batch."""
        return self.predict(x, batch_size=max(len(x), 1), verbose=0)


def as_keras(logs: Logs, return_dict: bool) -> Any:
    if return_dict:
        return logs
    values = [value for name, value in logs.items() if name != "penalty"]
    return values if len(values) > 1 else values[0]
