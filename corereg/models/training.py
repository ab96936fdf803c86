"""fit and train_on_batch: the training half of a model.

What a step is stands in `Trainer._train_step`; everything else here is bookkeeping around it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from corereg.autograd import Tensor, enable_grad
from corereg.callbacks.callback_list import CallbackList
from corereg.callbacks.history import History
from corereg.models.ahead import Ahead, Validation
from corereg.models.compiled import Logs, count, fewest
from corereg.models.data import Batch, Rows, split
from corereg.models.evaluating import Evaluating, as_keras
from corereg.models.means import Means
from corereg.models.steps import Sections, Steps, run_batch
from corereg.models.streams import StreamSteps, is_stream, no_others, steps_in, warn_short
from corereg.progress import ProgressBar
from corereg.random import next_seed
from corereg.regularizers.penalties import fused, penalty


class Trainer(Evaluating):
    """What Sequential adds layers to."""

    # ---- one step -------------------------------------------------------------------------------

    def _graph_penalties(self) -> list[Tensor]:
        """The penalties that go through the graph: all but the L1/L2 ones of weights."""
        found = []
        for layer in self.layers:
            found += layer._activity
            for p in layer.trainable_weights:
                if p.regularizer is not None and not fused(p.regularizer):
                    found.append(penalty(p.regularizer, p))
        return found

    def _train_step(self, batch: Batch, means: Means) -> None:
        """One update. All that it computes with stays in memory that kernels read and write, and
        no value is read back: recorded once, it can be replayed (see corereg.models.steps)."""
        assert self.loss is not None
        optimizer = self._ready_optimizer()  # a callback may have set another
        with enable_grad(), self._own_pass():
            prediction = self(batch.x, training=True)
            total = self.loss(batch.y, prediction, batch.weight)
            for found in self._graph_penalties():
                total = total + found
                means.add_penalty(batch, found.data, in_loss=True)
        means.add(batch, prediction.data, total.data)
        if total.requires_grad:
            optimizer.zero_grad()  # what a loop of the user's own may have left
            total.backward()
            means.add_penalty(batch, optimizer.update(penalties=True))
            optimizer.zero_grad()

    # ---- fit ------------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
    ) -> History:
        """Trains for `epochs` passes over x (rows, features) and y; returns the History.

        x may also be an iterable of batches: tuples (x, y) or (x, y, sample_weight), each checked
        when its turn comes. A list, an object with `__getitem__` and `__len__`, or anything else
        that can be read again begins anew every epoch, in its own order; an iterator goes on from
        epoch to epoch, `steps_per_epoch` batches each, and a warning ends the training if it runs
        out. Then y, batch_size, sample_weight and validation_split must be left out.

        batch_size: 32 by default; the last batch may be short. validation_split: the share of
        rows, the last ones, kept for validation; validation_data: (x, y), (x, y, weights) or an
        iterable of batches. shuffle: a new order of rows every epoch. class_weight: {class:
        weight}, for the training rows only, or sample_weight (rows,). steps_per_epoch: batches an
        epoch takes; the next epoch goes on where it stopped. validation_freq: every n-th epoch, or
        a list of epochs counted from 1. verbose: 0 silent, 1 a bar, 2 a line an epoch, "auto" as
        the terminal allows. History has, by epoch, "loss" (penalties included), "penalty" alone
        and the metrics, and the same as "val_..." for validation.

        NaN or infinity in x or y raises ValueError naming the row, as do all shapes and labels
        that do not fit, before any weight changes (of an iterable: before that batch's step).
        RuntimeError if the model is being trained already. After Ctrl-C the weights are those of
        the last finished step.
        """
        size = count("fit", "batch_size", 32 if batch_size is None else batch_size)
        epochs = count("fit", "epochs", epochs, least=0)
        initial_epoch = count("fit", "initial_epoch", initial_epoch, least=0)
        if steps_per_epoch is not None:
            steps_per_epoch = count("fit", "steps_per_epoch", steps_per_epoch)
        validation_size = size
        if validation_batch_size is not None:
            validation_size = count("fit", "validation_batch_size", validation_batch_size)
        if validation_steps is not None:
            validation_steps = count("fit", "validation_steps", validation_steps)
        due = _frequency(validation_freq)
        source: Rows | StreamSteps
        kept: Rows | None = None
        if is_stream(x):
            no_others("fit", y=y, batch_size=batch_size, sample_weight=sample_weight)
            no_others("fit", validation_split=validation_split or None)
            source = self._stream("fit", x, self._writing, class_weight)
        else:
            source = self._rows("fit", x, y, sample_weight, class_weight)
            if validation_data is None and validation_split:
                source, kept = split("fit", validation_split, source)
                if class_weight is not None:
                    kept.weight = None
        checks = self._validation(validation_data, kept, validation_size)
        steps = fewest(steps_in(source, size), steps_per_epoch)
        params = {"epochs": epochs, "steps": steps, "verbose": verbose}
        bar = ProgressBar(epochs, steps, verbose)
        with self._training("fit"), bar:
            listeners = CallbackList(callbacks, add_history=True, model=self, params=params)
            assert listeners.history is not None
            self._ready_optimizer()
            means = self._means_for("train")
            step = partial(self._train_step, means=means)
            seed = next_seed() if shuffle and isinstance(source, Rows) else None
            run = self._steps("train", step, source, size, seed, self._writing)
            self.stop_training = False
            logs: Logs = {}
            listeners.on_train_begin()
            ahead = self._ahead(run, steps, checks, validation_steps, due, listeners)
            try:
                for epoch in range(initial_epoch, epochs):
                    run.begin_epoch()
                    if not run.ready():
                        warn_short("fit", 0, steps)
                        break
                    bar.begin_epoch(epoch)
                    listeners.on_epoch_begin(epoch)
                    done = None
                    if ahead is not None and (ahead or not self.stop_training):
                        done = ahead.next(epoch, epochs)
                    if done is not None:
                        logs = done.logs
                        bar.update(steps or 0, logs, done.seconds)
                    else:
                        means.reset()
                        logs = self._fit_epoch(run, steps, means, listeners, bar)
                    run.end_epoch()
                    if checks is not None and due(epoch + 1) and not (done and done.validated):
                        bar.flush()
                        checks.restart()
                        if checks.ready():
                            found = self._evaluate(checks, validation_steps, listeners)
                            logs |= found.logs("val_")
                        else:
                            warn_short("fit (validation_data)", 0, validation_steps)
                    bar.end_epoch(logs, hold=bool(ahead))
                    listeners.on_epoch_end(epoch, logs)
                    if self.stop_training and not ahead:
                        break
            finally:
                for done in ahead.rest() if ahead else ():  # an interrupt: all that was trained
                    bar.begin_epoch(done.epoch)
                    bar.update(steps or 0, done.logs, done.seconds)
                    bar.end_epoch(done.logs, hold=True)
                    listeners.history.on_epoch_end(done.epoch, done.logs)
            listeners.on_train_end(logs)
        return listeners.history

    def _ahead(
        self,
        run: Steps | StreamSteps,
        steps: int | None,
        checks: Steps | StreamSteps | None,
        validation_steps: int | None,
        due: Callable[[int], bool],
        listeners: CallbackList,
    ) -> Ahead | None:
        """Epochs without Python, as far as nobody looks; None: somebody looks at each."""
        if not isinstance(run, Steps) or steps != run.steps:
            return None
        if listeners.observes_epochs or listeners.observes_batches:
            return None
        programs: Callable[[], Sections | None] | None = None
        if (
            isinstance(checks, Steps)
            and validation_steps in (None, checks.steps)
            and not listeners.observes_tests
        ):
            programs = partial(self._test_programs, checks)
        frequency = due if checks is not None else None
        validation = Validation(frequency, programs, self._means_for("test"))
        return Ahead(run, self._means["train"], validation)

    def _fit_epoch(
        self,
        run: Steps | StreamSteps,
        steps: int | None,
        means: Means,
        listeners: CallbackList,
        bar: ProgressBar,
    ) -> Logs:
        done, wants = 0, listeners.observes_batches
        while (steps is None or done < steps) and not self.stop_training:
            if not run.ready():
                if run.once and steps is not None:
                    warn_short("fit", done, steps)
                    self.stop_training = True
                break
            if wants:
                listeners.on_train_batch_begin(done)
            done += run.run(1 if wants else None if steps is None else steps - done)
            if bar.due:
                bar.update(done, means.logs())
            if wants:
                listeners.on_train_batch_end(done - 1, means.logs())
        logs = means.logs()
        bar.update(done, logs)
        return logs

    def _validation(self, data: Any, kept: Rows | None, size: int) -> Steps | StreamSteps | None:
        who = "fit (validation_data)"
        if is_stream(data):
            return self._test_steps(self._stream(who, data, self._reading), size)
        if data is not None:
            if not isinstance(data, list | tuple) or len(data) not in (2, 3):
                raise ValueError(
                    "fit: expected validation_data as (x, y) or (x, y, sample_weight), or an "
                    f"iterable of batches, received {type(data).__name__}"
                )
            kept = self._rows(who, data[0], data[1], *data[2:])
        return None if kept is None else self._test_steps(kept, size)

    # ---- single batches --------------------------------------------------------------------------

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One step on one batch; [loss, metrics...] of before the step, or a dict."""
        rows = self._rows("train_on_batch", x, y, sample_weight, class_weight)
        with self._training("train_on_batch"):
            means = self._means_for("train")
            step = partial(self._train_step, means=means)
            run_batch(self, self._recorded["train"], step, rows, self._writing)
            return as_keras(means.logs(), return_dict)


def _frequency(given: int | Sequence[int]) -> Callable[[int], bool]:
    """Whether an epoch, counted from 1, validates: every n-th, or those listed."""
    if isinstance(given, list | tuple):
        listed = {count("fit", "validation_freq", n) for n in given}
        return lambda epoch: epoch in listed
    every = count("fit", "validation_freq", given)
    return lambda epoch: epoch % every == 0
