"""What the estimators take from scikit-learn. Only this module, and what imports it, imports
scikit-learn: it is imported when an estimator is first used."""

from __future__ import annotations

try:
    import scipy.sparse as scipy_sparse
    from sklearn.base import (
        BaseEstimator,
        ClassifierMixin,
        ClassNamePrefixFeaturesOutMixin,
        RegressorMixin,
        TransformerMixin,
    )
    from sklearn.metrics import accuracy_score, r2_score
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import FunctionTransformer
    from sklearn.utils import check_random_state, column_or_1d
    from sklearn.utils.class_weight import compute_sample_weight
    from sklearn.utils.multiclass import check_classification_targets, type_of_target
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
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
    "RegressorMixin",
    "TransformerMixin",
    "_check_sample_weight",
    "accuracy_score",
    "check_classification_targets",
    "check_is_fitted",
    "check_random_state",
    "column_or_1d",
    "compute_sample_weight",
    "r2_score",
    "scipy_sparse",
    "train_test_split",
    "type_of_target",
    "validate_data",
]
