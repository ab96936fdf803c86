"""Networks as estimators of scikit-learn, for its pipelines, searches and measures.

`DenseClassifier` and `DenseRegressor` are dense networks whose layers and regularizers are
parameters; `RegularizationSearchCV` searches for the right ones. `ModelClassifier` and
`ModelRegressor` wrap any model, and `set_params` reaches into the model, its optimizer, loss,
metrics, callbacks and training: ``model__units=64``, ``optimizer__learning_rate=0.01``,
``fit__epochs=50``. `KerasClassifier` and `KerasRegressor` are the same classes under SciKeras's
names.

scikit-learn, 1.6 or newer, is imported when one of them is first used;
``pip install "corereg[sklearn]"`` brings it.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.sklearn.dense_classifier import DenseClassifier as DenseClassifier
    from corereg.sklearn.dense_regressor import DenseRegressor as DenseRegressor
    from corereg.sklearn.encoders import (
        ClassifierLabelEncoder as ClassifierLabelEncoder,
        RegressorTargetEncoder as RegressorTargetEncoder,
    )
    from corereg.sklearn.model_classifier import (
        KerasClassifier as KerasClassifier,
        ModelClassifier as ModelClassifier,
    )
    from corereg.sklearn.model_estimator import (
        BaseWrapper as BaseWrapper,
        ModelEstimator as ModelEstimator,
    )
    from corereg.sklearn.model_regressor import (
        KerasRegressor as KerasRegressor,
        ModelRegressor as ModelRegressor,
    )
    from corereg.sklearn.regularization_search import (
        RegularizationSearchCV as RegularizationSearchCV,
    )

_MODULES = {
    "BaseWrapper": "model_estimator",
    "ClassifierLabelEncoder": "encoders",
    "DenseClassifier": "dense_classifier",
    "DenseRegressor": "dense_regressor",
    "KerasClassifier": "model_classifier",
    "KerasRegressor": "model_regressor",
    "ModelClassifier": "model_classifier",
    "ModelEstimator": "model_estimator",
    "ModelRegressor": "model_regressor",
    "RegressorTargetEncoder": "encoders",
    "RegularizationSearchCV": "regularization_search",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES)
