"""AUC: the area under the ROC or the precision-recall curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import _kernels, ops
from corereg.autograd import Tensor
from corereg.metrics.arrays import as_array, divide_no_nan, finished
from corereg.metrics.confusion import ThresholdCounts, are_even
from corereg.registry import register

CURVES = ("ROC", "PR", "PRGAIN")
METHODS = ("interpolation", "minoring", "majoring")
WIDER = 1e-7  # how far the outer thresholds lie beyond 0 and 1, as in Keras


@register("metric", "auc")
class AUC(ThresholdCounts):
    """The area under a curve of points at many thresholds; predictions in [0, 1].

    num_thresholds: how many, evenly from 0 to 1; thresholds: those between 0 and 1, in their place.
    curve: "ROC" (recall over the false positive rate), "PR" (precision over recall) or "PRGAIN"
    (the same as gains, Flach and Kull 2015).
    summation_method: "interpolation" (for PR that of Davis and Goadrich 2006, else trapezoids),
    "minoring" (the lower of two neighbours) or "majoring" (the higher).
    multi_label: the mean of the areas of all columns of y (rows, labels), weighted by label_weights
    if there are any; num_labels: how many, None: as the first batch has. Without it all columns are
    taken together, and label_weights weigh the elements.
    from_logits: a sigmoid is applied to predictions.

    Raises ValueError for other curves and methods, fewer than 2 thresholds, and num_labels without
    multi_label.

    >>> auc = metrics.AUC()
    >>> auc.update_state([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9])
    >>> round(auc.result(), 4)
    0.75
    """

    recordable = True

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        self.curve = _choice("curve", curve, CURVES)
        self.summation_method = _choice("summation_method", summation_method, METHODS)
        if thresholds is None:
            if num_thresholds <= 1:
                raise ValueError(
                    f"AUC: expected num_thresholds of 2 or more, received {num_thresholds!r}"
                )
            inner = [i / (num_thresholds - 1) for i in range(1, num_thresholds - 1)]
            even = True
        else:
            inner = sorted(map(float, thresholds))
            even = are_even([0.0, *inner, 1.0])
        if num_labels and not multi_label:
            raise ValueError("AUC: expected num_labels only with multi_label=True")
        self._own_thresholds = None if thresholds is None else inner
        self.thresholds = [-WIDER, *inner, 1 + WIDER]
        self.num_thresholds = len(self.thresholds)
        self.multi_label, self.num_labels = bool(multi_label), num_labels
        self.label_weights = None if label_weights is None else list(map(float, label_weights))
        self.from_logits = bool(from_logits)
        super().__init__(
            self.thresholds,
            "widened" if even else "any",
            (num_labels or None) if multi_label else 1,
            name=name,
            dtype=dtype,
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch: y_true in the shape of y_pred; what is not 0 is positive.

        sample_weight: a number, one a row, or of a shape that broadcasts to y_pred's.
        """
        _kernels.track_dependency(self)
        p = self.floats(y_pred)
        if self.multi_label and (p.ndim != 2 or p.shape[1] != (self.num_labels or p.shape[1])):
            labels = self.num_labels or "labels"
            raise ValueError(
                f"{self.name}: expected y_pred of shape (rows, {labels}) with multi_label=True, "
                f"received {p.shape}"
            )
        if self.from_logits:
            p = ops.sigmoid(Tensor(p)).data
        columns = None
        if self.label_weights is not None and not self.multi_label:
            columns = np.array(self.label_weights, p.dtype)
        self._add_counts(as_array(y_true), p, sample_weight, columns)

    def result(self) -> Any:
        """The area so far, a float."""
        tp, fn = self._above(self._positives)
        fp, tn = self._above(None if self._positives is None else self._negatives)
        if self.curve == "PR" and self.summation_method == "interpolation":
            area = _interpolated(tp, fp, fn)
        else:
            x, y = self._points(tp, fp, tn, fn)
            first, second = y[:, :-1], y[:, 1:]
            if self.summation_method == "interpolation":
                heights = (first + second) / 2
            elif self.summation_method == "minoring":
                heights = ops.minimum(first, second)
            else:
                heights = ops.maximum(first, second)
            area = ((x[:, :-1] - x[:, 1:]) * heights).sum(axis=1)
        if self.label_weights is None or not self.multi_label:
            return finished(area.mean())
        weights = np.array(self.label_weights)
        return finished(divide_no_nan((area * weights).sum(), Tensor(weights.sum())))

    def _points(self, tp: Tensor, fp: Tensor, tn: Tensor, fn: Tensor) -> tuple[Tensor, Tensor]:
        """The points (x, y) of the curve, from the lowest threshold on."""
        recall = divide_no_nan(tp, tp + fn)
        if self.curve == "ROC":
            return divide_no_nan(fp, fp + tn), recall
        if self.curve == "PR":
            return recall, divide_no_nan(tp, tp + fp)
        none = tp == 0
        scale = divide_no_nan(tp + fn, tn + fp)
        recall_gain = ops.where(none, 0.0, 1 - scale * divide_no_nan(fn, tp))
        return (
            ops.maximum(recall_gain, 0.0),
            ops.where(none, 1.0, 1 - scale * divide_no_nan(fp, tp)),
        )

    def get_config(self) -> dict[str, Any]:
        own = {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self.from_logits,
        }
        if self._own_thresholds is not None:
            own["thresholds"] = self._own_thresholds
        return {**super().get_config(), **own}


def _choice(what: str, given: Any, known: tuple[str, ...]) -> str:
    """One of the known words, in small or large letters."""
    for word in known:
        if isinstance(given, str) and given in (word, word.lower(), word.capitalize()):
            return word
    raise ValueError(f"AUC: expected {what} as one of {list(known)}, received {given!r}")


def _interpolated(tp: Tensor, fp: Tensor, fn: Tensor) -> Tensor:
    """The area under precision-recall curves, true and false positives interpolated between
    thresholds, which precision is not linear in (Davis and Goadrich 2006)."""
    p = tp + fp
    dtp, dp = tp[:, :-1] - tp[:, 1:], p[:, :-1] - p[:, 1:]
    slope = divide_no_nan(dtp, ops.maximum(dp, 0.0))
    intercept = tp[:, 1:] - slope * p[:, 1:]
    both = ((p[:, :-1] > 0) & (p[:, 1:] > 0)).astype(p.dtype)
    ratio = both * divide_no_nan(p[:, :-1], ops.maximum(p[:, 1:], 0.0)) + (1 - both)
    parts = divide_no_nan(
        slope * (dtp + intercept * ratio.log()), ops.maximum(tp[:, 1:] + fn[:, 1:], 0.0)
    )
    return parts.sum(axis=1)
