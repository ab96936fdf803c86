"""Monitor: the base class of callbacks that ask whether one value of the logs has improved."""

from __future__ import annotations

import warnings

from corereg.callbacks.base import Callback, Logs

# Last words of metric names, for mode "auto".
_SMALLER_IS_BETTER = (
    *("loss", "penalty", "error", "err", "mse", "mae", "mape", "msle", "rmse", "huber", "hinge"),
    *("crossentropy", "divergence", "poisson", "logcosh", "log_cosh"),
)
_LARGER_IS_BETTER = (
    *("accuracy", "acc", "auc", "precision", "recall", "specificity", "sensitivity", "score"),
    *("f1", "f2", "r2", "iou", "io_u", "similarity", "correlation"),
)


class Monitor(Callback):
    """Base of the callbacks that ask whether one value of the logs has improved."""

    def __init__(self, monitor: str, mode: str, best: float | None, min_delta: float) -> None:
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
        """Whether `value` beats `reference` by more than `min_delta`; anything beats None."""
        larger = self._larger_is_better()
        if reference is None:
            return True
        if larger:
            return value - self.min_delta > reference
        return value + self.min_delta < reference

    def _larger_is_better(self) -> bool:
        if self.mode != "auto":
            return self.mode == "max"
        name, _, number = self.monitor.lower().rpartition("_")
        if not number.isdigit():  # "auc_1" is the second "auc"
            name = self.monitor.lower()
        for endings, answer in ((_SMALLER_IS_BETTER, False), (_LARGER_IS_BETTER, True)):
            if any(f"_{name}".endswith(f"_{ending}") for ending in endings):
                return answer
        raise ValueError(
            f"{type(self).__name__}: cannot tell from the name {self.monitor!r} whether larger or "
            "smaller is better; pass mode='max' or mode='min'"
        )
