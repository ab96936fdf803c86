"""Data that is cut up: batches of one's own, sequences of one length, a data set in two parts."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from corereg.graph.nest import flatten, map_nest
from corereg.shown import as_call
from corereg.tables.given import given_array

Array = np.ndarray[Any, Any]


class PyDataset:
    """Base class of data sets that give batches by their number: subclass it, and write
    `__getitem__(index)`, which gives (x, y) or (x, y, sample_weight), and `__len__`, how many
    batches there are, or a property `num_batches`, None for no end. fit, evaluate and predict take
    it in place of x.

    workers: more than 1 make batches in so many threads while the model trains, at most
    max_queue_size ahead, and in order; `__getitem__` is then called from several threads at once.
    1: batches are made when they are wanted. use_multiprocessing: Keras's argument; it changes
    nothing.

    >>> class Batches(utils.PyDataset):
    ...     def __len__(self):
    ...         return 4
    ...
    ...     def __getitem__(self, index):
    ...         return np.full((8, 1), index), np.full((8, 1), 2 * index)
    >>> model = corereg.Sequential([corereg.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> model.fit(Batches(), epochs=2, verbose=0)
    <History of 2 epochs: loss>
    """

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self.workers, self.use_multiprocessing = workers, use_multiprocessing
        self.max_queue_size = max_queue_size

    __repr__ = as_call

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: expected a __getitem__(self, index)")

    def __len__(self) -> int:
        if type(self).num_batches is not PyDataset.num_batches:
            return operator.index(self.num_batches)  # type: ignore[arg-type]
        raise NotImplementedError(
            f"{type(self).__name__}: expected a __len__(self), the number of batches"
        )

    def __iter__(self) -> Iterator[Any]:
        """The batches in order."""
        count = self.num_batches
        for index in itertools.count() if count is None else range(count):
            yield self[index]

    @property
    def num_batches(self) -> int | None:
        """How many batches there are; None where a subclass has no end of them."""
        return len(self)

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called behind each epoch."""


Sequence = PyDataset


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> Array:
    """Sequences of different lengths as one array (sequences, maxlen, ...).

    maxlen: by default the longest one's length. padding, truncating: "pre" or "post": at which end
    `value` is put, and elements are left out. ValueError for other words, for what is no sequence
    of sequences, or if the elements of two have different shapes.

    >>> utils.pad_sequences([[1], [2, 3, 4]], maxlen=2, padding="post")
    array([[1, 0],
           [3, 4]], dtype=int32)
    """
    for name, word in (("padding", padding), ("truncating", truncating)):
        if word not in ("pre", "post"):
            raise ValueError(f"pad_sequences: expected {name} 'pre' or 'post', received {word!r}")
    if not hasattr(sequences, "__len__"):
        raise ValueError(
            f"pad_sequences: expected a list of sequences, received {type(sequences).__name__}"
        )
    wrong = [one for one in sequences if not hasattr(one, "__len__")]
    if wrong:
        raise ValueError(f"pad_sequences: expected each entry as a sequence, received {wrong[0]!r}")
    arrays = [np.asarray(one) for one in sequences]
    if maxlen is None:
        maxlen = max(map(len, arrays), default=0)
    shapes = {one.shape[1:] for one in arrays if len(one)}
    if len(shapes) > 1:
        raise ValueError(
            f"pad_sequences: expected elements of one shape, received {sorted(shapes)}"
        )
    out: Array = np.full((len(arrays), maxlen, *(shapes.pop() if shapes else ())), value, dtype)
    for row, one in zip(out, arrays, strict=True):
        kept = one[max(len(one) - maxlen, 0) :] if truncating == "pre" else one[:maxlen]
        if padding == "pre":
            row[maxlen - len(kept) :] = kept
        else:
            row[: len(kept)] = kept
    return out


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
) -> tuple[Any, Any]:
    """Arrays, or a list, tuple or dict of arrays with as many rows, cut into two of the same form.

    left_size, right_size: rows, if a whole number, or a share in (0, 1) of all; of one that is left
    out, the rest. shuffle: rows in random order, of `seed` (None: any). ValueError for sizes that
    do not fit, or where both are left out.

    >>> left, right = utils.split_dataset(np.arange(5), left_size=0.6)
    >>> left, right
    (array([0, 1, 2]), array([3, 4]))
    """
    dataset = map_nest(lambda one: given_array("split_dataset", "data", one), dataset)
    parts = list(flatten(dataset))
    counts = {len(one) if one.ndim else -1 for one in parts}
    if len(counts) != 1 or -1 in counts:
        shapes = [one.shape for one in parts]
        raise ValueError(
            f"split_dataset: expected arrays of as many rows, received arrays of shapes {shapes}"
        )
    rows = counts.pop()
    if left_size is None and right_size is None:
        raise ValueError("split_dataset: expected left_size or right_size, received neither")
    left = _rows("left_size", left_size, rows)
    right = _rows("right_size", right_size, rows)
    left = rows - right if left is None else left  # type: ignore[operator]
    right = rows - left if right is None else right
    if left + right > rows:
        raise ValueError(
            f"split_dataset: expected at most {rows} rows in both parts, received {left} + {right}"
        )
    order = np.arange(rows)
    if shuffle:
        np.random.default_rng(seed).shuffle(order)

    def part(places: Array) -> Any:
        return map_nest(lambda one: one[places], dataset)

    return part(order[:left]), part(order[left : left + right])


def _rows(name: str, size: float | None, rows: int) -> int | None:
    """A size in rows, of a number of them or of a share."""
    if size is None:
        return None
    whole = isinstance(size, int | np.integer)
    if not (0 <= size <= rows if whole else 0 < size < 1):
        raise ValueError(
            f"split_dataset: expected {name} as a number of rows of {rows} or a share in (0, 1), "
            f"received {size!r}"
        )
    return int(size) if whole else int(size * rows)
