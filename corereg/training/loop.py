"""The loop of `fit`: epochs, their steps, validation, callbacks and progress."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from corereg.callbacks.callback_list import CallbackList
from corereg.progress import ProgressBar
from corereg.runtime.capture import ReplayPlan
from corereg.training.accumulators import EpochAccumulators, Logs
from corereg.training.data.iterables import warn_out_of_data
from corereg.training.diagnosis import LossWatch
from corereg.training.evaluate import run_test, test_plan
from corereg.training.fused_epochs import FinishedEpoch, FusedEpochs, FusedValidation
from corereg.training.steps import ArraySteps, Steps
from corereg.training.trainer import TrainableModel


class ValidationPlan(NamedTuple):
    """The validation within a fit: its steps (None: there is none), how many at most, and whether
    an epoch, counted from 1, validates."""

    run: Steps | None
    steps: int | None
    due: Callable[[int], bool]


class TrainingLoop:
    """The epochs of one `fit`. run: the training steps; steps: how many an epoch takes, if that is
    known."""

    def __init__(
        self,
        model: TrainableModel,
        run: Steps,
        steps: int | None,
        validation: ValidationPlan,
        callbacks: CallbackList,
        bar: ProgressBar,
    ) -> None:
        self._model, self._run, self._steps = model, run, steps
        self._validation, self._callbacks, self._bar = validation, callbacks, bar
        self._watch = LossWatch(model)

    def run(self, initial_epoch: int, epochs: int) -> None:
        """Runs the epochs from initial_epoch, counted from 0, up to `epochs`."""
        model, run, bar, callbacks = self._model, self._run, self._bar, self._callbacks
        model.stop_training = False
        logs: Logs = {}
        callbacks.on_train_begin()
        fused = self._fused_epochs()
        try:
            for epoch in range(initial_epoch, epochs):
                run.begin_epoch()
                if not run.ready():
                    warn_out_of_data("fit", 0, self._steps)
                    break
                bar.begin_epoch(epoch)
                callbacks.on_epoch_begin(epoch)
                finished = None
                if fused is not None and (fused or not model.stop_training):
                    finished = fused.next_epoch(epoch, epochs)
                if finished is not None:
                    logs = finished.logs
                    bar.update(self._steps or 0, logs, finished.seconds)
                    self._watch.batches(logs["loss"], epoch, 0, run.steps or 1, run.last_batch)
                else:
                    logs = self._run_epoch(epoch)
                run.end_epoch()
                validated = finished is not None and finished.validated
                if not validated and self._validation.run and self._validation.due(epoch + 1):
                    logs |= self._validate()
                bar.end_epoch(logs, hold=bool(fused))
                callbacks.on_epoch_end(epoch, logs)
                if model.stop_training and not fused:
                    break
        finally:  # an interrupt: all that was trained is told
            for finished in fused.take_finished() if fused else ():
                self._report_late(finished)
        model._trainer.finish_weights(model)
        callbacks.on_train_end(logs)

    def _run_epoch(self, epoch: int) -> Logs:
        """The steps of one epoch; returns its logs."""
        watch = self._watch
        run, steps, sums, bar = self._run, self._steps, self._run.sums, self._bar
        sums.reset()
        done, observed = 0, self._callbacks.observes_batches
        while (steps is None or done < steps) and not self._model.stop_training:
            if not run.ready():
                if run.once and steps is not None:
                    warn_out_of_data("fit", done, steps)
                    self._model.stop_training = True
                break
            if observed:
                self._callbacks.on_train_batch_begin(done)
            begun = done
            done += run.run(1 if observed else None if steps is None else steps - done)
            if not watch.told:
                watch.batches(sums.loss_so_far(), epoch, begun, done, run.last_batch)
            self._model._trainer.warn_if_eager("fit", "train")
            if bar.due:
                bar.update(done, sums.logs())
            if observed:
                self._callbacks.on_train_batch_end(done - 1, sums.logs())
        logs = sums.logs()
        bar.update(done, logs)
        return logs

    def _validate(self) -> Logs:
        """The logs of a validation that Python runs."""
        run = self._validation.run
        assert run is not None
        self._bar.flush()
        run.restart()
        if not run.ready():
            warn_out_of_data("fit (validation_data)", 0, self._validation.steps)
            return {}
        return run_test(self._model, run, self._validation.steps, self._callbacks).logs("val_")

    def _report_late(self, finished: FinishedEpoch) -> None:
        """Tells progress and History of an epoch that ran before an interrupt."""
        self._bar.begin_epoch(finished.epoch)
        self._bar.update(self._steps or 0, finished.logs, finished.seconds)
        self._bar.end_epoch(finished.logs, hold=True)
        assert self._callbacks.history is not None
        self._callbacks.history.on_epoch_end(finished.epoch, finished.logs)

    def _fused_epochs(self) -> FusedEpochs | None:
        """Runs epochs fused if no callback observes epochs or batches, else None."""
        run, validation, callbacks = self._run, self._validation, self._callbacks
        if not isinstance(run, ArraySteps) or self._steps != run.steps:
            return None
        if callbacks.observes_epochs or callbacks.observes_batches:
            return None
        sums, test_sums = run.sums, None
        if not isinstance(sums, EpochAccumulators):
            return None
        plan: Callable[[], ReplayPlan | None] | None = None
        if (
            isinstance(validation.run, ArraySteps)
            and validation.steps in (None, validation.run.steps)
            and not callbacks.observes_tests
        ):
            test_sums = validation.run.sums
            plan = partial(test_plan, self._model, validation.run)
        frequency = validation.due if validation.run is not None else None
        return FusedEpochs(run, sums, FusedValidation(frequency, plan, test_sums))
