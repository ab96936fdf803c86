"""Models as estimators of scikit-learn, under Keras's names: `SKLearnClassifier`,
`SKLearnRegressor` and `SKLearnTransformer`.

scikit-learn is imported when one of them is first used; ``pip install "corereg[sklearn]"`` brings
it. `corereg.sklearn` has estimators whose `set_params` reaches into the model and its training.
"""

from typing import TYPE_CHECKING

from corereg._lazy import lazy_package

if TYPE_CHECKING:
    from corereg.wrappers.classifier import SKLearnClassifier as SKLearnClassifier
    from corereg.wrappers.regressor import SKLearnRegressor as SKLearnRegressor
    from corereg.wrappers.transformer import SKLearnTransformer as SKLearnTransformer

_MODULES = {
    "SKLearnClassifier": "classifier",
    "SKLearnRegressor": "regressor",
    "SKLearnTransformer": "transformer",
}

__getattr__, __dir__, __all__ = lazy_package(__name__, _MODULES)
