"""evaluate and test_on_batch, also for the validation within a fit."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels
from corereg._lazy import later
from corereg.autograd import Tensor, enable_grad, no_grad
from corereg.callbacks.callback_list import CallbackList
from corereg.graph.nest import flatten
from corereg.progress import ProgressBar
from corereg.regularizers.penalties import penalties, regularized
from corereg.runtime.capture import Capture, ReplayPlan
from corereg.training.accumulators import EpochAccumulators, Logs
from corereg.training.arguments import (
    as_keras_returns,
    check_count,
    check_optional_count,
    refuse_array_arguments,
    smallest_known,
)
from corereg.training.data.arrays import ArrayDataset, Batch
from corereg.training.data.structures import is_iterable_of_batches
from corereg.training.nested import metrics_kept
from corereg.training.overriding import has_own_step
from corereg.training.steps import ArraySteps, StepRunner, step_runner
from corereg.training.trainer import TrainableModel

if TYPE_CHECKING:
    from corereg.training import custom, iterable_steps as streams
    from corereg.training.iterable_steps import IterableSteps, Steps
else:  # what few trainings and tests need
    streams = later("corereg.training.iterable_steps")
    custom = later("corereg.training.custom")


def test_step(model: TrainableModel, sums: EpochAccumulators, batch: Batch) -> None:
    """The loss and metrics of one batch. The weights, and so their penalty, do not change."""
    trainer = model._trainer
    _kernels.track_dependency(trainer.compilation)
    # a graph is made, for a cross-entropy looks at what went into the last activation
    with enable_grad(), _kernels.CallContext(training=False) as call:
        predictions = list(flatten(model(batch.x, training=False)))
        parts = trainer.output_losses(batch, predictions)
        total = trainer.total_loss(parts)
        if total is None:
            total = Tensor(np.zeros((), model.dtype))
        sums.add(batch, predictions, total.data, parts)
    sums.has_penalty = bool(len(trainer.penalties) or call.losses)
    sums.add_penalty(batch, trainer.penalties)
    for one in call.losses:
        sums.add_penalty(batch, one.value.data)
    if trainer.compilation.log_penalties:
        weights = regularized(model.weights)
        found: list[tuple[Any, Any]] = [
            (p, trainer.penalties[i : i + 1]) for i, p in enumerate(weights)
        ]
        found += [(one, one.value.data) for one in call.losses]
        sums.penalties.add(model, found, batch.rows)
    else:
        sums.penalties.hide()


def take_penalties(model: TrainableModel) -> None:
    """Puts the penalties of the trainable weights as they are where tests read them."""
    trainer = model._trainer
    captures = trainer.captures["penalty"]
    compute = partial(_compute_penalties, model)
    with no_grad(), trainer.lock_of_steps(model).reading:
        capture = None
        if not trainer.compilation.run_eagerly:
            capture = captures.find((), lambda: Capture(None))
        if capture is None:
            compute()
        elif capture.ready:
            assert capture.program is not None
            capture.program.replay(1)
        else:
            captures.record(capture, compute)


def _compute_penalties(model: TrainableModel) -> None:
    trainer = model._trainer
    _kernels.track_dependency(model._layers)
    for layer in model._layers:
        _kernels.track_dependency(layer)
    parts = [found.data for _, found in penalties(model.weights)]
    if len(parts) != len(trainer.penalties):
        trainer.captures["test"].clear()  # first: an interrupt must not leave them the old array
        trainer.penalties = np.zeros(len(parts))
    for i, part in enumerate(parts):
        _kernels.store_and_reset(trainer.penalties[i : i + 1])
        _kernels.accumulate_weighted_sum(trainer.penalties[i : i + 1], part)


def test_plan(model: TrainableModel, steps: ArraySteps) -> ReplayPlan | None:
    """The test of a whole data set as programs; None: Python has to do it."""
    if model._trainer.compilation.run_eagerly:
        return None
    for capture in model._trainer.captures["penalty"]:
        if capture.ready and not capture.changed():
            plan = steps.epoch_plan()
            assert capture.program is not None
            return None if plan is None else [(capture.program, 1), *plan]
    return None


def test_runner(model: TrainableModel) -> StepRunner:
    """What tests batches of a model."""
    access = model._trainer.lock_of_steps(model).reading
    if has_own_step(model, "test"):
        return custom.logs_runner(model, "test", access)
    return step_runner(model, "test", test_step, access)


def test_steps(model: TrainableModel, source: ArrayDataset | IterableSteps, size: int) -> Steps:
    """The test of a data set, batch by batch."""
    runner = test_runner(model)
    if isinstance(source, ArrayDataset):
        return ArraySteps(runner, source, size, None)
    source.use(runner)
    return source


def run_test(
    model: TrainableModel,
    run: Steps,
    steps: int | None,
    callbacks: CallbackList,
    bar: ProgressBar | None = None,
) -> Logs:
    """The logs of a test of a data set, at most so many steps (None: all, as many as there are);
    the caller holds the lock of tests."""
    sums = run.sums
    sums.reset()
    observed = callbacks.observes_test_batches
    trainer = model._trainer
    each = trainer.compilation.steps_per_execution
    trainer.stop_evaluating = False
    callbacks.on_test_begin()
    take_penalties(model)
    run.restart()
    done = 0
    while (steps is None or done < steps) and run.ready():
        if observed:
            begun = done
            callbacks.on_test_batch_begin(begun)
        last = smallest_known(steps, done + each) if observed else steps
        done += run.run(None if last is None else last - done)
        while observed and done != last and run.ready():
            done += run.run(None if last is None else last - done)
        if bar is not None and bar.due:
            bar.update(done, sums.logs())
        if observed:
            callbacks.on_test_batch_end(begun + each - 1, sums.logs())
        if trainer.stop_evaluating:
            break
    logs = sums.logs()
    if bar is not None:
        bar.update(done, logs)
    callbacks.on_test_end(logs)
    return logs


def evaluate(
    model: TrainableModel,
    x: Any,
    y: Any,
    batch_size: int | None,
    verbose: int | str,
    sample_weight: Any,
    steps: int | None,
    callbacks: Any,
    return_dict: bool,
) -> Any:
    """See `Model.evaluate`."""
    trainer = model._trainer
    size = check_count("evaluate", "batch_size", 32 if batch_size is None else batch_size)
    steps = check_optional_count("evaluate", "steps", steps)
    trainer.lock.check_not_elsewhere("evaluate")
    with trainer.lock.testing:
        source: ArrayDataset | IterableSteps
        if is_iterable_of_batches(x):
            refuse_array_arguments(
                "evaluate", y=y, batch_size=batch_size, sample_weight=sample_weight
            )
            source = streams.IterableSteps("evaluate", x, partial(trainer.check_data, model))
        else:
            source = trainer.check_data(model, "evaluate", x, y, sample_weight)
        run = test_steps(model, source, size)
        total = smallest_known(run.steps, steps)
        params: dict[str, Any] = {"epochs": 1, "steps": total, "verbose": verbose}
        observers = CallbackList(callbacks, model=model, **params)
        observers.leave_display_to_caller()
        with (
            closing(run),
            metrics_kept(model, run.sums),
            ProgressBar(None, total, verbose) as bar,
        ):
            bar.begin_epoch()
            logs = run_test(model, run, total, observers, bar)
            bar.end_epoch(logs)
    return as_keras_returns(logs, return_dict, run.sums.penalties.names)


def test_on_batch(
    model: TrainableModel, x: Any, y: Any, sample_weight: Any, return_dict: bool
) -> Any:
    """See `Model.test_on_batch`."""
    trainer = model._trainer
    trainer.lock.check_not_elsewhere("test_on_batch")
    with trainer.lock.testing:
        data = trainer.check_data(model, "test_on_batch", x, y, sample_weight)
        runner = test_runner(model)
        with metrics_kept(model, runner.sums):
            runner.sums.reset()
            take_penalties(model)
            runner.run_whole(data)
            return as_keras_returns(runner.sums.logs(), return_dict, runner.sums.penalties.names)
