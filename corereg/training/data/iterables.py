"""Batches that come from a generator or another iterable instead of arrays."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

from corereg._lazy import later
from corereg.warn import warn_user

if TYPE_CHECKING:
    from corereg.tables import libraries
else:  # most data are arrays
    libraries = later("corereg.tables.libraries")


class BatchIterator:
    """An iterable of batches, read one at a time.

    An iterator goes on from epoch to epoch. Anything else begins anew at `restart`; an object with
    `__getitem__` and `__len__` is asked for batches 0, 1, ..., by threads if its `workers` are more
    than 1, and, if it has `on_epoch_end`, told of the end of each epoch.
    """

    def __init__(self, source: Any) -> None:
        self._source = source
        self.once = hasattr(source, "__next__")
        self._indexed = hasattr(source, "__getitem__") and hasattr(source, "__len__")
        self._iterator: Iterator[Any]
        self.restart()

    @property
    def steps(self) -> int | None:
        """Batches in a pass, if they are known."""
        try:
            return None if self.once else _count(self._source)
        except TypeError:  # it has none
            return None

    def restart(self) -> None:
        """Begins a new pass where the source can."""
        self.number = 0  # of the next batch
        self._own: Generator[Any] | None = None
        if self._indexed and not self.once:
            self._iterator = self._own = self._by_index()
        else:
            self._iterator = iter(self._source)

    def close(self) -> None:
        """Ends the pass, and the threads that make its batches; what an error still refers to would
        keep them. An iterable of the user's own is left as it is."""
        if self._own is not None:
            self._own.close()

    def _by_index(self) -> Generator[Any]:
        source, workers = self._source, getattr(self._source, "workers", 1)
        if isinstance(workers, int) and workers > 1:
            most = getattr(source, "max_queue_size", 10)
            from corereg.training.data.prefetch import fetched_ahead

            return fetched_ahead(source.__getitem__, _count(source), workers, most)
        count = _count(source)
        return (source[i] for i in (itertools.count() if count is None else range(count)))

    def next(self) -> tuple[Any] | None:
        """The next batch, in a tuple, or None at the end."""
        for found in self._iterator:
            self.number += 1
            return (found,)
        return None

    def begin_epoch(self) -> None:
        """Tells a source that wants to know of the beginning of an epoch."""
        if self._indexed and not self.once and hasattr(self._source, "on_epoch_begin"):
            self._source.on_epoch_begin()

    def end_epoch(self) -> None:
        """Tells a source that wants to know of the end of an epoch."""
        if self._indexed and not self.once and hasattr(self._source, "on_epoch_end"):
            self._source.on_epoch_end()


def _count(source: Any) -> int | None:
    """How many batches a source has, None for no end of them."""
    if hasattr(source, "num_batches") and source.num_batches is None:
        return None
    return len(source)


def batch_parts(who: str, batch: Any) -> tuple[Any, ...]:
    """A batch as (x,), (x, y) or (x, y, sample_weight)."""
    if not isinstance(batch, tuple | list) or not 1 <= len(batch) <= 3:
        what = type(batch).__name__ + (f" of {len(batch)}" if hasattr(batch, "__len__") else "")
        raise ValueError(
            f"{who}: expected a tuple (x, y) or (x, y, sample_weight), received {what}"
        )
    return tuple(batch)


def warn_out_of_data(who: str, done: int, wanted: int | None) -> None:
    """Says that an iterator has run out of data."""
    asked = "" if wanted is None else f" of {wanted}"
    what = "there is no validation" if "validation" in who else "training ends here"
    warn_user(
        f"{who}: the iterator ran out of data after {done}{asked} batches of this epoch; {what}. "
        "Give one that yields enough for all epochs, or an iterable that can be read again",
    )
