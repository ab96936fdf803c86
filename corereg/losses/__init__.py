"""Losses, as in `keras.losses`: called with (y_true, y_pred, sample_weight), they give a Tensor; as
functions (y_true, y_pred) they give the values before any reduction.
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
    from corereg.losses.distribution import (
        GaussianNLL as GaussianNLL,
        KLDivergence as KLDivergence,
        Poisson as Poisson,
    )
    from corereg.losses.embeddings import (
        Circle as Circle,
    )
    from corereg.losses.focal import (
        BinaryFocalCrossentropy as BinaryFocalCrossentropy,
        CategoricalFocalCrossentropy as CategoricalFocalCrossentropy,
        CategoricalGeneralizedCrossEntropy as CategoricalGeneralizedCrossEntropy,
    )
    from corereg.losses.functions import (
        binary_crossentropy as binary_crossentropy,
        binary_focal_crossentropy as binary_focal_crossentropy,
        categorical_crossentropy as categorical_crossentropy,
        categorical_focal_crossentropy as categorical_focal_crossentropy,
        categorical_generalized_cross_entropy as categorical_generalized_cross_entropy,
        categorical_hinge as categorical_hinge,
        circle as circle,
        cosine_similarity as cosine_similarity,
        dice as dice,
        gaussian_nll as gaussian_nll,
        hinge as hinge,
        huber as huber,
        kl_divergence as kl_divergence,
        log_cosh as log_cosh,
        mean_absolute_error as mean_absolute_error,
        mean_absolute_percentage_error as mean_absolute_percentage_error,
        mean_squared_error as mean_squared_error,
        mean_squared_logarithmic_error as mean_squared_logarithmic_error,
        poisson as poisson,
        quantile as quantile,
        sparse_categorical_crossentropy as sparse_categorical_crossentropy,
        squared_hinge as squared_hinge,
        tversky as tversky,
    )
    from corereg.losses.hinges import (
        CategoricalHinge as CategoricalHinge,
        Hinge as Hinge,
        SquaredHinge as SquaredHinge,
    )
    from corereg.losses.overlap import (
        Dice as Dice,
        Tversky as Tversky,
    )
    from corereg.losses.regression import (
        CosineSimilarity as CosineSimilarity,
        Huber as Huber,
        LogCosh as LogCosh,
        MeanAbsoluteError as MeanAbsoluteError,
        MeanAbsolutePercentageError as MeanAbsolutePercentageError,
        MeanSquaredError as MeanSquaredError,
        MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
        Quantile as Quantile,
    )

_MODULES = {
    "BinaryCrossentropy": "crossentropy",
    "BinaryFocalCrossentropy": "focal",
    "CategoricalCrossentropy": "crossentropy",
    "CategoricalFocalCrossentropy": "focal",
    "CategoricalGeneralizedCrossEntropy": "focal",
    "CategoricalHinge": "hinges",
    "Circle": "embeddings",
    "CosineSimilarity": "regression",
    "Dice": "overlap",
    "GaussianNLL": "distribution",
    "Hinge": "hinges",
    "Huber": "regression",
    "KLDivergence": "distribution",
    "LogCosh": "regression",
    "Loss": "base",
    "LossFunction": "base",
    "MeanAbsoluteError": "regression",
    "MeanAbsolutePercentageError": "regression",
    "MeanSquaredError": "regression",
    "MeanSquaredLogarithmicError": "regression",
    "Poisson": "distribution",
    "Quantile": "regression",
    "SparseCategoricalCrossentropy": "crossentropy",
    "SquaredHinge": "hinges",
    "Tversky": "overlap",
    "binary_crossentropy": "functions",
    "binary_focal_crossentropy": "functions",
    "categorical_crossentropy": "functions",
    "categorical_focal_crossentropy": "functions",
    "categorical_generalized_cross_entropy": "functions",
    "categorical_hinge": "functions",
    "circle": "functions",
    "cosine_similarity": "functions",
    "deserialize": "base",
    "dice": "functions",
    "gaussian_nll": "functions",
    "get": "base",
    "hinge": "functions",
    "huber": "functions",
    "kl_divergence": "functions",
    "log_cosh": "functions",
    "mean_absolute_error": "functions",
    "mean_absolute_percentage_error": "functions",
    "mean_squared_error": "functions",
    "mean_squared_logarithmic_error": "functions",
    "poisson": "functions",
    "quantile": "functions",
    "serialize": "base",
    "sparse_categorical_crossentropy": "functions",
    "squared_hinge": "functions",
    "tversky": "functions",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES, kind="loss")
