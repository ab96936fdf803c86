"""Monitor: the base class of callbacks that ask whether one value of the logs has improved."""

from __future__ import annotations

import warnings
from typing import Any

from corereg.callbacks.base import Callback, Logs
from corereg.naming import snake_case

# Last words of the names of metrics and of their classes, for mode "auto".
_SMALLER_IS_BETTER = (
    *("loss", "penalty", "error", "err", "mse", "mae", "mape", "msle", "rmse", "huber", "hinge"),
    *("crossentropy", "divergence", "poisson", "logcosh", "log_cosh"),
)
_LARGER_IS_BETTER = (
    *("accuracy", "acc", "auc", "precision", "recall", "specificity", "sensitivity", "score"),
    *("f1", "f2", "r2", "iou", "io_u", "similarity", "correlation"),
)


class Monitor(Callback):
    """Base of the callbacks that ask whether one value of the logs has improved.

    NaN never improves, not even as the first value: the best stays None until a number comes.
    """

    def __init__(self, monitor: str, mode: str, best: float | None, min_delta: float) -> None:
        if not isinstance(monitor, str):
            raise TypeError(
                f"{type(self).__name__}: expected monitor as the name of a metric, such as "
                f"'val_loss', received {monitor!r}"
            )
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{type(self).__name__}: expected mode 'auto', 'min' or 'max', "
                f"received {mode!r}; using 'auto'",
                stacklevel=3,
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best = best
        self.min_delta = abs(min_delta)
        self._warned = False

    def _current(self, logs: Logs, consequence: str) -> float | None:
        """The monitored value; None, and one warning, if the logs lack it."""
        value = logs.get(self.monitor)
        if value is None and not self._warned:
            self._warned = True
            known = ", ".join(logs) or "none"
            warnings.warn(
                f"{type(self).__name__}: monitor {self.monitor!r} is not among the logs, so "
                f"{consequence}; available: {known}",
                stacklevel=4,
            )
        return value

    def _improves(self, value: float, reference: float | None) -> bool:
        """Whether `value` beats `reference` by more than `min_delta`; any number beats None."""
        larger = self._larger_is_better()
        if reference is None:
            return value == value  # False for NaN
        if larger:
            return value - self.min_delta > reference
        return value + self.min_delta < reference

    def _larger_is_better(self) -> bool:
        if self.mode != "auto":
            return self.mode == "max"
        answer = self._answer_of_metric()
        if answer is None:
            answer = _answer_of_name(self.monitor.lower())
        if answer is None:
            raise ValueError(
                f"{type(self).__name__}: cannot tell from the name {self.monitor!r} whether larger "
                "or smaller is better; pass mode='max' or mode='min'"
            )
        return answer

    def _answer_of_metric(self) -> bool | None:
        """What the metric of that name says by its attribute `_direction` ("up" or "down"), or by
        the name of its class or of a class that it is derived from; None: nothing."""
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            return False
        for metric in _metrics_of(self.model):
            if metric.name == name:
                direction = getattr(metric, "_direction", None)
                if direction is not None:
                    return bool(direction == "up")
                for parent in type(metric).__mro__:
                    answer = _answer_of_name(snake_case(parent.__name__))
                    if answer is not None:
                        return answer
        return None


def _metrics_of(model: Any) -> list[Any]:
    """All metrics of a model, those that stand for several replaced by these."""
    return [
        metric
        for found in getattr(model, "metrics", ())
        for metric in getattr(found, "metrics", [found])
    ]


def _answer_of_name(name: str) -> bool | None:
    """Whether larger is better, by the last words of a name; None: it does not say."""
    head, _, number = name.rpartition("_")
    if number.isdigit():  # "auc_1" is the second "auc"
        name = head
    for endings, answer in ((_SMALLER_IS_BETTER, False), (_LARGER_IS_BETTER, True)):
        if any(f"_{name}".endswith(f"_{ending}") for ending in endings):
            return answer
    return None
