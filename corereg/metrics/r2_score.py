"""R2Score: the share of the targets' variance that predictions explain."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels, ops
from corereg.autograd import Tensor
from corereg.metrics.arrays import as_array, cast_to, finished, same_shape
from corereg.metrics.base import Metric
from corereg.registry import register
from corereg.targets import match_outputs
from corereg.warn import warn_user

AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


@register("metric", "r2_score")
class R2Score(Metric):
    """1 - sum((y - prediction)**2) / sum((y - mean y)**2), of each output (rows, outputs).

    class_aggregation: "uniform_average" for the mean over outputs, "variance_weighted_average" for
    the mean by their variances, None for an array with one for each. num_regressors p: above 0 the
    adjusted score 1 - (1 - R2) (n - 1) / (n - p - 1) of n targets, where n > p + 1. An output whose
    targets are all equal scores 0.

    Raises ValueError for other aggregations, num_regressors below 0, and arrays that are not (rows,
    outputs).

    >>> metrics.R2Score()([[1.0], [3.0]], [[1.0], [2.0]])
    0.5
    """

    recordable = True

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype=dtype, name=name)
        if class_aggregation not in AGGREGATIONS:
            raise ValueError(
                f"R2Score: expected class_aggregation as one of {AGGREGATIONS}, received "
                f"{class_aggregation!r}"
            )
        if num_regressors < 0:
            raise ValueError(
                f"R2Score: expected num_regressors of 0 or more, received {num_regressors!r}"
            )
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self._sums: Any = None
        self.num_samples = self.add_variable((), "zeros", "float64", name="num_samples")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch; sample_weight: a number, one a row, or one for each value."""
        _kernels.track_dependency(self)
        given = self.floats(y_pred)
        y = same_shape(self.name, as_array(y_true), given)
        if y.ndim == 1 and np.ndim(as_array(y_true)) == 2:
            y, given = y.reshape(-1, 1), given.reshape(-1, 1)
        if given.ndim != 2:
            raise ValueError(
                f"{self.name}: expected y_true and y_pred of shape (rows, outputs), received "
                f"{y.shape} and {given.shape}"
            )
        if self._sums is None:
            names = ("sum", "squared_sum", "residual", "count")
            self._sums = tuple(
                self.add_variable((given.shape[1],), "zeros", "float64", name=name)
                for name in names
            )
        true = Tensor(cast_to(y, y.shape, np.float64))
        error = true - Tensor(cast_to(given, given.shape, np.float64))
        ones = np.ones(y.shape)
        weights = Tensor(ones)
        if sample_weight is not None:
            weight = as_array(sample_weight)
            if weight.ndim == 1:
                weight = weight.reshape(-1, 1)
            if np.broadcast_shapes(weight.shape, y.shape) != y.shape:
                raise ValueError(
                    f"{self.name}: expected sample_weight of a shape that broadcasts to {y.shape}, "
                    f"received {np.shape(sample_weight)}"
                )
            weights = Tensor(cast_to(weight, weight.shape, np.float64)) * ones
        weighted = true * weights
        for total, part in zip(
            self._sums, (weighted, true * weighted, error * error * weights, weights), strict=True
        ):
            total.add_(part.sum(axis=0))
        self.num_samples.add_(float(y.size))

    def result(self) -> Any:
        """The score so far: a float, or with class_aggregation=None an array with one for each
        output; 0 before the first batch."""
        if self._sums is None:
            return 0.0
        total, squares, residual, count = (Tensor(part.data) for part in self._sums)
        with np.errstate(all="ignore"):  # targets that are all equal
            spread = squares - total * total / count
            scores = 1 - residual / spread
        scores = ops.where(ops.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = scores.mean()
        elif self.class_aggregation == "variance_weighted_average":
            scores = (spread * scores).sum() / spread.sum()
        if self.num_regressors:
            rest = Tensor(self.num_samples.data) - (self.num_regressors + 1)
            few = (rest <= 0).astype(np.float64)
            if _kernels.tracing() is None and few.item():
                warn_user(
                    "R2Score: there are no more targets than num_regressors + 1; the score is not "
                    "adjusted"
                )
            adjusted = 1 - (1 - scores) * (rest + self.num_regressors) / (rest * (1 - few) + few)
            scores = few * scores + (1 - few) * adjusted
        return finished(scores)

    def check_targets(self, y: Any, outputs: tuple[int | None, ...]) -> None:
        match_outputs(self.name, y, outputs)

    def get_config(self) -> dict[str, Any]:
        own = {
            "class_aggregation": self.class_aggregation,
            "num_regressors": self.num_regressors,
        }
        return {**super().get_config(), **own}
