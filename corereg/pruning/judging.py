"""How good a model is on validation rows, and what a cut may cost."""

from __future__ import annotations

from typing import Any

from corereg.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
)
from corereg.training.data.structures import is_iterable_of_batches

_ACCURACIES = (Accuracy, BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy)


class Judge:
    """Calling it evaluates the model on validation data, (x, y), (x, y, weights) or what else
    `evaluate` takes: its "error", 1 minus the accuracy, if the model was compiled with one; else
    its "loss" without penalties.

    tolerance: by how much the error may grow; loss_tolerance: by what share the loss may.
    """

    def __init__(self, model: Any, data: Any, tolerance: float, loss_tolerance: float) -> None:
        self._model = model
        self._data = (data,) if is_iterable_of_batches(data) else tuple(data)
        self._tolerance, self._loss_tolerance = tolerance, loss_tolerance
        self.measure = "loss"

    def __call__(self) -> float:
        x, y, weights = (*self._data, None, None)[:3]
        logs = self._model.evaluate(x, y, verbose=0, sample_weight=weights, return_dict=True)
        accuracy = self._accuracy_name()
        self.measure = "loss" if accuracy is None else "error"
        if accuracy is not None:
            return 1 - float(logs[accuracy])
        return float(logs["loss"]) - float(logs.get("penalty", 0.0))

    def allows(self, before: float, now: float) -> bool:
        """Whether a cut may cost that."""
        if self.measure == "error":
            return now <= before + self._tolerance + 1e-9  # shares of rows are not exact
        return now <= before + abs(before) * self._loss_tolerance

    def _accuracy_name(self) -> str | None:
        """Of the model's accuracy in the logs; None if it has none, or several outputs have one."""
        compiled = self._model._trainer.compilation.metrics or ()
        found = [one.name for one in compiled if isinstance(one.metric, _ACCURACIES)]
        outputs = {one.output for one in compiled if one.name in found}
        return found[0] if len(outputs) == 1 else None
