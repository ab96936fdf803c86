"""fit and train_on_batch: their arguments, and one step of training.

What a step is stands in `train_step`; the epochs around it are in loop.py.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels
from corereg._lazy import later
from corereg.autograd import Parameter, Tensor, enable_grad
from corereg.autograd.draws import noted_draws
from corereg.callbacks.callback_list import CallbackList
from corereg.callbacks.history import History
from corereg.graph.nest import flatten
from corereg.named_tuple import NamedTuple
from corereg.progress import ProgressBar
from corereg.regularizers.penalties import fused, penalty, regularized, swept_proximal
from corereg.training.accumulators import EpochAccumulators, Logs
from corereg.training.arguments import (
    as_keras_returns,
    check_count,
    check_frequency,
    check_optional_count,
    check_shuffle,
    refuse_array_arguments,
    smallest_known,
)
from corereg.training.data.arrays import ArrayDataset, Batch
from corereg.training.data.structures import is_iterable_of_batches
from corereg.training.loop import TrainingLoop, ValidationPlan
from corereg.training.overriding import has_own_step
from corereg.training.steps import ArraySteps, StepRunner, step_runner
from corereg.training.trainer import TrainableModel, Trainer
from corereg.warn import warn_user

if TYPE_CHECKING:  # imported by those who need them
    from corereg.training import custom, diagnosis, evaluate as testing, iterable_steps as streams
    from corereg.training.augmentation import Augmentation
    from corereg.training.data import mapped
    from corereg.training.iterable_steps import IterableSteps, Steps
    from corereg.training.repeated_batch import RepeatedBatch
else:
    custom = later("corereg.training.custom")
    diagnosis = later("corereg.training.diagnosis")
    testing = later("corereg.training.evaluate")
    mapped = later("corereg.training.data.mapped")
    streams = later("corereg.training.iterable_steps")


def graph_penalties(weights: Sequence[Parameter]) -> list[tuple[Parameter, Tensor]]:
    """The penalties of regularized weights that go through the graph, and the weights: all but
    those of which the optimizer's sweep gives the value."""
    return [
        (p, penalty(p.regularizer, p))
        for p in weights
        if not fused(p.regularizer) and not swept_proximal(p.regularizer)
    ]


class ForwardPass(NamedTuple):
    """What a model gave for a batch: its outputs, the loss of each, the penalties that go through
    the graph, each with the weight or call it is of, and the sum of losses and penalties, None
    without any."""

    predictions: list[Tensor]
    parts: list[Tensor]
    penalties: list[tuple[Any, Tensor]]
    total: Tensor | None


def forward_pass(model: TrainableModel, batch: Batch, weights: Sequence[Parameter]) -> ForwardPass:
    """The forward pass of a step of training. weights: those that are regularized."""
    trainer = model._trainer
    with enable_grad(), _kernels.CallContext(training=True) as call:
        predictions = list(flatten(model(batch.x, training=True)))
        parts = trainer.output_losses(batch, predictions)
        total = trainer.total_loss(parts)
        penalties = [*((one, one.value) for one in call.losses), *graph_penalties(weights)]
        for _, found in penalties:
            total = found if total is None else total + found
    return ForwardPass(predictions, parts, penalties, total)


def train_step(model: TrainableModel, sums: EpochAccumulators, batch: Batch) -> None:
    """One update. All that it computes with stays in memory that kernels read and write, and no
    value is read back: recorded once, it can be replayed (see corereg.runtime.capture)."""
    trainer = model._trainer
    _kernels.track_dependency(trainer.compilation)
    optimizer = trainer.ready_optimizer(model)  # a callback may have set another
    if trainer.augmentation is not None:
        batch = trainer.augmentation.apply(batch, trainer.losses)
    weights = regularized(optimizer.parameters)
    with noted_draws() as draws:
        found = forward_pass(model, batch, weights)
    total = found.total
    for _, added in found.penalties:
        sums.add_penalty(batch, added.data, in_loss=True)
    if total is None:
        if not weights:
            warn_user("fit: the model has no loss and no penalties; compile it with loss=...")
        total = Tensor(np.zeros((), model.dtype))
    sums.has_penalty = bool(found.penalties or weights)
    sums.add(batch, found.predictions, total.data, found.parts)
    _kernels.track_part(optimizer)
    named: list[tuple[Any, Any]] = [(source, added.data) for source, added in found.penalties]
    logged = trainer.compilation.log_penalties
    if total.requires_grad or weights:
        optimizer.zero_grad()  # what a loop of the user's own may have left
        if total.requires_grad:
            optimizer.scale_loss(total).backward()
            if optimizer.passes > 1:
                with optimizer.second_pass(draws):
                    again = forward_pass(model, batch, weights).total
                    optimizer.scale_loss(again).backward()
        if (observer := trainer.compilation.gradient_observer) is not None:
            observer.add()
        swept = optimizer.update(penalties=True)
        sums.add_penalty(batch, swept)
        if logged:
            named += optimizer._penalty_parts(swept)
        optimizer.zero_grad()
    if logged:
        sums.penalties.add(model, named, batch.rows)
    else:
        sums.penalties.hide()


def train_runner(model: TrainableModel) -> StepRunner:
    """What trains on batches."""
    access = model._trainer.lock_of_steps(model).writing
    if has_own_step(model, "train"):
        return custom.logs_runner(model, "train", access)
    return step_runner(model, "train", train_step, access)


def fit(
    model: TrainableModel,
    x: Any,
    y: Any,
    batch_size: int | None,
    epochs: int,
    verbose: int | str,
    callbacks: Any,
    validation_split: float,
    validation_data: Any,
    shuffle: bool | str | int,
    class_weight: dict[int, float] | None,
    sample_weight: Any,
    initial_epoch: int,
    steps_per_epoch: int | None,
    validation_steps: int | None,
    validation_batch_size: int | None,
    validation_freq: int | Sequence[int],
    augment: Any,
) -> History:
    """See `Model.fit`."""
    trainer = model._trainer
    augmentation = _augmentation_of("fit", model, augment)
    size = check_count("fit", "batch_size", 32 if batch_size is None else batch_size)
    epochs = check_count("fit", "epochs", epochs, least=0)
    initial_epoch = check_count("fit", "initial_epoch", initial_epoch, least=0)
    steps_per_epoch = check_optional_count("fit", "steps_per_epoch", steps_per_epoch)
    validation_size = check_count(
        "fit",
        "validation_batch_size",
        size if validation_batch_size is None else validation_batch_size,
    )
    validation_steps = check_optional_count("fit", "validation_steps", validation_steps)
    due = check_frequency(validation_freq)
    block = check_shuffle(shuffle, size)
    source: ArrayDataset | IterableSteps
    kept: ArrayDataset | None = None
    if is_iterable_of_batches(x):
        refuse_array_arguments("fit", y=y, batch_size=batch_size, sample_weight=sample_weight)
        refuse_array_arguments("fit", validation_split=validation_split or None)
        check = partial(_check_data, model, augmentation, class_weight=class_weight)
        source = streams.IterableSteps("fit", x, check)
    else:
        source = _check_data(model, augmentation, "fit", x, y, sample_weight, class_weight)
        if validation_data is None and validation_split:
            source, kept = source.split("fit", validation_split)
            if class_weight is not None:
                kept.weights = (None,) * len(kept.weights)
    validation: Steps | None = None
    try:
        validation = _validation_steps(model, validation_data, kept, validation_size)
        steps_in_pass = (
            -(-len(source) // size) if isinstance(source, ArrayDataset) else source.steps
        )
        steps = smallest_known(steps_in_pass, steps_per_epoch)
        params: dict[str, Any] = {"epochs": epochs, "steps": steps, "verbose": verbose}
        bar = ProgressBar(epochs, steps, verbose)
        with (
            trainer.lock.training("fit", trainer.forget_gradients),
            _augmenting(trainer, augmentation),
            bar,
        ):
            observers = CallbackList(callbacks, add_history=True, model=model, **params)
            observers.leave_display_to_caller()
            assert observers.history is not None
            observers.history.notes["validation_freq"] = validation_freq
            trainer.ready_optimizer(model)
            trainer.resume_weights(model, initial_epoch > 0)
            runner = train_runner(model)
            run: Steps
            ahead: AbstractContextManager[None]
            if isinstance(source, ArrayDataset):
                order = trainer.row_order if shuffle else None
                run = ArraySteps(runner, source, size, order, block)
                ahead = _reading_ahead(source, order is None or block > 0, max(block, size))
            else:
                source.use(runner)
                run, ahead = source, nullcontext()
            loop = TrainingLoop(
                model,
                run,
                steps,
                ValidationPlan(validation, validation_steps, due),
                observers,
                bar,
            )
            with ahead:
                loop.run(initial_epoch, epochs)
            trainer.review_sparse_products()
        return observers.history
    finally:
        for given in (source, validation):
            if given is not None and not isinstance(given, ArrayDataset):
                given.close()


def _reading_ahead(data: ArrayDataset, in_order: bool, block: int) -> AbstractContextManager[None]:
    """What is entered while rows are read that may lie in files."""
    if "mmap" not in sys.modules:  # what maps a file has imported it
        return nullcontext()
    return mapped.read_ahead(data, in_order, block)


def _augmentation_of(who: str, model: TrainableModel, augment: Any) -> Augmentation | None:
    if augment is None:
        return None
    from corereg.training.augmentation import Augmentation

    return Augmentation.of(who, model, augment)


def _augmenting(
    trainer: Trainer, augmentation: Augmentation | None
) -> AbstractContextManager[None]:
    """What is entered while a training is augmented, or is not any more."""
    if augmentation is None and trainer.last_augmentation is None:
        return nullcontext()
    from corereg.training.augmentation import augmenting

    return augmenting(trainer, augmentation)


def _check_data(
    model: TrainableModel,
    augmentation: Augmentation | None,
    who: str,
    x: Any,
    y: Any = None,
    weight: Any = None,
    class_weight: Any = None,
) -> ArrayDataset:
    """Checked data to train on, that can be augmented."""
    trainer = model._trainer
    data = trainer.check_data(model, who, x, y, weight, class_weight)
    if augmentation is not None:
        augmentation.check(data, trainer.losses)
    if data.columns is not None and trainer.columns is None:
        trainer.columns = data.columns
    return data


def _validation_steps(
    model: TrainableModel, data: Any, kept: ArrayDataset | None, size: int
) -> Steps | None:
    who = "fit (validation_data)"
    check = partial(model._trainer.check_data, model)
    if is_iterable_of_batches(data):
        return testing.test_steps(model, streams.IterableSteps(who, data, check), size)
    if data is not None:
        if not isinstance(data, list | tuple) or len(data) not in (2, 3):
            raise ValueError(
                "fit: expected validation_data as (x, y) or (x, y, sample_weight), or an "
                f"iterable of batches, received {type(data).__name__}"
            )
        kept = check(who, data[0], data[1], *data[2:])
    return None if kept is None else testing.test_steps(model, kept, size)


def train_on_batch(
    model: TrainableModel,
    x: Any,
    y: Any,
    sample_weight: Any,
    class_weight: dict[int, float] | None,
    return_dict: bool,
    augment: Any = None,
) -> Any:
    """See `Model.train_on_batch`."""
    trainer = model._trainer
    repeated: RepeatedBatch | None = trainer.repeated_batch
    plain = sample_weight is None and class_weight is None and augment is None
    logs: Logs | None = None
    names: Sequence[str] = ()  # of penalties
    batch: Batch | None = None
    if repeated is not None and plain and repeated.takes(model, x, y):
        logs, batch = repeated.run(model, x, y), repeated.batch
        names = repeated.penalty_names
    if logs is None:
        who = "train_on_batch"
        augmentation = _augmentation_of(who, model, augment)
        data = _check_data(model, augmentation, who, x, y, sample_weight, class_weight)
        with (
            trainer.lock.training(who, trainer.forget_gradients),
            _augmenting(trainer, augmentation),
        ):
            runner = train_runner(model)
            runner.sums.reset()
            runner.run_whole(data)
            trainer.warn_if_eager(who, "train")
            from corereg.training.repeated_batch import repeatable

            trainer.repeated_batch = repeatable(model, x, y, data, runner) if plain else None
            logs, batch = runner.sums.logs(), runner.last
            names = runner.sums.penalties.names
    if not isfinite(logs.get("loss", 0.0)):
        _warn_of_batch(model, logs["loss"], batch)
    return as_keras_returns(logs, return_dict, names)


def _warn_of_batch(model: TrainableModel, loss: float, batch: Batch | None) -> None:
    """Warns of a batch's loss that is not finite, once until the model is compiled again."""
    trainer = model._trainer
    if not trainer.told_not_finite:
        trainer.told_not_finite = True
        optimizer = trainer.compilation.optimizer
        step = 0 if optimizer is None else int(optimizer.iterations)
        diagnosis.warn_not_finite(model, f"train_on_batch: in update {step}", loss, batch)
