"""SKLearnEstimator: what Keras's three wrappers have in common."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from corereg.models.cloning import clone_model
from corereg.models.model import Model
from corereg.wrappers.data import checked_data, checked_features, with_shape_of
from corereg.wrappers.scikit_learn import (
    BaseEstimator,
    check_is_fitted,
    column_or_1d,
    type_of_target,
)

Array = np.ndarray[Any, Any]


class SKLearnEstimator(BaseEstimator):  # type: ignore[misc]
    """A model as an estimator of scikit-learn: `fit`, `predict`, parameters, and what it saw.

    model: a compiled Model, or a function that gives one. `fit` trains a clone of a Model, whose
    weights begin anew, and leaves the Model as it is. A function is called as
    ``model(X=X, y=y, **model_kwargs)`` with arrays: X (rows, features), y (rows, outputs); that of
    a classifier is one-hot, (rows, classes).
    warm_start: whether `fit` goes on with the weights of the last `fit`; a Model is then trained
    itself. model_kwargs: arguments of the function; fit_kwargs: arguments of `model.fit`, before
    which those go that `fit` itself is given.

    After `fit`: model_, the trained Model; history_, the History of its training; n_features_in_,
    and feature_names_in_ if X had names of columns.
    """

    def __init__(
        self,
        model: Any,
        warm_start: bool = False,
        model_kwargs: dict[str, Any] | None = None,
        fit_kwargs: dict[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True  # the seed is the process's, see set_random_seed
        tags.target_tags.required = True
        return tags

    @property
    def epoch_(self) -> int:
        """How many epochs the last `fit` has trained; 0 before it."""
        return len(self.history_.epoch) if hasattr(self, "history_") else 0

    def set_fit_request(self, **kwargs: Any) -> Self:
        """Says which metadata `fit` wants of meta-estimators: name=True, False, None, or the name
        by which it is handed on. RuntimeError unless scikit-learn's `enable_metadata_routing` is
        on."""
        import sklearn

        if not sklearn.get_config().get("enable_metadata_routing"):
            raise RuntimeError(
                f"{type(self).__name__}.set_fit_request: metadata routing is off; turn it on with "
                "sklearn.set_config(enable_metadata_routing=True)"
            )
        request = self._get_metadata_request()
        for name, alias in kwargs.items():
            request.fit.add_request(param=name, alias=alias)
        self._metadata_request = request
        return self

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Self:
        """Trains a model from new weights; returns self.

        X: (rows, features), of numbers; y: (rows,) or (rows, outputs); **kwargs: arguments of
        `model.fit`, such as epochs and sample_weight. TypeError for sparse X; ValueError for data
        that scikit-learn's rules refuse; RuntimeError for a model that is not compiled.
        """
        x, targets = checked_data(self, "fit", X, y)
        if targets.ndim == 2 and targets.shape[1] == 1:
            targets = column_or_1d(targets, warn=True)
        targets = self._process_target(targets)
        model = self._model_to_train(x, targets)
        self.history_ = model.fit(x, targets, **{**(self.fit_kwargs or {}), **kwargs})
        self.model_ = model
        return self

    def predict(self, X: Any) -> Array:
        """What the model predicts for X (rows, features), in the form of the y of `fit`."""
        return self._reverse_process_target(self._outputs("predict", X))

    def _outputs(self, method: str, x: Any) -> Array:
        """What the model itself gives for checked X. NotFittedError before `fit`."""
        check_is_fitted(self)
        found: Array = self.model_.predict(checked_features(self, method, x), verbose=0)
        return found

    def _model_to_train(self, x: Array, y: Array) -> Model:
        if self.warm_start and hasattr(self, "model_"):
            model = self.model_
        elif not isinstance(self.model, Model):
            model = self.model(X=x, y=y, **(self.model_kwargs or {}))
        else:
            model = self.model if self.warm_start else clone_model(self.model)
        if not getattr(model, "compiled", False) or not model.loss:
            raise RuntimeError(
                f"{type(self).__name__}: expected a compiled model with an optimizer and a loss; "
                "call model.compile(optimizer=..., loss=...) before"
            )
        return model

    # ---- targets ---------------------------------------------------------------------------------

    def _process_target(self, y: Array) -> Array:
        """Targets as the model takes them, (rows, outputs). ValueError for kinds that it cannot
        learn."""
        if type_of_target(y) == "unknown":
            raise ValueError(f"Unknown label type for data: {y!r}")
        self._target_ndim = y.ndim
        return y.reshape(len(y), -1)

    def _reverse_process_target(self, outputs: Array) -> Array:
        """What the model gave, in the form of the targets."""
        return with_shape_of(outputs, self._target_ndim)
