"""What steps of the user's own update, in place of the sums of the built-in ones: the mean of the
loss, those of outputs, and the compiled metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.graph.nest import flatten
from corereg.metrics.base import Metric
from corereg.metrics.mean import Mean
from corereg.training.accumulators import outside_graph
from corereg.training.compilation import OutputLoss, OutputMetric
from corereg.training.penalty_sums import PenaltySums


def by_output(given: Any, predictions: list[Tensor]) -> list[Any]:
    """What is given for each output, in flat order; one value counts for each."""
    if given is None or (not isinstance(given, list | tuple | dict) and len(predictions) > 1):
        return [given] * len(predictions)
    return list(flatten(given))


def array_of(value: Any) -> Any:
    """The array of a tensor that needs no gradient, which losses take as it is."""
    return value.data if isinstance(value, Tensor) and not value.requires_grad else value


class CompiledMetrics:
    """The metrics that `compile` was given, as one: Keras's CompileMetrics."""

    name = "compile_metrics"

    def __init__(self, metrics: tuple[OutputMetric, ...]) -> None:
        self._entries = metrics

    @property
    def metrics(self) -> list[Metric]:
        """The metrics themselves."""
        return [one.metric for one in self._entries]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch to each, with the weights for those that want them."""
        predictions = list(flatten(y_pred))
        targets = by_output(y_true, predictions)
        weights = by_output(sample_weight, predictions)
        for output, metric, _, weighted in self._entries:
            _kernels.track_part(metric)
            weight = array_of(weights[output]) if weighted else None
            metric.add_batch(array_of(targets[output]), outside_graph(predictions[output]), weight)

    def result(self) -> dict[str, Any]:
        """What each says, by its name in the logs."""
        return {one.name: one.metric.result() for one in self._entries}

    def reset_state(self) -> None:
        """Forgets all batches."""
        for one in self._entries:
            one.metric.reset_state()


class Trackers:
    """The means that steps of the user's own update: of the loss, of the losses of outputs where
    there are several, the compiled metrics, and the penalties by name if they are asked for."""

    def __init__(self, losses: Sequence[OutputLoss], metrics: tuple[OutputMetric, ...]) -> None:
        self.made_for = losses, metrics
        self.loss = Mean("loss")
        self.outputs = {one.name: Mean(one.name) for one in losses if one.name is not None}
        self.compiled = CompiledMetrics(metrics) if metrics else None
        self.penalties = PenaltySums()

    @property
    def have_losses(self) -> bool:
        """Whether a step has added its loss."""
        return bool(self.loss.states[1][0])

    @property
    def metrics(self) -> list[Any]:
        """All of them, as `Model.metrics` lists them."""
        compiled = [] if self.compiled is None else [self.compiled]
        return [self.loss, *compiled, *self.outputs.values()]
