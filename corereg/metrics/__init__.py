"""Metrics, as in `keras.metrics`: running means over batches, one value a row.

"accuracy" is resolved by shapes when the model first meets data, as in Keras: one output:
binary (prediction > 0.5); integer labels: sparse; else categorical (argmax against argmax).
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.metrics.accuracy import (
        BinaryAccuracy as BinaryAccuracy,
        CategoricalAccuracy as CategoricalAccuracy,
        SparseCategoricalAccuracy as SparseCategoricalAccuracy,
    )
    from corereg.metrics.base import (
        Metric as Metric,
        MetricFunction as MetricFunction,
        deserialize as deserialize,
        get as get,
        serialize as serialize,
    )
    from corereg.metrics.mean import Mean as Mean
    from corereg.metrics.regression import (
        MeanAbsoluteError as MeanAbsoluteError,
        MeanSquaredError as MeanSquaredError,
    )

_MODULES = {
    "BinaryAccuracy": "accuracy",
    "CategoricalAccuracy": "accuracy",
    "Mean": "mean",
    "MeanAbsoluteError": "regression",
    "MeanSquaredError": "regression",
    "Metric": "base",
    "MetricFunction": "base",
    "SparseCategoricalAccuracy": "accuracy",
    "deserialize": "base",
    "get": "base",
    "serialize": "base",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="metric")
