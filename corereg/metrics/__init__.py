"""Metrics, as in `keras.metrics`: sums over batches, and what is computed of them.

"accuracy" is resolved by shapes when the model first meets data, as in Keras: one output:
binary (prediction > 0.5); integer labels: sparse; else categorical (argmax against argmax).
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.metrics.accuracy import (
        Accuracy as Accuracy,
        BinaryAccuracy as BinaryAccuracy,
        CategoricalAccuracy as CategoricalAccuracy,
        SparseCategoricalAccuracy as SparseCategoricalAccuracy,
        binary_accuracy as binary_accuracy,
        categorical_accuracy as categorical_accuracy,
        sparse_categorical_accuracy as sparse_categorical_accuracy,
    )
    from corereg.metrics.auc import AUC as AUC
    from corereg.metrics.base import (
        Metric as Metric,
        MetricFunction as MetricFunction,
        deserialize as deserialize,
        get as get,
        serialize as serialize,
    )
    from corereg.metrics.confusion import (
        FalseNegatives as FalseNegatives,
        FalsePositives as FalsePositives,
        Precision as Precision,
        Recall as Recall,
        TrueNegatives as TrueNegatives,
        TruePositives as TruePositives,
    )
    from corereg.metrics.correlation import (
        ConcordanceCorrelation as ConcordanceCorrelation,
        PearsonCorrelation as PearsonCorrelation,
        concordance_correlation as concordance_correlation,
        pearson_correlation as pearson_correlation,
    )
    from corereg.metrics.f_score import (
        F1Score as F1Score,
        FBetaScore as FBetaScore,
    )
    from corereg.metrics.iou import (
        BinaryIoU as BinaryIoU,
        IoU as IoU,
        MeanIoU as MeanIoU,
        OneHotIoU as OneHotIoU,
        OneHotMeanIoU as OneHotMeanIoU,
    )
    from corereg.metrics.losses import (
        BinaryCrossentropy as BinaryCrossentropy,
        CategoricalCrossentropy as CategoricalCrossentropy,
        CategoricalHinge as CategoricalHinge,
        CosineSimilarity as CosineSimilarity,
        Hinge as Hinge,
        KLDivergence as KLDivergence,
        LogCoshError as LogCoshError,
        MeanAbsolutePercentageError as MeanAbsolutePercentageError,
        MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
        Poisson as Poisson,
        SparseCategoricalCrossentropy as SparseCategoricalCrossentropy,
        SquaredHinge as SquaredHinge,
        binary_crossentropy as binary_crossentropy,
        binary_focal_crossentropy as binary_focal_crossentropy,
        categorical_crossentropy as categorical_crossentropy,
        categorical_focal_crossentropy as categorical_focal_crossentropy,
        categorical_hinge as categorical_hinge,
        hinge as hinge,
        huber as huber,
        kl_divergence as kl_divergence,
        log_cosh as log_cosh,
        mean_absolute_error as mean_absolute_error,
        mean_absolute_percentage_error as mean_absolute_percentage_error,
        mean_squared_error as mean_squared_error,
        mean_squared_logarithmic_error as mean_squared_logarithmic_error,
        poisson as poisson,
        sparse_categorical_crossentropy as sparse_categorical_crossentropy,
        squared_hinge as squared_hinge,
    )
    from corereg.metrics.mean import (
        Mean as Mean,
        MeanMetricWrapper as MeanMetricWrapper,
        Sum as Sum,
    )
    from corereg.metrics.operating_points import (
        PrecisionAtRecall as PrecisionAtRecall,
        RecallAtPrecision as RecallAtPrecision,
        SensitivityAtSpecificity as SensitivityAtSpecificity,
        SpecificityAtSensitivity as SpecificityAtSensitivity,
    )
    from corereg.metrics.r2_score import R2Score as R2Score
    from corereg.metrics.regression import (
        MeanAbsoluteError as MeanAbsoluteError,
        MeanSquaredError as MeanSquaredError,
        RootMeanSquaredError as RootMeanSquaredError,
    )
    from corereg.metrics.top_k import (
        SparseTopKCategoricalAccuracy as SparseTopKCategoricalAccuracy,
        TopKCategoricalAccuracy as TopKCategoricalAccuracy,
        sparse_top_k_categorical_accuracy as sparse_top_k_categorical_accuracy,
        top_k_categorical_accuracy as top_k_categorical_accuracy,
    )

_MODULES = {
    "AUC": "auc",
    "Accuracy": "accuracy",
    "BinaryAccuracy": "accuracy",
    "BinaryCrossentropy": "losses",
    "BinaryIoU": "iou",
    "CategoricalAccuracy": "accuracy",
    "CategoricalCrossentropy": "losses",
    "CategoricalHinge": "losses",
    "ConcordanceCorrelation": "correlation",
    "CosineSimilarity": "losses",
    "F1Score": "f_score",
    "FBetaScore": "f_score",
    "FalseNegatives": "confusion",
    "FalsePositives": "confusion",
    "Hinge": "losses",
    "IoU": "iou",
    "KLDivergence": "losses",
    "LogCoshError": "losses",
    "Mean": "mean",
    "MeanAbsoluteError": "regression",
    "MeanAbsolutePercentageError": "losses",
    "MeanIoU": "iou",
    "MeanMetricWrapper": "mean",
    "MeanSquaredError": "regression",
    "MeanSquaredLogarithmicError": "losses",
    "Metric": "base",
    "MetricFunction": "base",
    "OneHotIoU": "iou",
    "OneHotMeanIoU": "iou",
    "PearsonCorrelation": "correlation",
    "Poisson": "losses",
    "Precision": "confusion",
    "PrecisionAtRecall": "operating_points",
    "R2Score": "r2_score",
    "Recall": "confusion",
    "RecallAtPrecision": "operating_points",
    "RootMeanSquaredError": "regression",
    "SensitivityAtSpecificity": "operating_points",
    "SparseCategoricalAccuracy": "accuracy",
    "SparseCategoricalCrossentropy": "losses",
    "SparseTopKCategoricalAccuracy": "top_k",
    "SpecificityAtSensitivity": "operating_points",
    "SquaredHinge": "losses",
    "Sum": "mean",
    "TopKCategoricalAccuracy": "top_k",
    "TrueNegatives": "confusion",
    "TruePositives": "confusion",
    "binary_accuracy": "accuracy",
    "binary_crossentropy": "losses",
    "binary_focal_crossentropy": "losses",
    "categorical_accuracy": "accuracy",
    "categorical_crossentropy": "losses",
    "categorical_focal_crossentropy": "losses",
    "categorical_hinge": "losses",
    "concordance_correlation": "correlation",
    "deserialize": "base",
    "get": "base",
    "hinge": "losses",
    "huber": "losses",
    "kl_divergence": "losses",
    "log_cosh": "losses",
    "mean_absolute_error": "losses",
    "mean_absolute_percentage_error": "losses",
    "mean_squared_error": "losses",
    "mean_squared_logarithmic_error": "losses",
    "pearson_correlation": "correlation",
    "poisson": "losses",
    "serialize": "base",
    "sparse_categorical_accuracy": "accuracy",
    "sparse_categorical_crossentropy": "losses",
    "sparse_top_k_categorical_accuracy": "top_k",
    "squared_hinge": "losses",
    "top_k_categorical_accuracy": "top_k",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="metric")
