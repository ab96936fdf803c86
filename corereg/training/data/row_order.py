"""The order in which the rows of a data set are taken."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels

Array = np.ndarray[Any, Any]

PassPosition = tuple[int, ...]
"""Where a pass is: the rows of its data set, those taken, and how they are ordered: 0 as they are,
1 shuffled, 1 + n shuffled in blocks of n."""


class RowOrder:
    """The order of the rows in each pass over a data set: a function of (seed, pass), so that
    training that was interrupted can go on. Kernels read both and count the passes.

    unfinished: the place in a pass that the last epoch of a `fit` has begun and not finished, None
    if there is none.
    """

    def __init__(self, seed: int) -> None:
        self.seed = np.array([seed], np.uint64)
        self.passes = np.zeros(1, np.int64)
        self.unfinished: PassPosition | None = None


def shuffle_in_blocks(rows: Array, order: RowOrder, block: int) -> None:
    """Writes an order of rows that reads them block by block, as they lie, and the rows of each
    block in random order: also a function of (seed, pass)."""
    blocks = -(-len(rows) // block)
    count = order.passes * blocks
    for first in range(0, len(rows), block):
        part = rows[first : first + block]
        _kernels.shuffle(part, order.seed, count)  # it adds 1 to count
        part += first
    order.passes += 1
