"""evaluate and test_on_batch, also for the validation within a fit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from corereg import _kernels, regularizers
from corereg.autograd import Parameter, enable_grad, no_grad
from corereg.callbacks import CallbackList
from corereg.models.compiled import Logs, count, fewest
from corereg.models.data import Batch, Rows
from corereg.models.means import Means
from corereg.models.predicting import Predicting
from corereg.models.recordable import snapshot_of
from corereg.models.steps import Access, Sections, Steps, run_batch
from corereg.models.streams import StreamSteps, is_stream, no_others
from corereg.progress import ProgressBar


class Evaluating(Predicting):
    """The part of a model that is tested."""

    def _test_step(self, batch: Batch, means: Means) -> None:
        """As _train_step, without training: the weights, and so their penalty, do not change."""
        assert self.loss is not None
        with (
            enable_grad(),
            self._own_pass(),
        ):  # a cross-entropy looks at what went into the last activation
            prediction = self(batch.x, training=False)
            means.add(batch, prediction.data, self.loss(batch.y, prediction, batch.weight).data)
            means.add_penalty(batch, self._penalty)
            for layer in self.layers:
                for activity in layer._activity:
                    means.add_penalty(batch, activity.data)

    def _take_penalty(self) -> None:
        """Puts the penalties of the trainable weights as they are where tests read them."""
        with no_grad(), self._reading():
            known = self._penalty_program()
            if known is not None:
                known.replay(1)
                return
            program = _kernels.Program()
            with program:
                parts = [p.data for p in regularizers.penalties(self.weights)]
                if len(parts) != len(self._penalty):
                    self._penalty = np.zeros(len(parts))
                    self._recorded["test"].clear()
                for i, part in enumerate(parts):
                    _kernels.store_and_reset(self._penalty[i : i + 1])
                    _kernels.accumulate_weighted_sum(self._penalty[i : i + 1], part)
            self._penalties = None
            if program.fault is None and all(map(_plain, self.weights)):
                lists = [layer._parameters for layer in self.layers]
                self._penalties = snapshot_of((), lists, self.weights), program

    def _penalty_program(self) -> _kernels.Program | None:
        """The calls that _take_penalty makes, if they are known."""
        known = self._penalties
        return None if known is None or self.run_eagerly or not known[0].unchanged() else known[1]

    def _test_programs(self, run: Steps) -> Sections | None:
        """The test of a whole data set as programs; None: Python has to do it."""
        penalty, test = self._penalty_program(), run.whole_pass(self._means["test"])
        return None if penalty is None or test is None else [(penalty, 1), *test]

    def _stream(
        self, who: str, source: Any, access: Access, class_weight: Any = None
    ) -> StreamSteps:
        """Steps over an iterable of batches, each of which is checked."""

        def check(who: str, x: Any, y: Any, weight: Any = None) -> Rows:
            return self._rows(who, x, y, weight, class_weight)

        return StreamSteps(who, source, self, check, access)

    def _test_steps(self, source: Rows | StreamSteps, size: int) -> Steps | StreamSteps:
        """The test of a data set, batch by batch."""
        step = partial(self._test_step, means=self._means_for("test"))
        return self._steps("test", step, source, size, None, self._reading)

    def _steps(
        self,
        kind: str,
        step: Callable[[Batch], None],
        source: Rows | StreamSteps,
        size: int,
        seed: int | None,
        access: Access,
    ) -> Steps | StreamSteps:
        """Steps of a kind ("train", "test") over arrays, see Steps, or over a stream."""
        recordings = self._recorded[kind]
        if isinstance(source, Rows):
            return Steps(self, recordings, step, source, size, seed, access)
        source.use(recordings, step)
        return source

    def _evaluate(
        self,
        run: Steps | StreamSteps,
        steps: int | None,
        listeners: CallbackList,
        bar: ProgressBar | None = None,
    ) -> Means:
        means = self._means_for("test")
        wants = listeners.wants_test_batches
        listeners.on_test_begin()
        self._take_penalty()
        run.restart()
        steps = fewest(run.steps, steps)
        done = 0
        while (steps is None or done < steps) and run.ready():
            if wants:
                listeners.on_test_batch_begin(done)
            done += run.run(1 if wants else None if steps is None else steps - done)
            if bar is not None and bar.due:
                bar.update(done, means.logs())
            if wants:
                listeners.on_test_batch_end(done - 1, means.logs())
        if bar is not None:
            bar.update(done, means.logs())
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

        x may also be an iterable of batches, as for `fit`; steps: how many at most.

        RuntimeError while another thread trains the model.
        """
        size = count("evaluate", "batch_size", 32 if batch_size is None else batch_size)
        if steps is not None:
            steps = count("evaluate", "steps", steps)
        self._check_not_elsewhere("evaluate")
        with self._training_lock.testing:
            source: Rows | StreamSteps
            if is_stream(x):
                no_others("evaluate", y=y, batch_size=batch_size, sample_weight=sample_weight)
                source = self._stream("evaluate", x, self._reading)
            else:
                source = self._rows("evaluate", x, y, sample_weight)
            run = self._test_steps(source, size)
            total = fewest(run.steps, steps)
            params = {"steps": total, "verbose": verbose}
            listeners = CallbackList(callbacks, model=self, params=params)
            with ProgressBar(None, total, verbose) as bar:
                bar.begin_epoch()
                logs = self._evaluate(run, steps, listeners, bar).logs()
                bar.end_epoch(logs)
        return as_keras(logs, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """[loss, metrics...] of one batch, or a dict."""
        self._check_not_elsewhere("test_on_batch")
        with self._training_lock.testing:
            rows = self._rows("test_on_batch", x, y, sample_weight)
            means = self._means_for("test")
            self._take_penalty()
            step = partial(self._test_step, means=means)
            run_batch(self, self._recorded["test"], step, rows, self._reading)
            return as_keras(means.logs(), return_dict)


def _plain(p: Parameter) -> bool:
    """Whether kernels alone compute its penalty."""
    return p.regularizer is None or regularizers.fused(p.regularizer) is not None


def as_keras(logs: Logs, return_dict: bool) -> Any:
    """What Keras returns of these logs: a dict, or [loss, metrics...], or the loss alone."""
    if return_dict:
        return logs
    values = [value for name, value in logs.items() if name != "penalty"]
    return values if len(values) > 1 else values[0]
