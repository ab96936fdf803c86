"""fit and train_on_batch: the training half of a model.

What a step is stands in `Trainer._train_step`; everything else here is bookkeeping around it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from corereg import regularizers
from corereg.autograd import Tensor
from corereg.callbacks import CallbackList, History
from corereg.models.compiled import Logs, count
from corereg.models.data import Batch, Rows, split
from corereg.models.evaluating import Evaluating, as_keras
from corereg.models.means import Means
from corereg.models.steps import Steps, run_batch
from corereg.progress import ProgressBar
from corereg.random import generator


class Trainer(Evaluating):
    """What Sequential adds layers to."""

    # ---- one step -------------------------------------------------------------------------------

    def _graph_penalties(self) -> list[Tensor]:
        """The penalties that go through the graph: all but the L1/L2 ones of weights."""
        found = []
        for layer in self.layers:
            found += layer._activity
            for p in layer.trainable_weights:
                if p.regularizer is not None and not regularizers.fused(p.regularizer):
                    found.append(regularizers.penalty(p.regularizer, p))
        return found

    def _train_step(self, batch: Batch, means: Means) -> None:
        """One update. All that it computes with stays in memory that kernels read and write, and
        no value is read back: recorded once, it can be replayed (see corereg.models.steps)."""
        assert self.optimizer is not None
        assert self.loss is not None
        prediction = self(batch.x, training=True)
        total = self.loss(batch.y, prediction, batch.weight)
        for penalty in self._graph_penalties():
            total = total + penalty
            means.add_penalty(batch, penalty.data, in_loss=True)
        means.add(batch, prediction.data, total.data)
        if total.requires_grad:
            self.optimizer.zero_grad()  # what a loop of the user's own may have left
            total.backward()
            means.add_penalty(batch, self.optimizer.update(penalties=True))
            self.optimizer.zero_grad()

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

        batch_size: 32 by default; the last batch may be short. validation_split: the share of
        rows, the last ones, kept for validation; validation_data: (x, y) or (x, y, weights).
        shuffle: a new order every epoch. class_weight: {class: weight}, for the training rows only,
        or sample_weight (rows,). steps_per_epoch: batches an epoch takes; the next epoch goes on
        where it stopped. validation_freq: every n-th epoch, or a list of epochs counted from 1.
        verbose: 0 silent, 1 a bar, 2 a line an epoch, "auto" as the terminal allows.
        History has, by epoch, "loss" (penalties included), "penalty" alone and the metrics, and
        the same as "val_..." for validation.

        NaN or infinity in x or y raises ValueError naming the row, as do all shapes and labels
        that do not fit, before any weight changes. After Ctrl-C the weights are those of the
        last finished step.
        """
        size = count("fit", "batch_size", 32 if batch_size is None else batch_size)
        epochs = count("fit", "epochs", epochs, least=0)
        initial_epoch = count("fit", "initial_epoch", initial_epoch, least=0)
        if steps_per_epoch is not None:
            steps_per_epoch = count("fit", "steps_per_epoch", steps_per_epoch)
        rows = self._rows("fit", x, y, sample_weight, class_weight)
        validation = self._validation_rows(validation_data)
        if validation is None and validation_split:
            rows, validation = split("fit", validation_split, rows)
            if class_weight is not None:
                validation.weight = None
        steps = -(-len(rows) // size)
        if steps_per_epoch is not None:
            steps = min(steps, steps_per_epoch)
        validation_size = size
        if validation_batch_size is not None:
            validation_size = count("fit", "validation_batch_size", validation_batch_size)
        if validation_steps is not None:
            validation_steps = count("fit", "validation_steps", validation_steps)
        due = _frequency(validation_freq)
        params = {"epochs": epochs, "steps": steps, "verbose": verbose}
        bar = ProgressBar(epochs, steps, verbose)
        with self._training("fit"), bar:
            listeners = CallbackList(callbacks, add_history=True, model=self, params=params)
            assert listeners.history is not None
            self._ready_optimizer()
            self.stop_training = False
            means = self._means_for("train")

            def step(batch: Batch) -> None:
                self._train_step(batch, means)

            order = generator() if shuffle else None
            train = self._recorded["train"]
            run = Steps(self, train, step, rows, size, order, self._writing)
            checks = None
            if validation is not None:
                checks = self._test_steps(validation, validation_size)
                batches = -(-len(validation) // validation_size)
                validation_steps = min(validation_steps or batches, batches)
            logs: Logs = {}
            listeners.on_train_begin()
            for epoch in range(initial_epoch, epochs):
                bar.begin_epoch(epoch)
                listeners.on_epoch_begin(epoch)
                means.reset()
                logs = self._fit_epoch(run, steps, means, listeners, bar)
                if checks is not None and validation_steps and due(epoch + 1):
                    logs |= self._evaluate(checks, validation_steps, listeners).logs("val_")
                bar.end_epoch(logs)
                listeners.on_epoch_end(epoch, logs)
                if self.stop_training:
                    break
            listeners.on_train_end(logs)
        return listeners.history

    def _fit_epoch(
        self, run: Steps, steps: int, means: Means, listeners: CallbackList, bar: ProgressBar
    ) -> Logs:
        wants = listeners.wants_batches
        done = 0
        while done < steps and not self.stop_training:
            if wants:
                listeners.on_train_batch_begin(done)
            done += run.run(1 if wants else steps - done)
            if bar.due:
                bar.update(done, means.logs())
            if wants:
                listeners.on_train_batch_end(done - 1, means.logs())
        bar.update(done, means.logs())
        return means.logs()

    def _validation_rows(self, data: Any) -> Rows | None:
        if data is None:
            return None
        if not isinstance(data, list | tuple) or len(data) not in (2, 3):
            raise ValueError(
                "fit: expected validation_data as (x, y) or (x, y, sample_weight), received "
                f"{type(data).__name__}"
            )
        return self._rows("fit (validation_data)", data[0], data[1], *data[2:])

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
            self._ready_optimizer()
            means = self._means_for("train")

            def step(batch: Batch) -> None:
                self._train_step(batch, means)

            run_batch(self, self._recorded["train"], step, rows, self._writing)
            return as_keras(means.logs(), return_dict)


def _frequency(given: int | Sequence[int]) -> Callable[[int], bool]:
    """Whether an epoch, counted from 1, validates: every n-th, or those listed."""
    if isinstance(given, list | tuple):
        listed = {count("fit", "validation_freq", n) for n in given}
        return lambda epoch: epoch in listed
    every = count("fit", "validation_freq", given)
    return lambda epoch: epoch % every == 0
