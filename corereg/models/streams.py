"""Batches that come from a generator or another iterable instead of arrays."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg.autograd import Tensor
from corereg.models.data import Batch, Rows
from corereg.models.steps import Access, Recordings, run_batch

if TYPE_CHECKING:
    from corereg.models.compiled import Compiled


def is_stream(x: Any) -> bool:
    """Whether x gives batches: an iterator, an object with `__getitem__` and `__len__` (such as
    Keras's PyDataset) or another iterable that is no array; of lists only those of tuples that
    begin with a matrix, and no dicts or strings."""
    if isinstance(x, list):
        return bool(x) and all(
            isinstance(b, tuple) and 1 <= len(b) <= 3 and getattr(b[0], "ndim", 0) >= 2 for b in x
        )
    if isinstance(x, np.ndarray | Tensor | tuple | dict | str | bytes) or hasattr(x, "__array__"):
        return False
    return hasattr(x, "__iter__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


class Stream:
    """An iterable of batches, read one at a time.

    An iterator goes on from epoch to epoch. Anything else begins anew at `restart`; an object with
    `__getitem__` and `__len__` is asked for batches 0, 1, ... and, if it has `on_epoch_end`, told
    of the end of each epoch.
    """

    def __init__(self, source: Any) -> None:
        self._source = source
        self.once = hasattr(source, "__next__")
        self._indexed = hasattr(source, "__getitem__") and hasattr(source, "__len__")
        self.restart()

    @property
    def steps(self) -> int | None:
        """Batches in a pass, if they are known."""
        try:
            return None if self.once else len(self._source)
        except TypeError:  # it has none
            return None

    def restart(self) -> None:
        """Begins a new pass where the source can."""
        self.number = 0  # of the next batch
        indexed = self._indexed and not self.once
        self._iterator = self._by_index() if indexed else iter(self._source)

    def _by_index(self) -> Iterator[Any]:
        for i in range(len(self._source)):
            yield self._source[i]

    def next(self) -> tuple[Any] | None:
        """The next batch, in a tuple, or None at the end."""
        for found in self._iterator:
            self.number += 1
            return (found,)
        return None

    def end_epoch(self) -> None:
        """Tells a source that wants to know of the end of an epoch."""
        if self._indexed and not self.once and hasattr(self._source, "on_epoch_end"):
            self._source.on_epoch_end()


def parts(who: str, batch: Any) -> tuple[Any, ...]:
    """A batch as (x, y) or (x, y, sample_weight)."""
    if not isinstance(batch, tuple | list) or not 2 <= len(batch) <= 3:
        what = type(batch).__name__ + (f" of {len(batch)}" if hasattr(batch, "__len__") else "")
        raise ValueError(
            f"{who}: expected a tuple (x, y) or (x, y, sample_weight), received {what}"
        )
    return tuple(batch)


class StreamSteps:
    """Steps over such batches, like `corereg.models.steps.Steps` over arrays.

    check: makes checked Rows of who asks and what a batch holds; step: does everything with one.
    """

    def __init__(
        self,
        who: str,
        source: Iterable[Any],
        model: Compiled,
        check: Callable[..., Rows],
        access: Access,
    ) -> None:
        self._who, self._model, self._check, self._access = who, model, check, access
        self._stream = Stream(source)
        self._rows: Rows | None = None
        self._recordings: Recordings | None = None
        self._step: Callable[[Batch], None] | None = None
        if not self.ready():
            raise ValueError(f"{who}: expected batches (x, y), the iterable gave none")

    def use(self, recordings: Recordings, step: Callable[[Batch], None]) -> None:
        """Says what to do with batches, once the first has been checked."""
        self._recordings, self._step = recordings, step

    @property
    def steps(self) -> int | None:
        """Batches in a pass, if they are known."""
        return self._stream.steps

    @property
    def once(self) -> bool:
        """Whether what was read is gone."""
        return self._stream.once

    def ready(self) -> bool:
        """Whether there is another batch; checks it."""
        if self._rows is None:
            who = f"{self._who}: batch {self._stream.number}"
            found = self._stream.next()
            if found is not None:
                self._rows = self._check(who, *parts(who, *found))
        return self._rows is not None

    def restart(self) -> None:
        """Begins a new pass where that is possible."""
        if self._rows is not None and (self.once or self._stream.number == 1):
            self._stream.number = 1  # it has been looked at, but not used
        else:
            self._rows = None
            self._stream.restart()

    begin_epoch = restart

    def end_epoch(self) -> None:
        """Tells the source, if it wants to know."""
        self._stream.end_epoch()

    def run(self, most: int | None) -> int:
        """Runs the next batch; returns 1, or 0 if there is none."""
        if not self.ready():
            return 0
        assert self._rows is not None
        assert self._recordings is not None
        assert self._step is not None
        rows, self._rows = self._rows, None
        run_batch(self._model, self._recordings, self._step, rows, self._access)
        return 1


def steps_in(source: Rows | StreamSteps, size: int) -> int | None:
    """Batches in a pass over a data set, if they are known."""
    return -(-len(source) // size) if isinstance(source, Rows) else source.steps


def no_others(who: str, **given: Any) -> None:
    """Raises ValueError for arguments that say how to cut arrays into batches."""
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        raise ValueError(
            f"{who}: expected no {wrong[0]} beside an iterable of batches, each of which is a "
            "tuple (x, y) or (x, y, sample_weight)"
        )


def warn_short(who: str, done: int, wanted: int | None) -> None:
    """Says that an iterator has run out of data."""
    asked = "" if wanted is None else f" of {wanted}"
    what = "there is no validation" if "validation" in who else "training ends here"
    warnings.warn(
        f"{who}: the iterator ran out of data after {done}{asked} batches of this epoch; {what}. "
        "Give one that yields enough for all epochs, or an iterable that can be read again",
        UserWarning,
        stacklevel=4,
    )
