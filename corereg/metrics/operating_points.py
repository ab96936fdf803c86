"""The best of one rate where another is at least a given value: sensitivity at specificity, and the
like, over evenly spaced thresholds."""

from __future__ import annotations

from typing import Any

from corereg import ops
from corereg.autograd import Tensor
from corereg.metrics.arrays import divide_no_nan, finished
from corereg.metrics.confusion import ThresholdCounts
from corereg.registry import register


class OperatingPoint(ThresholdCounts):
    """Base class: the largest `sought` rate at thresholds where the `bound` rate is >= value."""

    argument: str  # the name of value in the constructor
    bound: str
    sought: str

    def __init__(
        self, value: float, num_thresholds: int, class_id: int | None, name: str | None, dtype: Any
    ) -> None:
        who = type(self).__name__
        if not 0 <= value <= 1:
            raise ValueError(f"{who}: expected {self.argument} in [0, 1], received {value!r}")
        if num_thresholds <= 0:
            raise ValueError(
                f"{who}: expected num_thresholds of 1 or more, received {num_thresholds!r}"
            )
        self.value, self.num_thresholds = value, num_thresholds
        if num_thresholds == 1:
            self.thresholds = [0.5]
        else:
            inner = [i / (num_thresholds - 1) for i in range(1, num_thresholds - 1)]
            self.thresholds = [0.0, *inner, 1.0]
        spacing = "any" if num_thresholds == 1 else "even"
        super().__init__(self.thresholds, spacing, class_id=class_id, name=name, dtype=dtype)

    def _rate(self, name: str) -> Tensor:
        right, wrong = {
            "sensitivity": ("true_positives", "false_negatives"),
            "specificity": ("true_negatives", "false_positives"),
            "precision": ("true_positives", "false_positives"),
        }[name]
        rights = getattr(self, right)
        return divide_no_nan(rights, rights + getattr(self, wrong))

    def result(self) -> Any:
        """The best rate so far, a float; 0 if the other is too low at all thresholds."""
        allowed = self._rate(self.bound) >= self.value
        return finished(ops.where(allowed, self._rate(self.sought), 0.0).max())

    def get_config(self) -> dict[str, Any]:
        own = {
            self.argument: self.value,
            "num_thresholds": self.num_thresholds,
            "class_id": self.class_id,
        }
        return {**super().get_config(), **own}


@register("metric", "sensitivity_at_specificity")
class SensitivityAtSpecificity(OperatingPoint):
    """The largest sensitivity TP / (TP + FN) at thresholds with a specificity TN / (TN + FP) of at
    least `specificity`.

    num_thresholds: how many, evenly from 0 to 1; class_id: only this column counts.

    Raises ValueError for a specificity outside [0, 1] and for no thresholds.

    >>> metrics.SensitivityAtSpecificity(0.9)([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.8])
    0.5
    """

    recordable = True
    argument, bound, sought = "specificity", "specificity", "sensitivity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


@register("metric", "specificity_at_sensitivity")
class SpecificityAtSensitivity(OperatingPoint):
    """The largest specificity TN / (TN + FP) at thresholds with a sensitivity TP / (TP + FN) of at
    least `sensitivity`.

    num_thresholds, class_id: as in SensitivityAtSpecificity.

    >>> metrics.SpecificityAtSensitivity(0.9)([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.8])
    0.5
    """

    recordable = True
    argument, bound, sought = "sensitivity", "sensitivity", "specificity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


@register("metric", "precision_at_recall")
class PrecisionAtRecall(OperatingPoint):
    """The largest precision TP / (TP + FP) at thresholds with a recall TP / (TP + FN) of at least
    `recall`.

    num_thresholds, class_id: as in SensitivityAtSpecificity.

    >>> metrics.PrecisionAtRecall(0.5)([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.8])
    1.0
    """

    recordable = True
    argument, bound, sought = "recall", "sensitivity", "precision"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)


@register("metric", "recall_at_precision")
class RecallAtPrecision(OperatingPoint):
    """The largest recall TP / (TP + FN) at thresholds with a precision TP / (TP + FP) of at least
    `precision`.

    num_thresholds, class_id: as in SensitivityAtSpecificity.

    >>> metrics.RecallAtPrecision(0.9)([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.8])
    0.5
    """

    recordable = True
    argument, bound, sought = "precision", "precision", "sensitivity"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
