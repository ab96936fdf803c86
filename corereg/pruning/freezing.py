"""Zeros that stay zero: masks of weights, which every step of every optimizer follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Parameter
from corereg.naming import unused_name
from corereg.pruning.kernels import kernels_of, model_weights

Array = np.ndarray[Any, Any]


def freeze_zeros(model: Any, layers: Any = None) -> int:
    """Keeps the kernels' weights that are exactly 0.0 now at 0.0 from now on; returns how many
    weights are frozen then.

    They stay zero in `fit`, `train_on_batch` and loops of one's own, by whatever optimizer: masks
    (`Parameter.mask`) are applied to gradients before their norms are taken, and to weights and
    their averages behind each step. `set_weights` may still set them to anything, until the next
    step. Files of `Model.save`, pickles and deep copies keep the masks; `clone_model`, whose
    weights begin anew, has none, nor has a file of `save_weights`.

    layers: the layers, or their names, whose kernels count; None: all. ValueError for a model that
    is not built or has no kernel, and for layers that it does not have.

    >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(1)])
    >>> model.layers[0].set_weights([np.array([[1.0], [0.0], [0.0], [2.0]]), np.zeros(1)])
    >>> pruning.freeze_zeros(model)
    2
    """
    frozen = 0
    kernels = kernels_of("freeze_zeros", model, layers)
    with _kernels.shared_lock(model.weights).writing:
        for _, w in kernels:
            keep = w.data != 0
            if w.mask is not None:
                keep &= w.mask
            if not keep.all():
                w.mask = keep
                frozen += keep.size - int(keep.sum())
    return frozen


def unfreeze_zeros(model: Any, layers: Any = None) -> None:
    """Takes the masks from weights: their zeros may become anything again. See `freeze_zeros`.

    layers: the layers, or their names, whose masks are taken; None: all of the model, also of what
    is not trained at the time.

    >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(1)])
    >>> table = pruning.magnitude_prune(model, 0.5)
    >>> pruning.unfreeze_zeros(model)
    >>> pruning.masks(model)
    {}
    """
    who = "unfreeze_zeros"
    weights = model_weights(who, model, layers)
    with _kernels.shared_lock(weights).writing:
        for w in weights:
            if w.mask is not None:
                w.mask = None


def masks(model: Any) -> dict[str, Array]:
    """The masks of a model's weights that have one, by the weights' names ("dense/kernel"): arrays
    of bool, False where the weight stays 0.0. To set one, assign to `mask` of a weight.

    >>> model = corereg.Sequential([corereg.Input((2,)), layers.Dense(1, name="d")])
    >>> model.layers[0].set_weights([np.array([[1.0], [0.0]]), np.zeros(1)])
    >>> count = pruning.freeze_zeros(model)
    >>> pruning.masks(model)
    {'d/kernel': array([[ True],
           [False]])}
    """
    taken: set[str] = set()  # layers of one name may be in different models inside
    masked = [w for w in model.weights if w.mask is not None]
    return {unused_name(w.name, taken): w.mask for w in masked}


def cut(optimizer: Any, weights: Sequence[Parameter], keeps: Sequence[Array]) -> None:
    """Sets weights to 0.0 where they are not kept, and freezes that. optimizer: whose averages of
    these weights are cut as well, or None."""
    averages = {}
    if optimizer is not None:
        pairs = zip(optimizer.parameters, optimizer._averages, strict=False)
        averages = {id(p): average for p, average in pairs}
    for w, keep in zip(weights, keeps, strict=True):
        w.assign(np.where(keep, w.data, 0))
        average = averages.get(id(w))
        if average is not None:
            average.assign(np.where(keep, average.data, 0))
        if not keep.all():
            w.mask = keep
