"""Masks: which steps of a tensor count.

A layer leaves a mask with what it gives, as Keras does: `tensor._keras_mask`, bools of the tensor's
first axes, (batch, steps), or None. corereg/layers/masked_calls.py says how layers pass them on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.graph.nest import flatten, map_nest
from corereg.targets import as_weight_of


def mask_of(x: Any) -> Any:
    """The mask of a tensor, symbolic or not, or None."""
    return getattr(x, "_keras_mask", None)


def masks_of(nest: Any) -> Any:
    """The mask of each tensor in a nest, or None, nested alike."""
    return map_nest(mask_of, nest)


def any_mask(masks: Any) -> bool:
    """Whether there is a mask in a nest of masks and None."""
    return any(one is not None for one in flatten(masks))


def with_mask(x: Tensor, mask: Any) -> Tensor:
    """The same values with a mask, in the graph, as a tensor of its own."""
    made = ops.reshape(x, x.shape)
    made._keras_mask = mask
    return made


def put_masks(tensors: list[Tensor], masks: Any) -> list[Tensor]:
    """The tensors with the masks of a nest, one for each; None leaves what a tensor has."""
    pairs = zip(tensors, flatten(masks), strict=True)
    return [x if mask is None or mask is x._keras_mask else with_mask(x, mask) for x, mask in pairs]


def masked_weight(who: str, sample_weight: Any, mask: Tensor, dtype: Any, mean: bool) -> Tensor:
    """What values weigh of which a mask keeps some, and that have weights if sample_weight is not
    None: nothing where the mask is False. mean: whether a mean follows, over all of them; then
    those that count share the weights of the others, so that it is over these alone, and 0 if there
    are none."""
    kept = ops.not_equal(mask, 0)
    weight = ops.astype(kept, dtype)
    if mean:
        total = ops.sum(ops.astype(mask, dtype))
        none = ops.equal(total, 0)
        weight = weight * ops.where(none, 0.0, mask.size / ops.where(none, 1.0, total))
    if sample_weight is not None:
        weight = weight * as_weight_of(who, sample_weight, mask.shape, np.dtype(dtype))
    return weight.detach()
