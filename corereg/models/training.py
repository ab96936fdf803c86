"""compile, fit, evaluate, predict: the training half of a model.

What a step is stands in `Trainer._train_step`; everything else here is bookkeeping around it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import losses, metrics, optimizers, regularizers
from corereg.autograd import Parameter, Tensor, enable_grad, no_grad
from corereg.callbacks import CallbackList, History
from corereg.losses import Loss
from corereg.models.data import Batch, Rows, blame, inputs, split, training_rows
from corereg.models.means import Means
from corereg.models.recordable import signature, why_not
from corereg.models.steps import Steps
from corereg.progress import ProgressBar
from corereg.random import generator

if TYPE_CHECKING:
    from corereg.layers.base import Layer, Shape

Array = np.ndarray[Any, Any]
Logs = dict[str, float]
PREDICT_ROWS = 1024  # rows that predict takes at a time unless told otherwise


class Trainer:
    """What Sequential adds layers to."""

    name: str
    built: bool
    history: History | None

    if TYPE_CHECKING:

        @property
        def layers(self) -> list[Layer]: ...
        @property
        def weights(self) -> list[Parameter]: ...
        @property
        def trainable_weights(self) -> list[Parameter]: ...
        @property
        def losses(self) -> list[Tensor]: ...
        @property
        def dtype(self) -> str: ...
        @property
        def input_shape(self) -> Shape: ...
        @property
        def output_shape(self) -> Shape: ...
        def build(self, input_shape: Sequence[int | None]) -> None: ...
        def __call__(self, x: Any, training: bool = False) -> Tensor: ...

    def __init__(self) -> None:
        self.optimizer: optimizers.Optimizer | None = None
        self.loss: Loss | None = None
        self.stop_training = False
        self.run_eagerly = False
        self.history = None
        self._wanted: tuple[list[Any], list[Any]] = ([], [])
        self._metrics: tuple[list[metrics.Metric], list[metrics.Metric]] | None = None
        self._busy = threading.Lock()

    # ---- compile --------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
    ) -> None:
        """Says how to train: an optimizer, a loss and metrics, by name or as objects.

        metrics ignore sample weights, weighted_metrics use them. Unknown names raise ValueError,
        and the message lists the known ones; nothing is changed then.
        run_eagerly: run every step of `fit` through Python, for debugging; the results are the
        same.
        """
        self._check_idle("compile")
        found = optimizers.get(optimizer), None if loss is None else losses.get(loss)
        wanted = (
            _metric_list("metrics", metrics),
            _metric_list("weighted_metrics", weighted_metrics),
        )
        self.optimizer, self.loss = found
        self._wanted, self._metrics = wanted, None
        self.run_eagerly = bool(run_eagerly)

    @property
    def metrics_names(self) -> list[str]:
        """What evaluate returns, in order."""
        if self._metrics is None:
            return ["loss"]
        return ["loss", *(m.name for group in self._metrics for m in group)]

    def _compiled(self, who: str) -> tuple[optimizers.Optimizer, Loss]:
        if self.optimizer is None or self.loss is None:
            raise RuntimeError(
                f"{who}: the model has no {'optimizer' if self.optimizer is None else 'loss'}; "
                "call compile(optimizer=..., loss=...) first"
            )
        return self.optimizer, self.loss

    def _rows(self, who: str, x: Any, y: Any, weight: Any = None, by_class: Any = None) -> Rows:
        """Checked data; builds the model if this is the first it sees."""
        _, loss = self._compiled(who)
        x = inputs(who, x, self.dtype)
        outputs = self._outputs_for(who, x.shape)
        rows = training_rows(who, x, y, loss, outputs, self.dtype, weight, by_class)
        assert rows.y is not None
        if self._metrics is None:
            sparse = rows.y.ndim == 1 or rows.y.shape[-1] == 1 != outputs[-1]
            found = [[metrics.get(m, outputs, sparse) for m in group] for group in self._wanted]
        else:
            found = list(self._metrics)
        with blame(who):
            for metric in found[0] + found[1]:
                metric.check_targets(rows.y, outputs)
        if not self.built:
            self.build(x.shape)
        self._metrics = found[0], found[1]
        return rows

    def _outputs_for(self, who: str, shape: tuple[int, ...]) -> Shape:
        """The model's output shape for x of this shape, or an error if it does not fit."""
        if not self.layers:
            raise ValueError(f"{who}: the model has no layers; add() some first")
        if not self.built:
            outputs: Shape = (None, *shape[1:])
            for layer in self.layers:
                outputs = layer.compute_output_shape(outputs)
            return outputs
        expected = self.input_shape
        if len(shape) != len(expected) or any(
            e not in (None, s) for e, s in zip(expected[1:], shape[1:], strict=True)
        ):
            text = ", ".join(["rows", *("any" if n is None else str(n) for n in expected[1:])])
            raise ValueError(f"{who}: expected X of shape ({text}), received {tuple(shape)}")
        return self.output_shape

    def _ready_optimizer(self) -> optimizers.Optimizer:
        """The optimizer with state for exactly the weights that the model has now."""
        assert self.optimizer is not None
        own, mine = self.optimizer.parameters, self.weights
        if len(own) != len(mine) or any(a is not b for a, b in zip(own, mine, strict=True)):
            self.optimizer.build(mine)
        return self.optimizer

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

    def _check_idle(self, who: str) -> None:
        if self._busy.locked():
            raise RuntimeError(f"{who}: the model is being trained; wait until that has ended")

    @contextlib.contextmanager
    def _training(self, who: str) -> Iterator[None]:
        """One training at a time."""
        if not self._busy.acquire(blocking=False):
            raise RuntimeError(
                f"{who}: this model is being trained by another call; train one model from one "
                "thread at a time"
            )
        try:
            yield
        finally:
            for p in self.weights:  # an interrupt may have left half a gradient
                p._grad = None
            self._busy.release()

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
            assert self._metrics is not None
            means = Means(*self._metrics)
            run = Steps(
                lambda batch: self._train_step(batch, means),
                rows,
                size,
                generator() if shuffle else None,
                lambda: signature(self),
                "run_eagerly=True" if self.run_eagerly else why_not(self),
            )
            logs: Logs = {}
            listeners.on_train_begin()
            for epoch in range(initial_epoch, epochs):
                bar.begin_epoch(epoch)
                listeners.on_epoch_begin(epoch)
                means.reset()
                logs = self._fit_epoch(run, steps, means, listeners, bar)
                if validation is not None and due(epoch + 1):
                    logs |= self._evaluate(
                        validation, validation_size, listeners, validation_steps
                    ).logs("val_")
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

    # ---- evaluate and predict --------------------------------------------------------------------

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
        return _as_keras(logs, return_dict)

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
        assert self._metrics is not None
        with self._training("train_on_batch"):
            self._ready_optimizer()
            means = Means(*self._metrics)
            for batch in rows.batches(len(rows)):
                self._train_step(batch, means)
        return _as_keras(means.logs(), return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """[loss, metrics...] of one batch, or a dict."""
        rows = self._rows("test_on_batch", x, y, sample_weight)
        means = self._evaluate(rows, len(rows), CallbackList())
        return _as_keras(means.logs(), return_dict)

    def predict_on_batch(self, x: Any) -> Array:
        """The outputs of one batch."""
        return self.predict(x, batch_size=max(len(x), 1), verbose=0)


def _as_keras(logs: Logs, return_dict: bool) -> Any:
    if return_dict:
        return logs
    values = [value for name, value in logs.items() if name != "penalty"]
    return values if len(values) > 1 else values[0]


def _metric_list(who: str, wanted: Any) -> list[Any]:
    """Names and objects, checked to exist."""
    if wanted is None:
        return []
    entries = list(wanted) if isinstance(wanted, list | tuple) else [wanted]
    found = [metrics.known(entry) for entry in entries]
    names = [entry if isinstance(entry, str) else entry.name for entry in found]
    if len(set(names)) < len(names):
        raise ValueError(f"compile: expected different {who}, received {names}")
    return found


def _frequency(given: int | Sequence[int]) -> Callable[[int], bool]:
    """Whether an epoch, counted from 1, validates: every n-th, or those listed."""
    if isinstance(given, list | tuple):
        listed = {count("fit", "validation_freq", n) for n in given}
        return lambda epoch: epoch in listed
    every = count("fit", "validation_freq", given)
    return lambda epoch: epoch % every == 0


def count(who: str, name: str, value: Any, least: int = 1) -> int:
    """value as an integer >= least, else a clear error."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < least:
        raise ValueError(f"{who}: expected {name} as an integer >= {least}, received {value!r}")
    return int(value)
