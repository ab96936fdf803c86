"""Sampling: a call of a model in which dropout draws, though nobody trains.

`Model.predict_mc` calls a model so, many times over. A pass may take several samples of the same
rows at once, one behind the other. Which numbers a layer draws for a row depends on the counters of
the call, on the place of the layer among those that draw, and on the row's place in its block: not
on the layer's own counter, which stays as it is, nor on how many samples a pass takes.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor, ops
from corereg.random import mix

Array = np.ndarray[Any, Any]

BLOCK: Final = 256
"""Rows that share a counter, and so are computed in one pass: dropout and the product before it are
one kernel call only where one counter serves the whole pass."""

_DRAWS: Final = 0x73616D706C65  # tells the keys of draws from all other seeds


class Sampling(_kernels.CallContext):
    """The context of such a call: ``with Sampling(counters): model(x)``.

    counters: int64 (samples, 1 + blocks), which the kernels read: for each sample of the pass first
    the counter of masks that all rows share, then one for each block of BLOCK rows. x holds the
    rows of the first sample, then those of the second, and so on.
    """

    def __init__(self, counters: Array) -> None:
        super().__init__(training=False)
        self._counters = counters
        self._draws = 0

    @staticmethod
    def current() -> Sampling | None:
        """The innermost one in this thread, or None."""
        call = _kernels.current_call()
        while call is not None and type(call) is not Sampling:
            call = call.outer
        return call

    def draw(self, layer: Any, x: Tensor) -> Tensor:
        """What comes out of a RandomLayer for x (samples * rows, ...)."""
        key = mix(_DRAWS + self._draws)
        self._draws += 1
        samples, columns = self._counters.shape
        rows = len(x.data) // samples
        if layer._shares_rows:
            places = [(0, rows, 0)]
        else:
            places = [
                (first, min(first + BLOCK, rows), 1 + first // BLOCK)
                for first in range(0, rows, BLOCK)
            ]
        assert places[-1][2] < columns
        parts = [
            layer._draw(
                x if len(places) == samples == 1 else x[s * rows + first : s * rows + last],
                *(key, self._counters[s, column : column + 1]),
            )
            for s in range(samples)
            for first, last, column in places
        ]
        return parts[0] if len(parts) == 1 else ops.concatenate(parts)
