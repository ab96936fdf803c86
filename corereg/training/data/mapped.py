"""Arrays that lie in files: a thread reads the pages that training comes to next."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from corereg.training.data.arrays import ArrayDataset

Array = np.ndarray[Any, Any]
LEAST_BYTES = 1 << 26  # of a file that is worth it
AHEAD_BYTES = 1 << 25  # that are read before they are needed
PAGE = 4096  # bytes; on no machine are pages smaller
PAUSE = 0.005  # seconds between two looks at the place


def is_mapped(array: Any) -> bool:
    """Whether an array lies in a file that is mapped into memory."""
    mmap = sys.modules.get("mmap")  # what maps a file has imported it
    while mmap is not None and array is not None:
        if isinstance(array, mmap.mmap):
            return True
        array = array.obj if isinstance(array, memoryview) else getattr(array, "base", None)
    return False


def read_ahead(data: ArrayDataset, in_order: bool, block: int) -> AbstractContextManager[None]:
    """What is entered while a data set is read: if some of its arrays lie in large files and are
    read in the order in which they lie, but for the order of rows within a block, a thread reads
    ahead of the place where the steps are."""
    sources = [
        a
        for a in (*data.inputs, *data.targets, *data.weights)
        if a is not None and a.nbytes >= LEAST_BYTES and a.flags.c_contiguous and is_mapped(a)
    ]
    return _reading(data, sources, block) if sources and in_order else nullcontext()


@contextmanager
def _reading(data: ArrayDataset, sources: list[Array], block: int) -> Iterator[None]:
    import threading

    reader = PageReader(data, sources, block)
    thread = threading.Thread(target=reader.run, name="corereg-read-ahead", daemon=True)
    thread.start()
    try:
        yield
    finally:
        reader.stopped = True
        thread.join(1.0)  # it may wait for a disk; it ends by itself


class PageReader:
    """Touches pages of files ahead of a data set's place. It holds no lock and nobody waits for it
    for long, so that neither a fork nor an interrupt can leave anything behind."""

    def __init__(self, data: ArrayDataset, sources: list[Array], block: int) -> None:
        self._data, self._sources, self._block = data, sources, block
        self._ahead = max(block, AHEAD_BYTES // sum(a[:1].nbytes for a in sources))
        self.read = 0  # rows that were touched in this pass
        self.stopped = False

    def run(self) -> None:
        """Reads until it is stopped."""
        while not self.stopped:
            if not self.step():
                time.sleep(PAUSE)

    def step(self) -> bool:
        """Reads some rows, if they are wanted: those of blocks that begin soon."""
        rows, block, ahead = len(self._data), self._block, self._ahead
        place = self._data.rows_taken
        wanted = min(rows, -(-(place + ahead) // block) * block)
        if not place <= self.read <= wanted:  # behind the steps, or in the pass before
            self.read = place // block * block
        if self.read == wanted:
            return False
        until = min(wanted, self.read + max(1, ahead // 8))
        for source in self._sources:
            source[self.read : until].reshape(-1).view(np.uint8)[::PAGE].max()
        self.read = until
        return True
