"""predict: the forward pass on arrays.

Recorded once for each number of rows, it runs on memory of its own, without Python. A model with a
layer that cannot be recorded computes through its layers, with the same results.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor, no_grad
from corereg.callbacks.callback_list import CallbackList
from corereg.progress import ProgressBar
from corereg.runtime.capture import Capture
from corereg.runtime.scheduling import (
    FORWARD_ROWS,
    FORWARD_WORTH_THREADS,
    RETURN_SECONDS,
    rows_of_forward_pass,
)
from corereg.training.arguments import check_count, check_optional_count, smallest_known
from corereg.training.data.checks import check_inputs
from corereg.training.data.iterables import (
    BatchIterator,
    is_iterable_of_batches,
    refuse_array_arguments,
)
from corereg.training.trainer import TrainableModel

Array = np.ndarray[Any, Any]


def predict(
    model: TrainableModel,
    x: Any,
    batch_size: int | None,
    verbose: int | str,
    steps: int | None,
    callbacks: Any,
) -> Array:
    """See `Model.predict`."""
    size = check_count("predict", "batch_size", FORWARD_ROWS if batch_size is None else batch_size)
    plain = verbose == 0 and batch_size is None and steps is None and callbacks is None
    steps = check_optional_count("predict", "steps", steps)
    if is_iterable_of_batches(x):
        refuse_array_arguments("predict", batch_size=batch_size)
        source = BatchIterator(x)
        total = smallest_known(source.steps, steps)
        return _predict_batches(model, _checked(model, source), total, verbose, callbacks)
    array = check_inputs("predict", x)
    _check_and_build(model, "predict", array)
    if plain:
        return forward(model, array)
    batches = (array[first : first + size] for first in range(0, len(array), size))
    total = smallest_known(-(-len(array) // size), steps)
    return _predict_batches(model, batches, total, verbose, callbacks)


def _check_and_build(model: TrainableModel, who: str, x: Array) -> None:
    model._trainer.check_input_shape(model, who, x.shape)
    if not model.built:
        model.build(x.shape)


def _checked(model: TrainableModel, source: BatchIterator) -> Iterator[Array]:
    """The inputs of an iterable's batches, which are arrays, or tuples that begin with one."""
    while (found := source.next()) is not None:
        who = f"predict: batch {source.number - 1}"
        batch = found[0]
        x = check_inputs(who, batch[0] if isinstance(batch, tuple) and batch else batch)
        _check_and_build(model, who, x)
        yield x


def _predict_batches(
    model: TrainableModel,
    batches: Iterator[Array],
    total: int | None,
    verbose: int | str,
    callbacks: Any,
) -> Array:
    """The outputs, one after the other, of at most `total` batches, with progress and callbacks."""
    observers = CallbackList(callbacks, model=model, params={"steps": total})
    observed = observers.observes_predict_batches
    observers.on_predict_begin()
    parts: list[Array] = []
    with ProgressBar(None, total, verbose) as bar:
        bar.begin_epoch()
        while total is None or len(parts) < total:
            batch = next(batches, None)
            if batch is None:
                break
            if observed:
                observers.on_predict_batch_begin(len(parts))
            parts.append(forward(model, batch))
            if observed:
                observers.on_predict_batch_end(len(parts) - 1, {"outputs": parts[-1]})
            if bar.due:
                bar.update(len(parts))
        bar.update(len(parts))
        bar.end_epoch()
    observers.on_predict_end()
    if not parts:
        raise ValueError("predict: expected batches, the iterable gave none")
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def forward(model: TrainableModel, x: Array) -> Array:
    """The outputs for checked rows, as a new array."""
    out: Array | None = None
    first = 0
    while first < len(x):
        size = rows_of_forward_pass(len(x) - first, _threads(model))
        part = x[first : first + size]
        workspace = _idle_workspace(model, part.shape)
        pool = model._trainer.forward_pool
        if workspace is None or pool is None:
            found = _first_forward(model, part)
            if len(part) == len(x):
                return found
            out = np.empty((len(x), *found.shape[1:]), found.dtype) if out is None else out
            out[first : first + size] = found
            first += len(part)
            continue
        (own,), (like,) = workspace.inputs, workspace.outputs
        if out is None:
            out = np.empty((len(x), *like.shape[1:]), like.dtype)
        used = [workspace]
        if part.dtype != own.dtype:
            _kernels.gather_rows(part, own)
            pool.run(workspace, None, (out[first : first + size],))
        elif len(x) - first < 2 * size:
            pool.run(workspace, (part,), (out[first : first + size],))
        else:
            used, last = _several_workspaces(model, pool, workspace, first, len(x))
            pool.run_many(used, (x[first:last],), (out[first:last],))
            first = last - len(part)
        for workspace in used:
            pool.give(workspace)
        first += len(part)
    assert out is not None
    return out


def _threads(model: TrainableModel) -> int:
    pool = model._trainer.forward_pool
    return _kernels.get_num_threads() if pool is None else pool.threads


def _several_workspaces(
    model: TrainableModel,
    pool: _kernels.ForwardPool,
    workspace: _kernels.ForwardWorkspace,
    first: int,
    rows: int,
) -> tuple[list[_kernels.ForwardWorkspace], int]:
    """Workspaces for the threads to use, and the row up to which one call goes."""
    (own,) = workspace.inputs
    size = len(own)
    passes = (rows - first) // size
    nanoseconds = max(workspace.program.work, 1.0)
    workspaces = [workspace]
    if nanoseconds * passes > FORWARD_WORTH_THREADS:
        for _ in range(min(pool.threads, passes) - 1):
            if (another := _idle_workspace(model, own.shape)) is None:
                _first_forward(model, np.zeros_like(own))
                another = _idle_workspace(model, own.shape)
            if another is not None:
                workspaces.append(another)
    each = max(1, int(RETURN_SECONDS * 1e9 / nanoseconds))  # Python, Ctrl-C and others wait
    return workspaces, first + size * min(passes, each * len(workspaces))


def _idle_workspace(
    model: TrainableModel, shape: tuple[int, ...]
) -> _kernels.ForwardWorkspace | None:
    """A recorded forward pass for x of this shape that nobody uses, or None."""
    trainer = model._trainer
    pool = trainer.forward_pool
    if pool is None or trainer.compilation.run_eagerly:
        return None
    if not pool.snapshot.unchanged():
        trainer.forward_pool = None
        return None
    return pool.take(((shape, np.dtype(model.dtype)),))


def _first_forward(model: TrainableModel, x: Array) -> Array:
    """The outputs for x, through Python. If it can be replayed, the forward pass is recorded and
    put into the pool."""
    trainer = model._trainer
    captures = trainer.captures["predict"]
    with _kernels.CacheLines():
        own = np.zeros(x.shape, model.dtype)  # memory of the recording
    _kernels.gather_rows(x, own)
    with no_grad(), trainer.weights_lock.reading, _kernels.CallContext(training=False):
        if trainer.compilation.run_eagerly or captures.refuses():
            return model(Tensor(own), training=False).data
        capture = Capture(own)
        out: Array = captures.record(capture, lambda: _whole_output(model, own))
    if capture.obstacle is None and capture.program is not None and capture.snapshot is not None:
        if trainer.forward_pool is None:
            trainer.forward_pool = _kernels.ForwardPool(capture.snapshot, trainer.weights_lock)
        workspace = _kernels.ForwardWorkspace(capture.program, (own,), (out,))
        out = out.copy()  # before the workspace is in the pool, where any thread may take it
        trainer.forward_pool.give(workspace)
    return out


def _whole_output(model: TrainableModel, x: Array) -> Array:
    """The output of a forward pass. To be replayed it has to be one contiguous array with a row for
    each row of x."""
    out = model(Tensor(x), training=False).data
    if not out.flags.c_contiguous or len(out) != len(x):
        _kernels.fail_recording("the model's output is not a contiguous array with a row for each")
    return out
