"""What `compile` was told, and what it means for the outputs of a model: a loss with its weight and
metrics with their names for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg._lazy import later
from corereg.graph.nest import SEQUENCES
from corereg.layers.base import Shape
from corereg.named_tuple import NamedTuple
from corereg.naming import unused_name
from corereg.training.arguments import check_count
from corereg.training.data.checks import prefix_errors

if TYPE_CHECKING:
    from corereg import losses, matmul_precision as precisions, metrics, optimizers
    from corereg.losses.base import Loss
else:  # of what is not compiled there are none
    precisions = later("corereg.matmul_precision")
    losses = later("corereg.losses")
    metrics = later("corereg.metrics")
    optimizers = later("corereg.optimizers")

Array = np.ndarray[Any, Any]
Names = Sequence[str | None]  # of outputs, None for one without a name


class OutputLoss(NamedTuple):
    """The loss of one output.

    output: which, counted from 0; weight: its factor in the total, None: 1; name: of its mean in
    the logs, None where it is the only one.
    """

    output: int
    loss: Loss
    weight: float | None
    name: str | None


class OutputMetric(NamedTuple):
    """A metric of one output. name: in the logs; weighted: whether sample weights count."""

    output: int
    metric: metrics.Metric
    name: str
    weighted: bool


class Compilation:
    """What `compile` was told. Recorded steps depend on its attributes.

    loss, loss_weights, requested_metrics and requested_weighted_metrics are one, a list or a dict,
    with names looked up. What they mean for the outputs is found when data come, and kept.
    matmul_precision: of the model's products, None where `set_float32_matmul_precision` says it.
    steps_per_execution: after how many batches callbacks are called that look at batches.
    gradient_observer: what a callback has each step of a training call `add()` of, once the
    gradients are there.
    """

    gradient_observer: Any = None

    def __init__(
        self,
        optimizer: optimizers.Optimizer | None = None,
        loss: Any = None,
        loss_weights: Any = None,
        requested_metrics: Any = None,
        requested_weighted_metrics: Any = None,
        run_eagerly: bool = False,
        log_penalties: bool = False,
        matmul_precision: str | None = None,
        steps_per_execution: int = 1,
    ) -> None:
        self.steps_per_execution = steps_per_execution
        self.optimizer, self.run_eagerly = optimizer, run_eagerly
        self.matmul_precision = matmul_precision
        self.log_penalties = log_penalties
        self.loss, self.loss_weights = loss, loss_weights
        self.requested_metrics = requested_metrics
        self.requested_weighted_metrics = requested_weighted_metrics
        self.metrics: tuple[OutputMetric, ...] | None = None  # once shapes are known
        self.has_own_metrics = False  # whether any of these gets targets as they were given
        self._losses: tuple[Any, tuple[OutputLoss, ...]] | None = None  # with what they came from

    @classmethod
    def from_arguments(
        cls,
        optimizer: Any,
        loss: Any,
        loss_weights: Any,
        metrics: Any,
        weighted_metrics: Any,
        run_eagerly: bool,
        log_penalties: bool,
        matmul_precision: str | None,
        steps_per_execution: int,
    ) -> Compilation:
        """Names looked up, or ValueError that lists the known ones."""
        check_count("compile", "steps_per_execution", steps_per_execution)
        if matmul_precision is not None:
            precisions.parts_of("compile", matmul_precision)
        return cls(
            optimizers.get(optimizer),
            _each(loss, losses.get),
            _checked_weights(loss_weights),
            _requested(metrics),
            _requested(weighted_metrics),
            bool(run_eagerly),
            bool(log_penalties),
            matmul_precision,
            int(steps_per_execution),
        )

    def need_optimizer(self, who: str) -> optimizers.Optimizer:
        """The optimizer, or RuntimeError if the model is not compiled."""
        if self.optimizer is None:
            raise RuntimeError(
                f"{who}: the model has no optimizer; call compile(optimizer=..., loss=...) first"
            )
        return self.optimizer

    # ---- outputs ---------------------------------------------------------------------------------

    def losses_for(self, who: str, names: Names) -> tuple[OutputLoss, ...]:
        """The losses of outputs of these names, in order; ValueError if loss or loss_weights do not
        fit them."""
        if self._losses is not None:
            (loss, weights, known_names), found = self._losses
            if loss is self.loss and weights is self.loss_weights and known_names == names:
                return found
        if self.loss is None:
            found = ()
        else:
            by_output = by_outputs(who, "loss", self.loss, names)
            factors = by_outputs(who, "loss_weights", self.loss_weights, names)
            each = [
                (i, loss, weight)
                for i, (of_output, factor) in enumerate(zip(by_output, factors, strict=True))
                for loss, weight in _losses_of(who, of_output, factor)
            ]
            taken: set[str] = set()
            found = tuple(
                OutputLoss(
                    i,
                    loss,
                    weight,
                    unused_name(f"{names[i] or loss.name}_loss", taken) if len(each) > 1 else None,
                )
                for i, loss, weight in each
            )
        self._losses = (self.loss, self.loss_weights, list(names)), found
        return found

    def metrics_for(
        self, who: str, names: Names, targets: Sequence[Array | None], outputs: Sequence[Shape]
    ) -> tuple[OutputMetric, ...]:
        """The metrics as objects ("accuracy" depends on shapes), checked against the targets.

        names, targets, outputs: of each output its name, its targets and its shape.
        """
        found = self.metrics
        if found is None:
            found = self._make_metrics(who, names, targets, outputs)
            self.has_own_metrics = any(one.metric.has_own_update for one in found)
        with prefix_errors(who):
            for one in found:
                y = targets[one.output] if targets else None
                if y is None:
                    raise ValueError(f"expected y for the metric {one.name!r}, received None")
                one.metric.check_targets(y, outputs[one.output])
        return found

    def _make_metrics(
        self, who: str, names: Names, targets: Sequence[Array | None], outputs: Sequence[Shape]
    ) -> tuple[OutputMetric, ...]:
        made: list[OutputMetric] = []
        groups = (
            ("metrics", self.requested_metrics, False),
            ("weighted_metrics", self.requested_weighted_metrics, True),
        )
        taken: set[str] = set()
        for argument, requested, weighted in groups:
            for i, wanted in enumerate(metrics_by_output(who, argument, requested, names)):
                for entry in wanted:
                    y, shape = targets[i] if targets else None, outputs[i]
                    sparse = y is not None and (
                        y.ndim < len(shape) or y.shape[-1] == 1 != shape[-1]
                    )
                    metric = metrics.get(entry, shape, sparse)
                    of = "" if len(names) == 1 or names[i] is None else f"{names[i]}_"
                    own = of + metric.name
                    if weighted and own in taken:
                        own = f"{of}weighted_{metric.name}"
                    made.append(OutputMetric(i, metric, unused_name(own, taken), weighted))
        return tuple(made)


# ---- one, a list or a dict -----------------------------------------------------------------------


def _losses_of(who: str, loss: Any, weight: Any) -> list[tuple[Loss, float | None]]:
    """The losses of one output, of which a list may have several, each with its weight."""
    if not isinstance(loss, list):
        return [] if loss is None else [(loss, weight)]
    weights = weight if isinstance(weight, list) else [weight] * len(loss)
    if len(weights) != len(loss) or any(isinstance(one, list | dict) for one in loss):
        raise ValueError(
            f"{who}: expected the losses of one output as a list, and loss_weights as a number or "
            f"a list of as many, received {loss} and {weight}"
        )
    return [(one, factor) for one, factor in zip(loss, weights, strict=True) if one is not None]


def by_outputs(who: str, argument: str, given: Any, names: Names) -> list[Any]:
    """What an argument says of each output: one for all, a list in order, or a dict by name, with
    nothing for those that it lacks. ValueError if it does not fit."""
    count = len(names)
    if isinstance(given, dict):
        unknown = [name for name in given if name not in names]
        if unknown:
            raise ValueError(
                f"{who}: expected {argument} as a dict with the model's outputs {list(names)} as "
                f"keys, received {list(given)}"
            )
        return [given.get(name) for name in names]
    if isinstance(given, list | tuple):
        if len(given) != count:
            raise ValueError(
                f"{who}: expected {argument} as a list with an entry for each of the {count} "
                f"outputs {list(names)}, received {len(given)}"
            )
        return list(given)
    return [given] * count


def metrics_by_output(who: str, argument: str, requested: Any, names: Names) -> list[list[Any]]:
    """The metrics wanted for each output, as lists. A list belongs to the only output, or has an
    entry for each of several; ValueError if it does not."""
    if requested is None:
        return [[] for _ in names]
    if len(names) == 1 and not isinstance(requested, dict):
        entries = requested if isinstance(requested, list) else [requested]
        nested = len(entries) == 1 and isinstance(entries[0], list)
        return [entries[0] if nested else entries]
    if not isinstance(requested, list | dict):
        raise ValueError(
            f"{who}: expected {argument} as a list with an entry for each of the outputs "
            f"{list(names)} or as a dict by their names, for the model has several; received "
            f"{requested!r}"
        )
    found = by_outputs(who, argument, requested, names)
    return [[] if one is None else one if isinstance(one, list) else [one] for one in found]


def _each(structure: Any, change: Any) -> Any:
    """A list or dict with every entry changed, or one entry changed; None stays."""
    if isinstance(structure, dict) and "class_name" not in structure:
        return {name: _each(one, change) for name, one in structure.items()}
    if isinstance(structure, SEQUENCES):
        return [_each(one, change) for one in structure]
    return None if structure is None else change(structure)


def _checked_weights(given: Any) -> Any:
    """loss_weights as numbers, or TypeError."""

    def number(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise TypeError(
                f"compile: expected loss_weights as numbers, received {value!r}; they are third, "
                "as in Keras: use metrics=[...] for metrics"
            )
        if not np.isfinite(value):
            raise ValueError(f"compile: expected finite loss_weights, received {value!r}")
        return float(value)

    return _each(given, number)


def _requested(given: Any) -> Any:
    """Names and objects of metrics, checked to exist."""
    from corereg.metrics.base import resolve

    return _each(given, resolve)
