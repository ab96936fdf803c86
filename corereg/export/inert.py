"""Layers that pass on what they take, but in training."""

from __future__ import annotations

from typing import Any

from corereg.layers.activity_regularization import ActivityRegularization
from corereg.layers.augmentation.color_layer import ColorLayer
from corereg.layers.augmentation.pipeline import Pipeline
from corereg.layers.augmentation.random_erasing import RandomErasing
from corereg.layers.augmentation.warp_layer import WarpLayer
from corereg.layers.batch_mixing import BatchMixing
from corereg.layers.identity import Identity
from corereg.layers.input_layer import InputLayer
from corereg.layers.random_layer import RandomLayer

_CALLS = {
    kind.call
    for kind in (
        *(ActivityRegularization, BatchMixing, Identity, InputLayer),
        *(ColorLayer, RandomErasing, RandomLayer, WarpLayer),
    )
}


def is_left_out(kind: type) -> bool:
    """Whether layers of a class are left out, or the layers inside them are."""
    known: Any = kind
    return known.call in _CALLS or known.call is Pipeline.call


def passes_on(layer: Any) -> bool:
    """Whether a layer gives at inference what it takes, because its `call` is that of such a
    class: dropout, noise, augmentation, penalties of activities."""
    return type(layer).call in _CALLS


def draws(layer: Any) -> bool:
    """Whether such a layer draws random numbers in training."""
    return isinstance(layer, RandomLayer) and not layer._is_silent
