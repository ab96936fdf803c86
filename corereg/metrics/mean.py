"""Mean: the mean of whatever values it is given."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.metrics.base import Metric, as_array, cast_to
from corereg.registry import register


@register("metric", "mean")
class Mean(Metric):
    """The weighted mean of the values that `update_state` gets, of any shape.

    update_state(values, sample_weight=None): sample_weight is a number, or an array that has a
    weight for each value, broadcast as NumPy does.
    """

    recordable = True

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Adds values, each with its weight."""
        _kernels.track_dependency(self)
        given = as_array(values)
        if given.dtype.kind != "f":
            given = given.astype("float64")
        if sample_weight is None:
            _kernels.accumulate_weighted_sum(self._total, given)
            _kernels.increment(self._rows, given.size)
            return
        weight = as_array(sample_weight)
        if not weight.ndim and not isinstance(sample_weight, Tensor):
            factor = float(weight)
            _kernels.accumulate_weighted_sum(self._total, given, factor)
            _kernels.accumulate_weighted_sum(self._weight, np.ones(given.shape), factor)
            return
        weight = cast_to(np.broadcast_to(weight, given.shape), given.shape, given.dtype)
        _kernels.accumulate_weighted_sum(self._total, given, 1.0, weight)
        _kernels.accumulate_weighted_sum(self._weight, weight)
