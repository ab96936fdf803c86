"""The loop of `fit`: epochs, their steps, validation, callbacks and progress."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any

from corereg._lazy import later
from corereg.callbacks.callback_list import CallbackList
from corereg.named_tuple import NamedTuple
from corereg.progress import ProgressBar
from corereg.runtime.capture import ReplayPlan
from corereg.training.accumulators import EpochAccumulators, Logs
from corereg.training.arguments import smallest_known
from corereg.training.steps import ArraySteps
from corereg.training.trainer import TrainableModel

if TYPE_CHECKING:
    from corereg.training import diagnosis, evaluate as testing, fused_epochs as fusion
    from corereg.training.data import iterables
    from corereg.training.fused_epochs import FinishedEpoch, FusedEpochs
    from corereg.training.iterable_steps import Steps
else:  # what not every fit needs
    diagnosis = later("corereg.training.diagnosis")
    testing = later("corereg.training.evaluate")
    fusion = later("corereg.training.fused_epochs")
    iterables = later("corereg.training.data.iterables")


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
        self._told_not_finite = False
        self._epoch = self._epochs = self._done = 0  # the epoch, and batches of it that were run
        self._within = False  # whether some batches of the epoch were run, but not all of it
        self._logs: Logs = {}
        self._resumes_within: dict[str, Any] | None = None  # a state to go on from

    @property
    def training_steps(self) -> Steps:
        """The steps that it runs."""
        return self._run

    def expect_divergence(self) -> None:
        """A loss that is not finite is no reason to warn: a callback looks for it."""
        self._told_not_finite = True

    def run(self, initial_epoch: int, epochs: int) -> None:
        """Runs the epochs from initial_epoch, counted from 0, up to `epochs`."""
        self._epoch, self._epochs = initial_epoch, epochs
        trainer = self._model._trainer
        trainer.loop = self
        try:
            self._run_epochs(epochs)
        finally:
            trainer.loop = None

    def _run_epochs(self, epochs: int) -> None:
        model, run, bar, callbacks = self._model, self._run, self._bar, self._callbacks
        order = model._trainer.row_order
        model.stop_training = False
        callbacks.on_train_begin()  # BackupAndRestore may set the epoch and what is below it
        if self._epoch and order.unfinished is not None and not self._resumes_within:
            run.resume(order.unfinished)
        # the steps of the first epoch are recorded; if epochs are observed, a replay runs one
        fused = self._fused_epochs() if epochs - self._epoch > 1 else None
        observed = fused is not None and callbacks.observes_epochs
        try:
            for epoch in range(self._epoch, epochs):
                self._epoch = epoch
                order.unfinished = None
                finished = None
                if (
                    fused is not None
                    and not observed
                    and self._resumes_within is None
                    and (fused or not model.stop_training)
                ):
                    finished = fused.next_epoch(epoch, epochs)
                if fused is not None and finished is not None:
                    self._end_fused(finished, fused)
                    if model.stop_training and not fused:
                        break
                    continue
                run.begin_epoch()
                resumed = self._resume_within()
                if resumed is None and not run.ready():
                    iterables.warn_out_of_data("fit", 0, self._steps)
                    break
                bar.begin_epoch(epoch)
                callbacks.on_epoch_begin(epoch)
                if resumed is not None:
                    run.sums.set_state(resumed)
                if fused is not None and resumed is None and not model.stop_training:
                    finished = fused.next_epoch(epoch, epoch + 1)
                if finished is not None:
                    self._take(finished)
                else:
                    self._logs = self._run_epoch(epoch, resumed is not None)
                run.end_epoch()
                order.unfinished = run.position
                self._validate_if_due(finished)
                bar.end_epoch(self._logs)
                self._epoch, self._done, self._within = epoch + 1, 0, False
                callbacks.on_epoch_end(epoch, self._logs)
                if model.stop_training:
                    break
        finally:  # after an interrupt
            if fused is not None and not observed:
                self._report_late(fused.finished_from(self._epoch))
        model._trainer.finish_weights(model)
        callbacks.on_train_end(self._logs)

    def _end_fused(self, finished: FinishedEpoch, fused: FusedEpochs) -> None:
        """The end of an epoch that has run fused, which nobody but History observes."""
        bar = self._bar
        if bar.shows:
            bar.begin_epoch(finished.epoch)
        self._take(finished)
        self._validate_if_due(finished)
        self._callbacks._record_epoch(finished.epoch, self._logs)
        self._epoch, self._done, self._within = finished.epoch + 1, 0, False
        if bar.shows:
            bar.end_epoch(self._logs, hold=bool(fused))

    def _take(self, finished: FinishedEpoch) -> None:
        """Takes the logs of an epoch's steps that one replay has run."""
        self._logs, loss = finished.logs, finished.logs["loss"]
        if not isfinite(loss):
            self._watch(loss, finished.epoch, 0, self._run.steps or 1)
        if self._bar.shows:
            self._bar.update(self._steps or 0, self._logs, finished.seconds)

    def _validate_if_due(self, finished: FinishedEpoch | None) -> None:
        """Adds the logs of a validation, if there is one after this epoch that has not run yet."""
        if finished is not None:
            due = finished.lacks_validation
        else:
            due = self._validation.run is not None and self._validation.due(self._epoch + 1)
        if due:
            self._logs |= self._validate()

    def _run_epoch(self, epoch: int, resumed: bool) -> Logs:
        """The steps of one epoch, or those that are left of it; returns its logs."""
        run, steps, sums, bar = self._run, self._steps, self._run.sums, self._bar
        if not resumed:
            sums.reset()
            self._done = 0
        self._within, observed = True, self._callbacks.observes_batches
        each = self._model._trainer.compilation.steps_per_execution
        while (steps is None or self._done < steps) and not self._model.stop_training:
            done = self._done
            if not run.ready():
                if run.once and steps is not None:
                    iterables.warn_out_of_data("fit", done, steps)
                    self._model.stop_training = True
                break
            if observed:
                self._callbacks.on_train_batch_begin(done)
            self._run_steps(epoch, done + each if observed else None)
            if observed:
                self._callbacks.on_train_batch_end(done + each - 1, sums.logs())
        logs = sums.logs()
        bar.update(self._done, logs)
        return logs

    def _run_steps(self, epoch: int, until: int | None) -> None:
        """Steps of one epoch until so many of it are done, fewer if data or steps of it end; with
        None as many as run in one call."""
        run, sums = self._run, self._run.sums
        last = smallest_known(self._steps, until)
        while True:
            begun = self._done
            self._done = done = begun + run.run(None if last is None else last - begun)
            if not self._told_not_finite:
                self._watch(sums.loss_so_far(), epoch, begun, done)
            self._model._trainer.warn_if_eager("fit", "train")
            if self._bar.due:
                self._bar.update(done, sums.logs())
            if until is None or done == last or not run.ready():
                return

    def _watch(self, loss: float, epoch: int, first: int, last: int) -> None:
        """Warns, once in a fit, if the mean loss of an epoch so far is not finite. All are counted
        from 0; first, last: the batches behind which it was still finite, and that has not run."""
        if not (self._told_not_finite or isfinite(loss)):
            self._told_not_finite = True
            batch = self._run.last_batch
            diagnosis.warn_of_batches(self._model, loss, epoch, first, last, batch)

    # ---- where it is, for BackupAndRestore -------------------------------------------------------

    def get_state(self) -> dict[str, Any]:
        """Where the training is, at the end of a batch or of an epoch: the epoch to go on with, the
        batches of it that were trained, their sums, and the states of callbacks."""
        position = self._run.position
        return {
            "epoch": self._epoch,
            "within": self._within,
            "batches": self._done,
            "stop_training": bool(self._model.stop_training),
            "logs": dict(self._logs),
            "position": None if position is None else list(position),
            "sums": self._run.sums.get_state() if self._within else None,
            "callbacks": self._callbacks.get_state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on where `get_state` was called; called by a callback at the begin of the training.
        ValueError, if it was within an epoch of other data."""
        self.set_callbacks(state)
        self._model.stop_training = state["stop_training"]
        self._epoch, self._logs = state["epoch"], state["logs"]
        fits = self._run.resume(state["position"])
        if state["within"]:
            self._resumes_within = state
            if not fits:
                raise ValueError(
                    "fit: expected the data of the training that is to go on, which stopped within "
                    f"epoch {self._epoch + 1} after {state['batches']} batches; the rows received "
                    "are not as many, or not shuffled alike. Pass the same data, or begin anew "
                    "without the backup"
                )
        elif self._model.stop_training:
            self._epoch = max(self._epoch, self._epochs)

    def set_callbacks(self, state: dict[str, Any]) -> None:
        """Gives the callbacks the states that they had when `get_state` was called."""
        self._callbacks.set_state(state["callbacks"])

    def _resume_within(self) -> dict[str, Any] | None:
        """In the epoch that goes on in its middle: goes to that place; the sums to begin with."""
        state, self._resumes_within = self._resumes_within, None
        if state is None:
            return None
        self._done = state["batches"]
        self._run.skip(self._done)
        sums: dict[str, Any] = state["sums"]
        return sums

    def _validate(self) -> Logs:
        """The logs of a validation that Python runs."""
        run = self._validation.run
        assert run is not None
        self._bar.flush()
        run.restart()
        if not run.ready():
            iterables.warn_out_of_data("fit (validation_data)", 0, self._validation.steps)
            return {}
        steps = smallest_known(run.steps, self._validation.steps)
        logs = testing.run_test(self._model, run, steps, self._callbacks)
        return {f"val_{name}": value for name, value in logs.items()}

    def _report_late(self, epochs: list[FinishedEpoch]) -> None:
        """Tells progress and History of epochs that ran before an interrupt, up to the first whose
        validation did not run: like an epoch that an interrupt cuts short, it is not told."""
        for epoch, logs, seconds, lacks_validation in epochs:
            if lacks_validation:
                break
            self._bar.begin_epoch(epoch)
            self._bar.update(self._steps or 0, logs, seconds)
            self._bar.end_epoch(logs, hold=True)
            self._callbacks._record_epoch(epoch, logs, late=True)

    def _fused_epochs(self) -> FusedEpochs | None:
        """Runs epochs fused if no callback observes batches, else None."""
        run, validation, callbacks = self._run, self._validation, self._callbacks
        if not isinstance(run, ArraySteps) or self._steps != run.steps:
            return None
        if callbacks.observes_batches:
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
            plan = partial(testing.test_plan, self._model, validation.run)
        frequency = validation.due if validation.run is not None else None
        validated = fusion.FusedValidation(frequency, plan, test_sums)
        return fusion.FusedEpochs(run, sums, validated)
