"""What the estimators take from scikit-learn. Only this module, and what imports it, imports
scikit-learn: it is imported when an estimator is first used."""

from __future__ import annotations

try:
    from sklearn.base import (
        BaseEstimator as BaseEstimator,
        ClassifierMixin as ClassifierMixin,
        ClassNamePrefixFeaturesOutMixin as ClassNamePrefixFeaturesOutMixin,
        RegressorMixin as RegressorMixin,
        TransformerMixin as TransformerMixin,
    )
    from sklearn.metrics import accuracy_score as accuracy_score, r2_score as r2_score
    from sklearn.preprocessing import FunctionTransformer as FunctionTransformer
    from sklearn.utils.class_weight import compute_sample_weight as compute_sample_weight
    from sklearn.utils.multiclass import type_of_target as type_of_target
    from sklearn.utils.validation import (
        _check_sample_weight as _check_sample_weight,
        check_is_fitted as check_is_fitted,
        column_or_1d as column_or_1d,
        validate_data as validate_data,
    )
except ImportError as error:
    raise ImportError(
        "corereg.wrappers and corereg.sklearn need scikit-learn 1.6 or later; install it with: "
        'pip install "corereg[sklearn]"'
    ) from error
