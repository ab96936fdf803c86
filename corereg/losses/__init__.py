"""Losses, as in `keras.losses`: called with (y_true, y_pred, sample_weight), giving a Tensor.

The built-in losses run in one kernel that also makes the gradient. Where y_pred comes straight
from a sigmoid or softmax, the cross-entropies work on what went into it, which is exact where
probabilities round to 0 or 1 (Keras clips them to [1e-7, 1 - 1e-7]); elsewhere values agree.

Reductions: "sum_over_batch_size" (default): sum of weight * loss over rows, divided by the number
of rows; "sum"; None: a loss for each row.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.losses.base import (
        Loss as Loss,
        LossFunction as LossFunction,
        deserialize as deserialize,
        get as get,
        serialize as serialize,
    )
    from corereg.losses.crossentropy import (
        BinaryCrossentropy as BinaryCrossentropy,
        CategoricalCrossentropy as CategoricalCrossentropy,
        SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
    )
    from corereg.losses.regression import (
        MeanAbsoluteError as MeanAbsoluteError,
        MeanSquaredError as MeanSquaredError,
    )

_MODULES = {
    "BinaryCrossentropy": "crossentropy",
    "CategoricalCrossentropy": "crossentropy",
    "Loss": "base",
    "LossFunction": "base",
    "MeanAbsoluteError": "regression",
    "MeanSquaredError": "regression",
    "SparseCategoricalCrossentropy": "crossentropy",
    "deserialize": "base",
    "get": "base",
    "serialize": "base",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="loss")
