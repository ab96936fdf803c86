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
from corereg.callbacks import CallbackList
from corereg.models.compiled import Array, Compiled, count, fewest
from corereg.models.data import inputs
from corereg.models.recordable import snapshot_of, why_not_forward
from corereg.models.steps import RETURN_SECONDS
from corereg.models.streams import Stream, is_stream, no_others
from corereg.progress import ProgressBar

PREDICT_ROWS = 256  # rows that are computed at a time, at most
PIECE_STEP, FEW_PIECES = 16, 8  # see _piece
WORTH_THREADS = 200_000  # nanoseconds of work from which batches are shared among threads


class Predicting(Compiled):
    """The part of a model that predicts."""

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Array:
        """The outputs (rows, ...) for x (rows, features), dropout off. NaN in gives NaN out.
        x may also be an iterable of batches: arrays, or tuples that begin with one.

        batch_size: rows that progress and callbacks count as one; it changes neither the results
        nor, much, the speed, and bounds the memory. Many threads may predict at once, also while
        another one trains the model: they see the weights between two steps.
        """
        plain = verbose == 0 and batch_size is None and steps is None and callbacks is None
        if plain and self._predictor is not None and not self.run_eagerly:
            found: Array | None = self._predictor(x)
            if found is not None:
                return found
        size = count("predict", "batch_size", PREDICT_ROWS if batch_size is None else batch_size)
        if steps is not None:
            steps = count("predict", "steps", steps)
        if is_stream(x):
            no_others("predict", batch_size=batch_size)
            return self._predict_batches(Stream(x), steps, verbose, callbacks)
        array = inputs("predict", x)
        self._outputs_for("predict", array.shape)
        if not self.built:
            self.build(array.shape)
        if plain:
            return self._forward(array)

        def batches() -> Iterator[Array]:
            for first in range(0, len(array), size):
                yield array[first : first + size]

        total = -(-len(array) // size)
        total = total if steps is None else min(total, steps)
        return self._predicted(batches(), total, verbose, callbacks)

    def _predict_batches(
        self, stream: Stream, steps: int | None, verbose: int | str, callbacks: Any
    ) -> Array:
        """The outputs for an iterable of batches: arrays, or tuples that begin with one."""
        total = fewest(stream.steps, steps)

        def batches() -> Iterator[Array]:
            while (found := stream.next()) is not None:
                who = f"predict: batch {stream.number - 1}"
                batch = found[0]
                array = inputs(who, batch[0] if isinstance(batch, tuple) and batch else batch)
                self._outputs_for(who, array.shape)
                if not self.built:
                    self.build(array.shape)
                yield array

        return self._predicted(batches(), total, verbose, callbacks)

    def _predicted(
        self, batches: Iterator[Array], total: int | None, verbose: int | str, callbacks: Any
    ) -> Array:
        """Their outputs, one after the other, at most `total`, with progress and callbacks."""
        listeners = CallbackList(callbacks, model=self, params={"steps": total})
        wants = listeners.wants_predict_batches
        listeners.on_predict_begin()
        parts: list[Array] = []
        with ProgressBar(None, total, verbose) as bar:
            bar.begin_epoch()
            while total is None or len(parts) < total:
                batch = next(batches, None)
                if batch is None:
                    break
                if wants:
                    listeners.on_predict_batch_begin(len(parts))
                parts.append(self._forward(batch))
                if wants:
                    listeners.on_predict_batch_end(len(parts) - 1, {"outputs": parts[-1]})
                if bar.due:
                    bar.update(len(parts))
            bar.update(len(parts))
            bar.end_epoch()
        listeners.on_predict_end()
        if not parts:
            raise ValueError("predict: expected batches, the iterable gave none")
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def predict_on_batch(self, x: Any) -> Array:
        """The outputs of one batch."""
        return self.predict(x, verbose=0)

    def _forward(self, x: Array) -> Array:
        """The outputs for checked rows, as a new array."""
        out: Array | None = None
        first = 0
        while first < len(x):
            predictor = self._ready_predictor()
            size = PREDICT_ROWS if predictor is None else _piece(len(x) - first, predictor.threads)
            part = x[first : first + size]
            workspace = None if predictor is None else self._workspace(predictor, part.shape)
            if predictor is None or workspace is None:
                return self._forward_eagerly(x)
            memory, like = workspace.inputs[0], workspace.outputs[0]
            if out is None:
                out = np.empty((len(x), *like.shape[1:]), like.dtype)
            workspaces = [workspace]
            if part.dtype != memory.dtype:
                _kernels.gather_rows(part, memory)
                predictor.run(workspace, None, (out[first : first + size],))
            elif len(x) - first < 2 * size:
                predictor.run(workspace, (part,), (out[first : first + size],))
            else:
                workspaces, last = self._several(predictor, workspace, first, len(x))
                predictor.run_many(workspaces, (x[first:last],), (out[first:last],))
                first = last - len(part)
            for used in workspaces:
                predictor.give(used)
            first += len(part)
        assert out is not None
        return out

    def _several(
        self,
        predictor: _kernels.ForwardPool,
        workspace: _kernels.ForwardWorkspace,
        first: int,
        rows: int,
    ) -> tuple[list[_kernels.ForwardWorkspace], int]:
        """Workspaces for the threads to use, and the row up to which one call goes."""
        shape = workspace.inputs[0].shape
        size = shape[0]
        pieces = (rows - first) // size
        nanoseconds = max(workspace.program.work, 1.0)
        workspaces = [workspace]
        if nanoseconds * pieces > WORTH_THREADS:
            for _ in range(min(predictor.threads, pieces) - 1):
                another = self._workspace(predictor, shape)
                if another is not None:
                    workspaces.append(another)
        each = max(1, int(RETURN_SECONDS * 1e9 / nanoseconds))  # Python, Ctrl-C and others wait
        return workspaces, first + size * min(pieces, each * len(workspaces))

    def _forward_eagerly(self, x: Array) -> Array:
        parts = []
        with no_grad():
            for first in range(0, len(x), PREDICT_ROWS):
                part = x[first : first + PREDICT_ROWS].astype(self.dtype)
                with self._reading(), self._own_pass():
                    parts.append(self(Tensor(part), training=False).data)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _ready_predictor(self) -> _kernels.ForwardPool | None:
        """What runs recorded forward passes of the model as it is now; None: there is no such."""
        if self.run_eagerly:
            return None
        if self._predictor is None or not self._predictor.snapshot.unchanged():
            self._predicts_eagerly = why_not_forward(self) is not None
            found = snapshot_of(self._layers, [self._layers], self.weights)
            self._predictor = _kernels.ForwardPool(found, self._weights_lock)
        return None if self._predicts_eagerly else self._predictor

    def _workspace(
        self, predictor: _kernels.ForwardPool, shape: tuple[int, ...]
    ) -> _kernels.ForwardWorkspace | None:
        """A recorded forward pass for x of this shape; None if it turns out that there is none."""
        workspace = predictor.take(((shape, np.dtype(self.dtype)),))
        if workspace is not None:
            return workspace
        with _kernels.CacheLines():
            x = np.zeros(shape, self.dtype)
        program = _kernels.Program()
        with no_grad(), self._reading(), self._own_pass(), program:
            out = self(Tensor(x), training=False).data
        if program.fault is not None or not out.flags.c_contiguous or len(out) != len(x):
            self._predicts_eagerly = True
            return None
        return _kernels.ForwardWorkspace(program, (x,), (out,))


def _piece(rows: int, threads: int) -> int:
    """Rows that are computed at a time: few pieces are cut so that all threads have as many. Of
    few sizes, for each is recorded."""
    pieces = -(-rows // PREDICT_ROWS)
    if threads == 1 or not 1 < pieces < FEW_PIECES * threads:
        return PREDICT_ROWS
    pieces = -(-pieces // threads) * threads
    return max(rows // pieces // PIECE_STEP, 1) * PIECE_STEP
