"""predict: the forward pass on arrays.

Recorded once for each number of rows, it runs on memory of its own, without Python. A model with a
layer that cannot be recorded computes through its layers, with the same results.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels
from corereg._lazy import later
from corereg.autograd import Tensor, no_grad
from corereg.graph.nest import flatten, form_of, pack_like
from corereg.runtime.capture import Capture, CaptureCache
from corereg.runtime.dependencies import Obstacle
from corereg.runtime.scheduling import (
    FORWARD_ROWS,
    FORWARD_WORTH_THREADS,
    RETURN_SECONDS,
    rows_of_forward_pass,
)
from corereg.training.arguments import (
    check_count,
    check_optional_count,
    refuse_array_arguments,
    smallest_known,
)
from corereg.training.data.iterables import BatchIterator
from corereg.training.data.model_shapes import input_shapes
from corereg.training.data.structures import (
    is_array,
    is_iterable_of_batches,
    model_input,
    nest_given,
)
from corereg.training.overriding import overrides
from corereg.training.sparse_products import REVIEWED_ROWS, SparseChoice
from corereg.training.trainer import TrainableModel

if TYPE_CHECKING:
    from corereg.training import predict_out as placing
else:  # what few calls ask for
    placing = later("corereg.training.predict_out")

Array = np.ndarray[Any, Any]
Arrays = tuple[Array, ...]
BLOCK_ROWS = 4096
"""Rows whose results are computed at a time, where they cannot be written where they belong."""

CURE = "what a layer computes has to follow from its inputs, by ops on tensors"


def predict(
    model: TrainableModel,
    x: Any,
    batch_size: int | None,
    verbose: int | str,
    steps: int | None,
    callbacks: Any,
    out: Any = None,
) -> Any:
    """See `Model.predict`."""
    plain = verbose == 0 and batch_size is None and steps is None and callbacks is None
    if plain and type(out) is np.ndarray:
        pool = model._trainer.forward_pool
        replays = not model._trainer.compilation.run_eagerly
        if pool is not None and replays and pool.into(x, out) is not None:
            return out
    size = check_count("predict", "batch_size", FORWARD_ROWS if batch_size is None else batch_size)
    steps = check_optional_count("predict", "steps", steps)
    if is_iterable_of_batches(x):
        refuse_array_arguments("predict", batch_size=batch_size, out=out)
        source = BatchIterator(x)
        total = smallest_known(source.steps, steps)
        with closing(source):
            return _predict_batches(model, _checked(model, source), total, verbose, callbacks)
    arrays = check_and_build(model, "predict", x)
    call = Call(model, x)
    call.forget_other_forms()
    if plain and out is None:
        return call.pack(forward(call, arrays))
    rows = len(arrays[0])
    places = None
    if out is not None:
        arrays = placing.apart(arrays, out)
        if plain:
            return _predict_into(call, arrays, out)
        places = placing.OutputPlaces(out, rows if steps is None else min(rows, steps * size))
    batches = (
        (call, tuple(a[first : first + size] for a in arrays)) for first in range(0, rows, size)
    )
    total = smallest_known(-(-rows // size), steps)
    return _predict_batches(model, batches, total, verbose, callbacks, places)


def _predict_into(call: Call, x: Arrays, out: Any) -> Any:
    """The outputs for checked rows, in `out`, which is returned."""
    if all(isinstance(place, np.ndarray) and place.flags.carray for place in flatten(out)):
        forward(call, x, out)
        return out
    places = placing.OutputPlaces(out, len(x[0]))
    for first in range(0, len(x[0]), BLOCK_ROWS):
        found = forward(call, tuple(a[first : first + BLOCK_ROWS] for a in x))
        places.put(found, call.model._trainer.output_like)
    return out


class Call:
    """How a model is called with flat inputs, and how its flat outputs are packed again."""

    def __init__(self, model: TrainableModel, x: Any) -> None:
        self.model = model
        self._like = nest_given(x, model._input_keys)
        self.form = None if self._like is None else form_of(self._like)
        self.custom = overrides(model, "predict_step")

    def forget_other_forms(self) -> None:
        """Drops the forward passes of inputs that nest otherwise."""
        trainer = self.model._trainer
        if trainer.input_form != self.form:
            trainer.forward_pool, trainer.input_form = None, self.form

    def __call__(self, arrays: Arrays) -> Any:
        """The model's outputs, structured as the model has them."""
        x = model_input(self._like, [Tensor(a) for a in arrays])
        return self.model.predict_step(x) if self.custom else self.model(x, training=False)

    def pack(self, outputs: Arrays) -> Any:
        """Flat outputs as the model nests them."""
        like = self.model._trainer.output_like
        return outputs[0] if like is None else pack_like(like, outputs)


def check_and_build(model: TrainableModel, who: str, x: Any) -> Arrays:
    """x as checked arrays, one for each input; builds the model if this is the first it sees."""
    arrays, shapes = model._trainer.check_inputs(model, who, x)
    if not model.built:
        model.build(input_shapes(x, arrays, shapes.input_names))
    model._trainer.input_dtypes = shapes.input_dtypes
    return arrays


def _checked(model: TrainableModel, source: BatchIterator) -> Iterator[tuple[Call, Arrays]]:
    """The inputs of an iterable's batches, which are arrays, or tuples that begin with one."""
    while (found := source.next()) is not None:
        who = f"predict: batch {source.number - 1}"
        batch = found[0]
        x = batch[0] if _has_targets(model, batch) else batch
        arrays = check_and_build(model, who, x)
        call = Call(model, x)
        call.forget_other_forms()
        yield call, arrays


def _has_targets(model: TrainableModel, batch: Any) -> bool:
    """Whether a batch is (x, ...): a tuple, or a list of arrays for a model with one input, as a
    DataLoader of PyTorch's gives it."""
    if isinstance(batch, tuple):
        return bool(batch)
    names = model._input_keys
    single = names is None or len(names) == 1
    return single and isinstance(batch, list) and 1 <= len(batch) <= 3 and all(map(is_array, batch))


def _predict_batches(
    model: TrainableModel,
    batches: Iterator[tuple[Call, Arrays]],
    total: int | None,
    verbose: int | str,
    callbacks: Any,
    places: placing.OutputPlaces | None = None,
) -> Any:
    """The outputs, one after the other, of at most `total` batches, with progress and callbacks;
    in new arrays, or in `places`."""
    from corereg.callbacks.callback_list import CallbackList
    from corereg.progress import ProgressBar

    params: dict[str, Any] = {"epochs": 1, "steps": total, "verbose": verbose}
    observers = CallbackList(callbacks, model=model, **params)
    observers.leave_display_to_caller()
    observed = observers.observes_predict_batches
    each, first = model._trainer.compilation.steps_per_execution, 0
    model._trainer.stop_predicting = False
    observers.on_predict_begin()
    parts: list[Arrays] = []
    call: Call | None = None
    with ProgressBar(None, total, verbose) as bar:
        bar.begin_epoch()
        while total is None or len(parts) < total:
            batch = next(batches, None)
            if batch is None:
                break
            if observed and len(parts) == first:
                observers.on_predict_batch_begin(first)
            call = batch[0]
            found = forward(*batch)
            parts.append(found if places is None else places.put(found, model._trainer.output_like))
            if observed and len(parts) == first + each:
                observers.on_predict_batch_end(first + each - 1, _outputs(call, parts[first:]))
                first = len(parts)
            if bar.due:
                bar.update(len(parts))
            if model._trainer.stop_predicting:
                break
        if observed and call is not None and len(parts) > first:  # the rest of an execution
            observers.on_predict_batch_end(first + each - 1, _outputs(call, parts[first:]))
        bar.update(len(parts))
        bar.end_epoch()
    observers.on_predict_end()
    if call is None:
        raise ValueError("predict: expected batches, the iterable gave none")
    if places is not None:
        return places.whole()
    if len(parts) == 1:
        return call.pack(parts[0])
    return call.pack(tuple(np.concatenate(outputs) for outputs in zip(*parts, strict=True)))


def _outputs(call: Call, parts: list[Arrays]) -> dict[str, Any]:
    """What callbacks are told of the batches of one execution."""
    whole = (np.concatenate(one) if len(one) > 1 else one[0] for one in zip(*parts, strict=True))
    return {"outputs": call.pack(tuple(whole))}


def forward(call: Call, x: Arrays, out: Any = None) -> Arrays:
    """The outputs for checked rows, as new arrays, or in `out`: contiguous ones, nested as the
    outputs."""
    model = call.model
    outs: Arrays | None = None
    first, rows = 0, len(x[0])
    if rows >= REVIEWED_ROWS:
        model._trainer.review_sparse_products()
    size = rows_of_forward_pass(rows, _threads(model))  # one size: each is recorded by itself
    while first < rows:
        part = tuple(a[first : first + size] for a in x)
        count = len(part[0])
        workspace = _idle_workspace(call, part)
        pool = model._trainer.forward_pool
        if workspace is None or pool is None:
            found = _first_forward(call, part)
            if count == rows and out is None:
                return found
            if outs is None:
                outs = _places(call, found, rows, out)
            for place, one in zip(outs, found, strict=True):
                place[first : first + size] = one
            first += count
            continue
        if outs is None:
            outs = _places(call, workspace.outputs, rows, out)
        targets = tuple(place[first : first + size] for place in outs)
        used = [workspace]
        if any(a.dtype != own.dtype for a, own in zip(part, workspace.inputs, strict=True)):
            for a, own in zip(part, workspace.inputs, strict=True):
                _kernels.gather_rows(a, own)
            pool.run(workspace, None, targets)
        elif rows - first < 2 * size:
            pool.run(workspace, part, targets)
        else:
            last = rows - (rows - first) % size
            used = _several_workspaces(call, pool, workspace, (last - first) // size)
            done = pool.run_many(  # for a while: Python, Ctrl-C and others wait
                *(used, tuple(a[first:last] for a in x), tuple(a[first:last] for a in outs)),
                RETURN_SECONDS,
            )
            count = done * size
        for idle in used:
            pool.give(idle)
        first += count
    assert outs is not None
    return outs


def _places(call: Call, like: Arrays, rows: int, out: Any) -> Arrays:
    """Where the outputs of so many rows go: into new arrays, or into `out`. like: of some rows."""
    if out is None:
        return tuple(np.empty((rows, *a.shape[1:]), a.dtype) for a in like)
    return placing.checked_places(out, like, call.model._trainer.output_like, rows)


def _threads(model: TrainableModel) -> int:
    pool = model._trainer.forward_pool
    return _kernels.get_num_threads() if pool is None else pool.threads


def _several_workspaces(
    call: Call,
    pool: _kernels.ForwardPool,
    workspace: _kernels.ForwardWorkspace,
    passes: int,
) -> list[_kernels.ForwardWorkspace]:
    """Workspaces for the threads to use in so many passes."""
    workspaces = [workspace]
    if workspace.program.work * passes > FORWARD_WORTH_THREADS:
        for _ in range(min(pool.threads, passes) - 1):
            if (another := _idle_workspace(call, workspace.inputs)) is None:
                _first_forward(call, tuple(np.zeros_like(own) for own in workspace.inputs))
                another = _idle_workspace(call, workspace.inputs)
            if another is not None:
                workspaces.append(another)
    return workspaces


def _idle_workspace(call: Call, x: Arrays) -> _kernels.ForwardWorkspace | None:
    """A recorded forward pass for inputs of these shapes that nobody uses, or None."""
    model = call.model
    trainer = model._trainer
    pool = trainer.forward_pool
    if pool is None or trainer.compilation.run_eagerly:
        return None
    if not pool.snapshot.unchanged():
        trainer.forward_pool = None
        return None
    return pool.take(
        tuple((a.shape, one) for a, one in zip(x, memory_dtypes(model, x), strict=True))
    )


def memory_dtypes(model: TrainableModel, x: Arrays) -> tuple[np.dtype[Any], ...]:
    """Of the memory for each input."""
    found = model._trainer.input_dtypes
    if found is None:
        return (np.dtype(model.dtype),) * len(x)
    return tuple(np.dtype(one) for one in found)


def _first_forward(call: Call, x: Arrays) -> Arrays:
    """The outputs for x, through Python. If it can be replayed, the forward pass is recorded and
    put into the pool."""
    model = call.model
    trainer = model._trainer
    captures = trainer.captures["predict"]
    with _kernels.CacheLines():
        own = tuple(  # memory of the recording
            np.zeros(a.shape, dtype) for a, dtype in zip(x, memory_dtypes(model, x), strict=True)
        )
    for a, memory in zip(x, own, strict=True):
        _kernels.gather_rows(a, memory)
    with no_grad(), trainer.shared_lock(model).reading, _kernels.CallContext(training=False):
        if trainer.compilation.run_eagerly or captures.refuses():
            return _flat_outputs(call, own)
        capture = Capture(own)
        outs: Arrays = captures.record(capture, lambda: _whole_outputs(call, own))
        if capture.wants_another_run:
            outs = _prove(captures, capture, call, x, outs)
    if capture.obstacle is None and capture.program is not None and capture.snapshot is not None:
        pool = trainer.forward_pool
        if pool is None:
            trainer.sparse_choice = SparseChoice()
            pool = _kernels.ForwardPool(capture.snapshot, trainer.weights_lock)
            trainer.forward_pool = pool
        written = outs
        # copied before trials write there, and before any thread may take it from the pool
        outs = tuple(out.copy() for out in outs)
        program = trainer.sparse_choice.apply(capture.program).with_rounded_weights(own)
        pool.give(_kernels.ForwardWorkspace(program, own, written))
    return outs


def _prove(captures: CaptureCache, capture: Capture, call: Call, x: Arrays, outs: Arrays) -> Arrays:
    """Records a forward pass a second time, on other values, and replays it for x: only if that
    gives the outputs of the first run to the bit, the pass may be replayed. Returns these, in the
    memory that replays write."""
    own: Arrays = capture.memory
    for memory in own:
        other = memory[::-1].copy()
        memory[...] = -other if memory.dtype.kind == "f" else other  # rows of tables exist
    try:
        with _kernels.ignore_float_errors():
            again: Arrays = captures.record(capture, lambda: _whole_outputs(call, own))
    except Exception as error:
        reason = f"the model raised {type(error).__name__} for other values than those of x"
        capture.obstacle = Obstacle(reason, CURE, False)
    if capture.ready:
        assert capture.program is not None
        for a, memory in zip(x, own, strict=True):
            _kernels.gather_rows(a, memory)
        capture.program.replay(1)
        if all(a.tobytes() == b.tobytes() for a, b in zip(outs, again, strict=True)):
            return again
        reason = "a replay of the model gave other outputs than Python"
        capture.obstacle = Obstacle(reason, CURE, False)
    captures.refuse(capture)
    return outs


def _flat_outputs(call: Call, x: Arrays) -> Arrays:
    """The outputs of a forward pass, in flat order; how they nest is noted."""
    found = call(x)
    flat = list(flatten(found))
    call.model._trainer.output_like = (
        None if isinstance(found, Tensor) else pack_like(found, [None] * len(flat))
    )
    return tuple(out.data if isinstance(out, Tensor) else np.asarray(out) for out in flat)


def _whole_outputs(call: Call, x: Arrays) -> Arrays:
    """The outputs of a forward pass. To be replayed each has to be a contiguous array with a row
    for each row of x, and no array twice."""
    outs = _flat_outputs(call, x)
    if any(not out.flags.c_contiguous or len(out) != len(x[0]) for out in outs):
        _kernels.fail_recording("the model's output is not a contiguous array with a row for each")
    if len({id(out) for out in outs}) < len(outs) or any(
        np.may_share_memory(out, a) for out in outs for a in x
    ):
        _kernels.fail_recording("the model's outputs are not arrays of their own")
    return outs
