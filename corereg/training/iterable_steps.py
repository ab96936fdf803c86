"""Steps over batches that come from an iterable instead of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from corereg.training.data.arrays import ArrayDataset, Batch
from corereg.training.data.iterables import BatchIterator, batch_parts
from corereg.training.data.row_order import PassPosition
from corereg.training.steps import ArraySteps, StepRunner

if TYPE_CHECKING:
    from corereg.training.sums import Sums


class IterableSteps:
    """Steps over an iterable of batches, with the same methods as ArraySteps.

    check: makes a checked data set of who asks and of the parts of a batch.
    """

    def __init__(self, who: str, source: Iterable[Any], check: Callable[..., ArrayDataset]) -> None:
        self._who, self._check = who, check
        self._batches = BatchIterator(source)
        self._next: ArrayDataset | None = None
        self._runner: StepRunner | None = None
        try:
            if not self.ready():
                raise ValueError(f"{who}: expected batches (x, y), the iterable gave none")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the reading of batches."""
        self._batches.close()

    @property
    def sums(self) -> Sums:
        """Where the steps add up."""
        assert self._runner is not None
        return self._runner.sums

    @property
    def last_batch(self) -> Batch | None:
        """What the last step ran on, if it is still there."""
        return None if self._runner is None else self._runner.last

    def use(self, runner: StepRunner) -> None:
        """Says what to do with batches, once the first has been checked."""
        self._runner = runner

    @property
    def steps(self) -> int | None:
        """Batches in a pass, if they are known."""
        return self._batches.steps

    @property
    def once(self) -> bool:
        """Whether what was read is gone."""
        return self._batches.once

    def ready(self) -> bool:
        """Whether there is another batch; checks it."""
        if self._next is None:
            who = f"{self._who}: batch {self._batches.number}"
            found = self._batches.next()
            if found is not None:
                self._next = self._check(who, *batch_parts(who, *found))
        return self._next is not None

    def restart(self) -> None:
        """Begins a new pass where that is possible."""
        if self._next is not None and (self.once or self._batches.number == 1):
            self._batches.number = 1  # it has been looked at, but not used
        else:
            self._next = None
            self._batches.restart()

    @property
    def position(self) -> None:
        """None: an iterable is read from its beginning in each epoch."""
        return None

    def resume(self, position: PassPosition | None) -> bool:
        """Drops what was read ahead, for `begin_epoch` to read it again; whether this is the
        position of an iterable: None."""
        if not self.once:
            self._next = None
        return position is None

    def skip(self, steps: int) -> None:
        """Reads batches of this epoch that were trained before; an iterator that can be read once
        goes on where it is."""
        for _ in range(0 if self.once else steps):
            if not self.ready():
                break
            self._next = None

    def begin_epoch(self) -> None:
        """Begins a new pass."""
        self._batches.begin_epoch()
        self.restart()

    def end_epoch(self) -> None:
        """Tells the source of the end of an epoch, if it has a hook for it."""
        self._batches.end_epoch()

    def inputs(self) -> Iterator[tuple[Any, int]]:
        """What the model is called with in the batches of a new pass, and the rows in each; no step
        is run."""
        self.restart()
        while self.ready():
            assert self._next is not None
            data, self._next = self._next, None
            yield data.next_batch(len(data)).x, len(data)

    def run(self, most: int | None) -> int:
        """Runs the next batch; returns 1, or 0 if there is none."""
        if not self.ready():
            return 0
        assert self._next is not None
        assert self._runner is not None
        data, self._next = self._next, None
        self._runner.run_whole(data)
        return 1


Steps = ArraySteps | IterableSteps
