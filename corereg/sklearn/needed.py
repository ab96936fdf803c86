"""What is needed of scikit-learn. A module of this package imports this one first, so that where
scikit-learn is missing or too old, the error names the extra."""

try:
    import scipy.sparse as scipy_sparse
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.model_selection import train_test_split
    from sklearn.utils import check_random_state, column_or_1d
    from sklearn.utils.multiclass import check_classification_targets, type_of_target
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        "corereg.sklearn needs scikit-learn 1.6 or newer: pip install 'corereg[sklearn]'",
        name="sklearn",
    ) from error

__all__ = [
    "BaseEstimator",
    "ClassifierMixin",
    "RegressorMixin",
    "check_classification_targets",
    "check_is_fitted",
    "check_random_state",
    "column_or_1d",
    "scipy_sparse",
    "train_test_split",
    "type_of_target",
    "validate_data",
]
