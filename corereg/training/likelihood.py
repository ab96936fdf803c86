"""What the outputs of a model are, and how likely they make the targets: for predictions that are
averaged, and for those that are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from corereg import activations, losses
from corereg.graph.nest import flatten
from corereg.graph.tensor import SymbolicTensor
from corereg.layers.activation import Activation
from corereg.layers.activations.softmax import Softmax
from corereg.layers.merging.ensemble_average import EnsembleAverage
from corereg.training.compilation import OutputLoss

Array = np.ndarray[Any, Any]

CATEGORICAL: Final = "categorical"
BERNOULLI: Final = "bernoulli"
TINY: Final = 1e-7  # probabilities are not taken for less, as in the losses

_OF_LABELS = losses.BinaryCrossentropy | losses.BinaryFocalCrossentropy
_OF_CLASSES = (
    losses.CategoricalCrossentropy
    | losses.SparseCategoricalCrossentropy
    | losses.CategoricalFocalCrossentropy
    | losses.CategoricalGeneralizedCrossEntropy
)


class OutputKind(NamedTuple):
    """What an output gives.

    kind: "categorical": probabilities of classes, along the last axis; "bernoulli": of labels, each
    by itself; None: values. from_logits: whether they are logits of these.
    """

    kind: str | None
    from_logits: bool = False


def output_kind(loss: Any, activated: str | None) -> OutputKind:
    """What an output is by its loss, or, if that says nothing of probabilities, by its activation
    (see `kind_by_activation`): softmax gives classes, and sigmoid labels if there is no loss."""
    if isinstance(loss, _OF_LABELS):
        return OutputKind(BERNOULLI, loss.from_logits)
    if isinstance(loss, _OF_CLASSES):
        return OutputKind(CATEGORICAL, getattr(loss, "from_logits", False))
    if activated == CATEGORICAL or (activated == BERNOULLI and loss is None):
        return OutputKind(activated)
    return OutputKind(None)


def output_kinds(
    output_losses: Sequence[OutputLoss], activated: Sequence[str | None]
) -> list[OutputKind]:
    """Of each output."""
    by_output = {one.output: one.loss for one in output_losses}
    return [output_kind(by_output.get(i), one) for i, one in enumerate(activated)]


def kind_by_activation(tensor: SymbolicTensor) -> str | None:
    """What the activation that gives a symbolic tensor's values makes of them: "categorical"
    (softmax), "bernoulli" (sigmoid), or None. The average of an ensemble is what all its models
    give."""
    operation = tensor.node.operation
    if isinstance(operation, EnsembleAverage):
        if operation.probabilities:
            return BERNOULLI if tensor.shape[-1] == 1 else CATEGORICAL
        kinds = {kind_by_activation(one) for one in tensor.node.inputs}
        return kinds.pop() if len(kinds) == 1 else None
    if getattr(operation, "_has_own_call", True) is False:  # a model inside that is a graph
        return kind_by_activation(list(flatten(operation.outputs))[tensor.place])
    while not isinstance(operation, Activation) and getattr(operation, "layers", None):
        operation = operation.layers[-1]
    activation = getattr(operation, "activation", None)
    if isinstance(operation, Softmax) or activation is activations.softmax:
        return CATEGORICAL
    return BERNOULLI if activation is activations.sigmoid else None


def entropy(p: Array, kind: str) -> Array:
    """The entropy of the distributions that p (rows, ..., n) gives, in nats, (rows, ...)."""
    p = np.asarray(p, float)
    found = _x_log_x(p)
    if kind == BERNOULLI:
        found = found + _x_log_x(1 - p)
    whole: Array = -found.sum(axis=-1) if p.ndim > 1 else -found
    return whole


def _x_log_x(x: Array) -> Array:
    found: Array = x * np.log(np.where(x == 0, 1, x))
    return found


def figure_of_merit(kind: str | None, p: Array, y: Array, weight: Array | None) -> float:
    """The mean over the rows of -log p(y), or of the squared error where p are values.

    p: (rows, ...); y: of p's shape, or for classes also their numbers, (rows, ...) or
    (rows, ..., 1); weight: (rows,) or None.
    """
    p = np.asarray(p, float)
    if kind == CATEGORICAL:
        p = np.clip(p / p.sum(axis=-1, keepdims=True), TINY, 1)
        if y.shape == p.shape:
            each = -(y * np.log(p)).sum(axis=-1)
        else:
            places = y.reshape(p.shape[:-1])[..., None].astype(np.int64)
            each = -np.log(np.take_along_axis(p, places, -1)[..., 0])
    else:
        y = np.asarray(y, float).reshape(p.shape)
        if kind == BERNOULLI:
            p = np.clip(p, TINY, 1 - TINY)
            each = -(y * np.log(p) + (1 - y) * np.log1p(-p))
        else:
            each = (y - p) ** 2
    rows = each.reshape(len(each), -1).mean(axis=1)
    return float(np.average(rows, weights=weight))


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), for numbers of any size."""
    half = np.exp(-np.abs(z))
    found: Array = np.where(z >= 0, 1, half) / (1 + half)
    return found


def softmax(z: Array) -> Array:
    """Of the last axis."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    found: Array = e / e.sum(axis=-1, keepdims=True)
    return found
