"""Dense networks as estimators of scikit-learn, for its pipelines, searches and measures.

Importing this package imports nothing else; its names need scikit-learn 1.6 or newer:
`pip install 'corereg[sklearn]'`.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.sklearn.dense_classifier import DenseClassifier as DenseClassifier
    from corereg.sklearn.dense_regressor import DenseRegressor as DenseRegressor

_MODULES = {
    "DenseClassifier": "dense_classifier",
    "DenseRegressor": "dense_regressor",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES)
