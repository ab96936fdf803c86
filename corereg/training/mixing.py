"""Rows of a batch mixed by a MixUp or CutMix layer: inputs, targets and sample weights.

A mixed row is s of row i and 1-s of row j. Inputs and sample weights are mixed so, and so are
targets that are numbers, one-hot rows or probabilities. Where a loss takes targets as classes
(integer labels, binary cross-entropy, hinges) nothing lies between two of them: there the loss
itself is mixed, s loss(y[i]) + (1-s) loss(y[j]), which for cross-entropies is the same number, and
metrics look at the target of the larger share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.graph.nest import map_nest
from corereg.layers.batch_mixing import BatchMixing, Mixture
from corereg.losses.base import Loss
from corereg.training.data.arrays import Batch, ClassPart

Array = np.ndarray[Any, Any]


def mixes_values(loss: Loss | None, targets: Array | None) -> bool:
    """Whether the values of a loss are mixed, and not its targets."""
    return targets is not None and (
        targets.dtype.kind in "iu" or (loss is not None and loss._targets_are_classes)
    )


def mix_batch(layer: BatchMixing, batch: Batch, losses: Sequence[Loss | None]) -> Batch:
    """A batch with its rows mixed. losses: of each output, None for one without."""
    _kernels.track_part(layer)
    weights_dtype = next(a.dtype for a in batch.arrays if a is not None and a.dtype.kind == "f")
    mixture = layer.draw(batch.rows, weights_dtype)
    x = map_nest(lambda one: Tensor(layer.mix_inputs(one.data, mixture)), batch.x)
    targets: list[Array | None] = []
    classes: list[tuple[ClassPart, ...] | None] = []
    known = batch.classes or (None,) * len(batch.targets)
    for loss, own, parts in zip(losses, batch.targets, known, strict=True):
        if own is None or not (parts or mixes_values(loss, own)):
            targets.append(_mixed(own, mixture))
            classes.append(None)
            continue
        larger = _kernels.larger_rows(mixture.order, mixture.share)
        targets.append(_rows(own, larger))
        classes.append(_class_parts(own, parts, mixture))
    return batch._replace(
        x=x,
        targets=tuple(targets),
        weights=tuple(_mixed(one, mixture) for one in batch.weights),
        classes=tuple(classes),
    )


def mixed_loss(
    loss: Loss, parts: Sequence[ClassPart], prediction: Tensor, weight: Array | None
) -> Tensor:
    """The sum of a loss for each part of the targets, weighted by their shares."""
    total: Tensor | None = None
    for targets, share in parts:
        own = share
        if weight is not None:
            per_row = Tensor(share).reshape(-1, *(1,) * (weight.ndim - 1))
            own = (Tensor(weight) * per_row).data
        value = loss(targets, prediction, own)
        total = value if total is None else total + value
    assert total is not None
    return total


def _mixed(rows: Array | None, mixture: Mixture) -> Array | None:
    return None if rows is None else _kernels.mix_rows(rows, mixture.order, mixture.share)


def _rows(source: Array, order: Array) -> Array:
    return _kernels.gather_rows(source, np.empty_like(source), order)


def _class_parts(
    targets: Array, parts: Sequence[ClassPart] | None, mixture: Mixture
) -> tuple[ClassPart, ...]:
    """The parts of the rows' own targets, and those of the rows that they are mixed with."""
    share = Tensor(mixture.share)
    rest = 1 - share
    if parts is None:
        other = ClassPart(_rows(targets, mixture.order), rest.data)
        return ClassPart(targets, mixture.share), other
    found = [ClassPart(one.targets, (Tensor(one.share) * share).data) for one in parts]
    for one in parts:
        theirs = Tensor(_rows(one.share, mixture.order)) * rest
        found.append(ClassPart(_rows(one.targets, mixture.order), theirs.data))
    return tuple(found)
