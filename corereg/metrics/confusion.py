"""True and false positives and negatives at thresholds, and what is computed of them: precision and
recall. The counts at all thresholds are added up by one kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import _kernels, ops
from corereg.autograd import Tensor
from corereg.metrics.arrays import (
    Array,
    as_array,
    as_matrix,
    as_places,
    cast_like,
    cast_to,
    divide_no_nan,
    finished,
    same_shape,
    spread,
)
from corereg.metrics.base import Metric
from corereg.registry import register

NONE_ABOVE = -1e10  # where predictions that are not among the k largest are put


class ThresholdCounts(Metric):
    """Base class of metrics that count who is above which threshold, (prediction > threshold), by
    whether y is 0 or not.

    thresholds: sorted; spacing: "any", "even" if they are k/(n-1), or "widened" if such ones have
    ends beyond 0 and 1; labels: 1 to count all columns together, n to count each, or None for as
    many as the first predictions have.
    """

    def __init__(
        self,
        thresholds: Sequence[float],
        spacing: str,
        labels: int | None = 1,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype=dtype, name=name)
        self._spacing, self._count = spacing, len(thresholds)
        self._sorted = {np.dtype(t): np.array(thresholds, t) for t in ("float32", "float64")}
        self.top_k, self.class_id = top_k, class_id
        self._positives: Any = None
        if labels is not None:
            self._build(labels)

    def _build(self, labels: int) -> None:
        shape = (labels, self._count + 1)
        self._positives = self.add_variable(shape, "zeros", "float64", name="positives")
        self._negatives = self.add_variable(shape, "zeros", "float64", name="negatives")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch: y_true in the shape of y_pred; what is not 0 is positive.

        sample_weight: a number, one a row, or of a shape that broadcasts to y_pred's.
        """
        _kernels.track_dependency(self)
        self._add_counts(as_array(y_true), self.floats(y_pred), sample_weight)

    def _add_counts(
        self, y: Array, p: Array, sample_weight: Any, column_weights: Array | None = None
    ) -> None:
        if not p.ndim:
            y, p = y.reshape(-1), p.reshape(1)
        y = cast_like(same_shape(self.name, y, p), p)
        if self.top_k is not None:
            if not 1 <= self.top_k <= p.shape[-1]:
                raise ValueError(
                    f"{self.name}: expected y_pred with {self.top_k} classes or more (top_k), "
                    f"received {p.shape}"
                )
            p = _kernels.filter_top_k(as_places(p), self.top_k).reshape(p.shape)
        if self.class_id is not None:
            y, p = self._column(y), self._column(p)
        z = as_matrix(p)
        if self._positives is None:
            self._build(z.shape[1])
        weights = None if sample_weight is None else self._weights(sample_weight, p)
        _kernels.threshold_counts(
            self._positives.data,
            self._negatives.data,
            z,
            as_matrix(y),
            self._sorted[p.dtype],
            weights,
            column_weights,
            self._spacing,
        )

    def _column(self, a: Array) -> Array:
        """The column of the class that is asked for."""
        assert self.class_id is not None
        if a.ndim < 2 or not -a.shape[-1] <= self.class_id < a.shape[-1]:
            raise ValueError(
                f"{self.name}: expected y_pred of shape (rows, classes) with a class "
                f"{self.class_id} (class_id), received {a.shape}"
            )
        place = self.class_id % a.shape[-1]
        return Tensor(a)[..., place : place + 1].data

    def _weights(self, sample_weight: Any, p: Array) -> Array:
        """Weights as the kernel takes them: one a row, or one for each element."""
        weight = as_array(sample_weight)
        if weight.dtype.kind not in "fiub":
            raise TypeError(
                f"{self.name}: expected sample_weight of numbers, received dtype {weight.dtype}"
            )
        weight = cast_to(weight, weight.shape, p.dtype)
        if weight.ndim == 1 and len(weight) == len(p):
            return weight
        if weight.ndim == p.ndim + 1 and weight.shape[-1] == 1:
            weight = weight.reshape(weight.shape[:-1])
        shape = weight.shape + (1,) * (p.ndim - weight.ndim)
        if len(shape) != p.ndim or any(
            w not in (1, n) for w, n in zip(shape, p.shape, strict=True)
        ):
            raise ValueError(
                f"{self.name}: expected sample_weight of a shape that broadcasts to {p.shape}, "
                f"received {weight.shape}"
            )
        return as_matrix(spread(weight.reshape(shape), p.shape))

    # ---- counts so far -----------------------------------------------------------------------

    def _above(self, counts: Any) -> tuple[Tensor, Tensor]:
        """(the weights above each threshold, those that are not), (labels, thresholds)."""
        if counts is None:
            counts = np.zeros((1, self._count + 1))
        reverse = ops.flip(Tensor(as_array(counts)), -1)
        above = ops.flip(ops.cumsum(reverse, -1), -1)
        return above[:, 1:], above[:, :1] - above[:, 1:]

    def _shown(self, counts: Tensor) -> Tensor:
        """Counts (labels, thresholds) as `result` has them: (thresholds,) for one label."""
        return counts[0] if counts.shape[0] == 1 else counts.transpose()

    @property
    def true_positives(self) -> Tensor:
        """The weights so far of what is positive and above each threshold."""
        return self._shown(self._above(self._positives)[0])

    @property
    def false_negatives(self) -> Tensor:
        """The weights so far of what is positive and not above each threshold."""
        return self._shown(self._above(self._positives)[1])

    @property
    def false_positives(self) -> Tensor:
        """The weights so far of what is negative and above each threshold."""
        negatives = None if self._positives is None else self._negatives
        return self._shown(self._above(negatives)[0])

    @property
    def true_negatives(self) -> Tensor:
        """The weights so far of what is negative and not above each threshold."""
        negatives = None if self._positives is None else self._negatives
        return self._shown(self._above(negatives)[1])


class ChosenThresholds(ThresholdCounts):
    """Base class of those whose thresholds the user gives: a number or a list, in any order."""

    def __init__(
        self, thresholds: Any, default: float, name: str | None, dtype: Any, **options: Any
    ) -> None:
        self.init_thresholds = thresholds
        given = default if thresholds is None else thresholds
        found = list(given) if isinstance(given, list | tuple | np.ndarray) else [given]
        bad = [t for t in found if t is None or not (0 <= t <= 1 or t == default)]
        if bad or not found:
            raise ValueError(
                f"{type(self).__name__}: expected thresholds in [0, 1], received {bad or found}"
            )
        self.thresholds = found
        order = np.argsort(found, kind="stable")
        self._places = None if (np.diff(order) > 0).all() else np.argsort(order)
        spacing = "even" if are_even(found) else "any"
        super().__init__(sorted(found), spacing, name=name, dtype=dtype, **options)

    def _shown(self, counts: Tensor) -> Tensor:
        shown = counts[0]
        return shown if self._places is None else shown[self._places]

    def _finish(self, values: Tensor) -> Any:
        """A value for each threshold as the result: a float where there is one threshold."""
        return finished(values[0] if self._count == 1 else values)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.init_thresholds}


def are_even(thresholds: Sequence[float]) -> bool:
    """Whether thresholds are 0, 1/(n-1), 2/(n-1), ..., 1, three or more, as Keras tells it."""
    n = len(thresholds)
    return n >= 3 and np.allclose(thresholds, np.arange(n, dtype="float32") / (n - 1), atol=1e-7)


class Count(ChosenThresholds):
    """Base class of the four counts."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(thresholds, 0.5, name, dtype)


@register("metric", "true_positives")
class TruePositives(Count):
    """The weights of all that is positive and predicted above the threshold.

    thresholds: a number in [0, 1] or a list of them, then the result has a value for each; None:
    0.5. Raises ValueError for others.

    >>> metrics.TruePositives()([1, 1, 0], [0.9, 0.2, 0.1])
    1.0
    """

    recordable = True

    def result(self) -> Any:
        """The sum so far, a float, or an array with one for each threshold."""
        return self._finish(self.true_positives)


@register("metric", "true_negatives")
class TrueNegatives(Count):
    """The weights of all that is not positive and not predicted above the threshold.

    thresholds: as in TruePositives.

    >>> metrics.TrueNegatives()([0, 0, 1], [0.9, 0.2, 0.1])
    1.0
    """

    recordable = True

    def result(self) -> Any:
        """The sum so far, a float, or an array with one for each threshold."""
        return self._finish(self.true_negatives)


@register("metric", "false_positives")
class FalsePositives(Count):
    """The weights of all that is not positive and predicted above the threshold.

    thresholds: as in TruePositives.

    >>> metrics.FalsePositives()([0, 0, 1], [0.9, 0.2, 0.1])
    1.0
    """

    recordable = True

    def result(self) -> Any:
        """The sum so far, a float, or an array with one for each threshold."""
        return self._finish(self.false_positives)


@register("metric", "false_negatives")
class FalseNegatives(Count):
    """The weights of all that is positive and not predicted above the threshold.

    thresholds: as in TruePositives.

    >>> metrics.FalseNegatives()([1, 1, 0], [0.9, 0.2, 0.1])
    1.0
    """

    recordable = True

    def result(self) -> Any:
        """The sum so far, a float, or an array with one for each threshold."""
        return self._finish(self.false_negatives)


class Rate(ChosenThresholds):
    """Base class of precision and recall."""

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        default = 0.5 if top_k is None else NONE_ABOVE
        super().__init__(thresholds, default, name, dtype, top_k=top_k, class_id=class_id)

    def get_config(self) -> dict[str, Any]:
        own = {"top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **own}


@register("metric", "precision")
class Precision(Rate):
    """TP / (TP + FP): the share of right ones among those predicted above the threshold; 0 where
    there are none.

    thresholds: a number in [0, 1] or a list of them, then the result has a value for each; None:
    0.5, or, with top_k, below all. top_k: predictions that are not among the k largest of their row
    count as below all thresholds. class_id: only this column counts.

    Raises ValueError for thresholds outside [0, 1].

    >>> precision = metrics.Precision()
    >>> round(precision([1, 0, 1, 1], [0.9, 0.8, 0.7, 0.1]), 4)
    0.6667
    """

    recordable = True

    def result(self) -> Any:
        """The precision so far, a float, or an array with one for each threshold."""
        right = self.true_positives
        return self._finish(divide_no_nan(right, right + self.false_positives))


@register("metric", "recall")
class Recall(Rate):
    """TP / (TP + FN): the share of positives that are predicted above the threshold; 0 where there
    are none.

    thresholds, top_k, class_id: as in Precision.

    >>> round(metrics.Recall()([1, 0, 1, 1], [0.9, 0.8, 0.7, 0.1]), 4)
    0.6667
    """

    recordable = True

    def result(self) -> Any:
        """The recall so far, a float, or an array with one for each threshold."""
        right = self.true_positives
        return self._finish(divide_no_nan(right, right + self.false_negatives))
