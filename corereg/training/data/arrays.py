"""A data set of arrays in memory, handed out in batches.

Rows are gathered and cast batch by batch into memory of the model's dtype, so a data set is never
copied whole: float64, integer and memory-mapped arrays train as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.graph.nest import form_of
from corereg.named_tuple import NamedTuple
from corereg.training.data.row_order import RowOrder, shuffle_in_blocks
from corereg.training.data.structures import model_input

if TYPE_CHECKING:
    from corereg.training.data.feature_names import InputColumns

Array = np.ndarray[Any, Any]
INT64 = np.dtype(np.int64)


class ClassPart(NamedTuple):
    """A part of the targets of mixed rows: targets (rows, ...), and which share (rows,) of each row
    they are."""

    targets: Array
    share: Array


class Batch(NamedTuple):
    """Some rows of a data set, in memory that the next batch of as many rows overwrites.

    x: what the model is called with, made of the inputs: one tensor (rows, ...), or a list, a tuple
    or a dict of them; targets: what the losses want, one for each output, or None; weights: of the
    rows, one (rows, ...) or None for each output; arrays: of inputs, targets and weights, one after
    the other. classes: of rows that are mixed (corereg.training.mixing), for each output what its
    loss looks at in place of targets, or None; targets are then what metrics look at. flat: the
    outputs whose targets (rows, 1) were given as (rows,), which metrics of the user's own get so.
    """

    x: Any
    targets: tuple[Array | None, ...]
    weights: tuple[Array | None, ...]
    rows: int
    arrays: tuple[Array | None, ...]
    classes: tuple[tuple[ClassPart, ...] | None, ...] | None = None
    flat: tuple[int, ...] = ()


class ArrayDataset:
    """Checked arrays, all with the same number of rows: inputs, and for training targets and
    weights (None: each row counts once). dtype: of the batches. like: a structure with the inputs
    as its leaves, as the model wants to be called; by default the only one, or a list;
    input_dtypes: of the inputs in batches where they differ from dtype."""

    def __init__(
        self,
        inputs: tuple[Array, ...],
        targets: tuple[Array | None, ...] = (),
        weights: tuple[Array | None, ...] = (),
        dtype: Any = "float32",
        like: Any = None,
        input_dtypes: tuple[Any, ...] | None = None,
    ) -> None:
        self.input_dtypes = input_dtypes
        self.inputs, self.targets, self.weights = inputs, targets, weights
        self.columns: InputColumns | None = None  # of the tables that the inputs were
        self.flat: tuple[int, ...] = ()  # as of a Batch
        self.dtype = np.dtype(dtype)
        self._like = like
        self._batch: Batch | None = None
        self._start = np.zeros(1, np.int64)  # the cursor; kernels read and move it
        self._order: Array | None = None
        self._form: tuple[Any, ...] | None = None  # known once it is asked for

    def __len__(self) -> int:
        return len(self.inputs[0])

    @property
    def rows_taken(self) -> int:
        """How many rows of this pass were taken; kernels may be taking more just now."""
        return int(self._start[0])

    def start_epoch(self, order: RowOrder | None = None, block: int = 0) -> None:
        """Starts a pass over all rows, in the next order of `order`, or (None) as they are. block:
        how many rows are shuffled together, 0 for all."""
        _kernels.store_and_reset(self._start)
        if order is None:
            self._order = None
            return
        if self._order is None:
            self._order = np.zeros(len(self), np.int64)
        # in place: recorded steps read it
        if block:
            shuffle_in_blocks(self._order, order, block)
        else:
            _kernels.shuffle(self._order, order.seed, order.passes)

    def resume_epoch(self, order: RowOrder | None, rows: int, block: int = 0) -> None:
        """Goes on in the pass that was started last, of which so many rows were taken."""
        if order is not None:
            order.passes -= 1  # it is counted once
        self.start_epoch(order, block)
        self._start[...] = rows

    def batch_signature(self, rows: int) -> tuple[Any, ...]:
        """What tells batches of so many rows from others: batches of one signature share their
        recordings."""
        if self._form is None:
            self._form = self._form_of_batches()
        return rows, *self._form

    def _form_of_batches(self) -> tuple[Any, ...]:
        """What batches of different numbers of rows have in common."""
        signature: list[Any] = [self.dtype, self.flat]
        if self._like is not None:
            signature.append(form_of(self._like))
        if self.input_dtypes is not None:
            signature.append(self.input_dtypes)
        signature += [x.shape[1:] for x in self.inputs]
        for y in self.targets:
            signature += (None,) if y is None else (y.shape[1:], self._target_dtype(y))
        signature += [None if weight is None else weight.shape[1:] for weight in self.weights]
        return tuple(signature)

    def allocate_batch(self, rows: int) -> Batch:
        """Memory for a batch of so many rows, zeros that begin at cache lines."""
        with _kernels.CacheLines():
            inputs = [
                np.zeros((rows, *a.shape[1:]), dtype)
                for a, dtype in zip(self.inputs, self._dtypes_of_inputs(), strict=True)
            ]
            targets = tuple(
                None if a is None else np.zeros((rows, *a.shape[1:]), self._target_dtype(a))
                for a in self.targets
            )
            weights = tuple(
                None if a is None else np.zeros((rows, *a.shape[1:]), self.dtype)
                for a in self.weights
            )
        x = model_input(self._like, [Tensor(a) for a in inputs])
        return Batch(x, targets, weights, rows, (*inputs, *targets, *weights), flat=self.flat)

    def _dtypes_of_inputs(self) -> tuple[Any, ...]:
        return self.input_dtypes or (self.dtype,) * len(self.inputs)

    def _target_dtype(self, y: Array) -> np.dtype[Any]:
        """int64 for integer labels, one a row; else the data set's float dtype."""
        return INT64 if y.dtype.kind in "iu" and y.ndim == 1 else self.dtype

    def fill_batch(self, batch: Batch) -> None:
        """Gathers the next rows of the pass into a batch's memory, by kernels."""
        order, start = self._order, self._start
        sources = (*self.inputs, *self.targets, *self.weights)
        for source, buffer in zip(sources, batch.arrays, strict=True):
            if source is not None and buffer is not None:
                _kernels.gather_rows(source, buffer, order, start)
        _kernels.increment(self._start, batch.rows)

    def next_batch(self, rows: int) -> Batch:
        """The next `rows` rows of the pass; the memory is used again for as many rows."""
        if self._batch is None or self._batch.rows != rows:
            self._batch = self.allocate_batch(rows)
        self.fill_batch(self._batch)
        return self._batch

    def inputs_alone(self) -> ArrayDataset:
        """The same rows without targets and weights, at a cursor of their own."""
        return ArrayDataset(self.inputs, (), (), self.dtype, self._like, self.input_dtypes)

    def split(self, who: str, share: float) -> tuple[ArrayDataset, ArrayDataset]:
        """The first floor(n * (1 - share)) rows and the rest, as Keras splits."""
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
            raise ValueError(f"{who}: expected validation_split in [0, 1), received {share!r}")
        at = int(len(self) * (1 - share))
        if not 0 < at < len(self):
            raise ValueError(
                f"{who}: validation_split={share} of {len(self)} rows leaves none to train on or "
                "none to validate on"
            )
        return self._part(slice(None, at)), self._part(slice(at, None))

    def _part(self, rows: slice) -> ArrayDataset:
        part = ArrayDataset(
            tuple(a[rows] for a in self.inputs),
            tuple(None if a is None else a[rows] for a in self.targets),
            tuple(None if a is None else a[rows] for a in self.weights),
            self.dtype,
            self._like,
            self.input_dtypes,
        )
        part.flat = self.flat
        return part
