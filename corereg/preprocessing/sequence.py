"""Sequences of one length, and windows of a time series as batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.shown import as_call
from corereg.utils.sequences import PyDataset, pad_sequences

__all__ = ["TimeseriesGenerator", "pad_sequences"]


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a time series, as `keras.preprocessing.sequence` has it.

    data: an array (times, ...); targets: one for each time, of as many. A window is `length` times
    long and holds every sampling_rate-th of them; its target is that of the time behind it.
    stride: times from one window to the next. start_index, end_index: the part of the data.
    shuffle: windows at random, by NumPy's generator. reverse: the latest time first.

    Batches are (windows, targets) of shapes (batch_size, length / sampling_rate, ...) and
    (batch_size, ...). ValueError for arrays of other lengths, and if there is no window.

    >>> from corereg.preprocessing.sequence import TimeseriesGenerator
    >>> series = np.arange(10.0)
    >>> windows = TimeseriesGenerator(series, series, length=3, batch_size=4)
    >>> len(windows), windows[0][0].shape
    (2, (4, 3))
    >>> windows[0][0][0], windows[0][1][0]
    (array([0., 1., 2.]), np.float64(3.0))
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
    ) -> None:
        super().__init__()
        if len(data) != len(targets):
            raise ValueError(
                f"TimeseriesGenerator: expected a target for each of {len(data)} times, received "
                f"{len(targets)}"
            )
        self.data, self.targets = data, targets
        self.length, self.sampling_rate, self.stride = length, sampling_rate, stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse, self.batch_size = shuffle, reverse, batch_size
        if self.start_index > self.end_index:
            raise ValueError(
                f"TimeseriesGenerator: expected a part of the data that is longer than a window of "
                f"{length}, received times {start_index} to {self.end_index}"
            )

    __repr__ = as_call

    def __len__(self) -> int:
        step = self.batch_size * self.stride
        return (self.end_index - self.start_index + step) // step

    def __getitem__(self, index: int) -> Any:
        if self.shuffle:
            size = (self.batch_size,)
            rows = np.random.randint(self.start_index, self.end_index + 1, size=size)  # noqa: NPY002
        else:
            first = self.start_index + self.batch_size * self.stride * index
            last = min(first + self.batch_size * self.stride, self.end_index + 1)
            rows = np.arange(first, last, self.stride)
        windows = np.array(
            [self.data[row - self.length : row : self.sampling_rate] for row in rows]
        )
        targets = np.array([self.targets[row] for row in rows])
        return (windows[:, ::-1] if self.reverse else windows), targets
