"""evaluate and test_on_batch, also for the validation within a fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import regularizers
from corereg.autograd import enable_grad, no_grad
from corereg.callbacks import CallbackList
from corereg.models.compiled import Array, Logs, count
from corereg.models.data import Batch, Rows
from corereg.models.means import Means
from corereg.models.predicting import Predicting
from corereg.models.steps import Steps, run_batch
from corereg.progress import ProgressBar


class Evaluating(Predicting):
    """The part of a model that is tested."""

    def _test_step(self, batch: Batch, penalty: Array, means: Means) -> None:
        """As _train_step, without training. penalty: of the weights, which do not change."""
        assert self.loss is not None
        with enable_grad():  # a cross-entropy looks at what went into the last activation
            prediction = self(batch.x, training=False)
            means.add(batch, prediction.data, self.loss(batch.y, prediction, batch.weight).data)
        means.add_penalty(batch, penalty)
        for layer in self.layers:
            for activity in layer._activity:
                means.add_penalty(batch, activity.data)

    def _take_penalty(self) -> None:
        """Puts the penalties of the trainable weights as they are where tests read them."""
        with no_grad(), self._reading():
            found = np.array([p.item() for p in regularizers.penalties(self.weights)], np.float64)
        if found.shape != self._penalty.shape:
            self._penalty = found
            self._recorded["test"].clear()
        self._penalty[:] = found

    def _test_steps(self, rows: Rows, size: int) -> Steps:
        """The test of a data set, batch by batch."""
        means = self._means_for("test")

        def step(batch: Batch) -> None:
            self._test_step(batch, self._penalty, means)

        return Steps(self, self._recorded["test"], step, rows, size, None, self._reading)

    def _evaluate(self, run: Steps, steps: int, listeners: CallbackList) -> Means:
        means = self._means_for("test")
        wants = listeners.wants_test_batches
        listeners.on_test_begin()
        self._take_penalty()
        run.restart()
        done = 0
        while done < steps:
            if wants:
                listeners.on_test_batch_begin(done)
            done += run.run(1 if wants else steps - done)
            if wants:
                listeners.on_test_batch_end(done - 1, means.logs())
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
        if there are no metrics, or with return_dict a dict that also has the penalty.

        RuntimeError while another thread trains the model.
        """
        size = count("evaluate", "batch_size", 32 if batch_size is None else batch_size)
        self._check_not_elsewhere("evaluate")
        with self._testing:
            rows = self._rows("evaluate", x, y, sample_weight)
            total = -(-len(rows) // size)
            if steps is not None:
                total = min(total, count("evaluate", "steps", steps))
            params = {"steps": total, "verbose": verbose}
            listeners = CallbackList(callbacks, model=self, params=params)
            with ProgressBar(None, total, verbose) as bar:
                bar.begin_epoch()
                logs = self._evaluate(self._test_steps(rows, size), total, listeners).logs()
                bar.update(total, logs)
                bar.end_epoch(logs)
        return as_keras(logs, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """[loss, metrics...] of one batch, or a dict."""
        self._check_not_elsewhere("test_on_batch")
        with self._testing:
            rows = self._rows("test_on_batch", x, y, sample_weight)
            means = self._means_for("test")
            self._take_penalty()

            def step(batch: Batch) -> None:
                self._test_step(batch, self._penalty, means)

            run_batch(self, self._recorded["test"], step, rows, self._reading)
            return as_keras(means.logs(), return_dict)


def as_keras(logs: Logs, return_dict: bool) -> Any:
    """What Keras returns of these logs: a dict, or [loss, metrics...], or the loss alone."""
    if return_dict:
        return logs
    values = [value for name, value in logs.items() if name != "penalty"]
    return values if len(values) > 1 else values[0]
