"""What the estimators take from scikit-learn. Only this module, and what imports it, imports
scikit-learn: it is imported when an estimator is first used."""

from __future__ import annotations

try:
    import scipy.sparse as scipy_sparse
    from sklearn.base import (
        BaseEstimator,
        ClassifierMixin,
        ClassNamePrefixFeaturesOutMixin,
        MetaEstimatorMixin,
        RegressorMixin,
        TransformerMixin,
        is_classifier,
    )
    from sklearn.metrics import accuracy_score, r2_score
    from sklearn.model_selection import check_cv, train_test_split
    from sklearn.preprocessing import FunctionTransformer
    from sklearn.utils import (
        _safe_indexing,
        check_random_state,
        check_X_y,
        column_or_1d,
        get_tags,
    )
    from sklearn.utils.class_weight import compute_sample_weight
    from sklearn.utils.metaestimators import available_if
    from sklearn.utils.multiclass import check_classification_targets, type_of_target
    from sklearn.utils.validation import (
        _check_sample_weight,
        check_is_fitted,
        indexable,
        validate_data,
    )
except ImportError as error:
    raise ImportError(
        "corereg.wrappers and corereg.sklearn need scikit-learn 1.6 or later; install it with: "
        'pip install "corereg[sklearn]"',
        name="sklearn",
    ) from error

__all__ = [
    "BaseEstimator",
    "ClassNamePrefixFeaturesOutMixin",
    "ClassifierMixin",
    "FunctionTransformer",
    "MetaEstimatorMixin",
    "RegressorMixin",
    "TransformerMixin",
    "_check_sample_weight",
    "_safe_indexing",
    "accuracy_score",
    "available_if",
    "check_X_y",
    "check_classification_targets",
    "check_cv",
    "check_is_fitted",
    "check_random_state",
    "column_or_1d",
    "compute_sample_weight",
    "get_tags",
    "indexable",
    "is_classifier",
    "r2_score",
    "scipy_sparse",
    "train_test_split",
    "type_of_target",
    "validate_data",
]
