"""ModelEstimator: what `ModelClassifier` and `ModelRegressor` have in common."""

from __future__ import annotations

from functools import partial
from typing import Any, Self

import numpy as np

from corereg.models.model import Model
from corereg.sklearn.addressed import AddressedParams
from corereg.sklearn.encoders import ClassifierLabelEncoder
from corereg.sklearn.model_building import (
    PREDICT_ARGUMENTS,
    build_model,
    callbacks_of,
    check_model,
    compile_if_needed,
    fit_arguments,
    full_name,
    seed_of,
    seeded,
    takes_texts,
)
from corereg.sklearn.routing import route
from corereg.tables.libraries import frame_library
from corereg.wrappers.data import check_columns, checked_data, checked_features, checked_table
from corereg.wrappers.scikit_learn import (
    FunctionTransformer,
    _check_sample_weight,
    _safe_indexing,
    check_is_fitted,
    type_of_target,
)

Array = np.ndarray[Any, Any]


class ModelEstimator(AddressedParams):
    """A model as an estimator of scikit-learn, with SciKeras's parameters; the base class of
    `ModelClassifier` and `ModelRegressor`, which say what the parameters are.

    A subclass of one's own may have a method `_keras_build_fn` in place of the parameter `model`,
    properties `target_encoder` and `feature_encoder`, transformers of scikit-learn that bring
    targets and features into the form that the model takes, and a static method
    `scorer(y_true, y_pred, **arguments)`.

    >>> from corereg.sklearn import BaseWrapper
    >>> class Line(BaseWrapper):
    ...     def _keras_build_fn(self, meta):
    ...         return corereg.Sequential([
    ...             layers.Input((meta["n_features_in_"],)), layers.Dense(1)
    ...         ])
    >>> line = Line(loss="mse", epochs=2, verbose=0).fit(np.eye(4), np.arange(4.0))
    >>> line.predict(np.eye(4)).shape
    (4, 1)
    """

    _fit_kwargs = frozenset(
        {
            *("batch_size", "epochs", "verbose", "validation_split", "shuffle", "initial_epoch"),
            *("validation_steps", "validation_batch_size", "validation_freq", "class_weight"),
        }
    )
    _y_numeric = False

    def __init__(
        self,
        model: Any = None,
        *,
        build_fn: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        batch_size: int | None = None,
        validation_batch_size: int | None = None,
        verbose: Any = 1,
        callbacks: Any = None,
        validation_split: float = 0.0,
        shuffle: bool = True,
        run_eagerly: bool = False,
        epochs: int = 1,
        **kwargs: Any,
    ) -> None:
        self.model = model
        self.build_fn = build_fn
        self.warm_start = warm_start
        self.random_state = random_state
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.batch_size = batch_size
        self.validation_batch_size = validation_batch_size
        self.verbose = verbose
        self.callbacks = callbacks
        self.validation_split = validation_split
        self.shuffle = shuffle
        self.run_eagerly = run_eagerly
        self.epochs = epochs
        self._addressed = kwargs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return self.initialized_

    @property
    def initialized_(self) -> bool:
        """Whether there is a model to predict with, trained or not."""
        return hasattr(self, "model_")

    @property
    def current_epoch(self) -> int:
        """How many epochs the model was trained since it was made."""
        return len(self.history_["loss"]) if hasattr(self, "history_") else 0

    @property
    def target_encoder(self) -> Any:
        """A new transformer of targets, which a subclass may exchange. What its `get_metadata`
        gives, if it has one, become attributes of the estimator."""
        return FunctionTransformer()

    @property
    def feature_encoder(self) -> Any:
        """A new transformer of features, which a subclass may exchange. What its `get_metadata`
        gives, if it has one, become attributes of the estimator."""
        return FunctionTransformer()

    # ---- training --------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Self:
        """Makes a model and trains it; returns self.

        X: (rows, features), of numbers, or with more axes; y: (rows,) or (rows, outputs);
        sample_weight: (rows,), rows of weight 0 are left out; **kwargs: arguments of `model.fit`,
        which go before the estimator's own. With warm_start the model of the last `fit` is trained
        further.

        ValueError for data that scikit-learn's rules refuse, TypeError for sparse data.
        """
        epochs = kwargs.pop("epochs", self._own_params().get("fit__epochs", self.epochs))
        first = kwargs.pop("initial_epoch", 0)
        self._train(X, y, sample_weight, self.warm_start, first, epochs, kwargs)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Self:
        """Trains the model for one epoch more, or makes it if there is none; returns self.
        Arguments and errors as of `fit`; TypeError for epochs and initial_epoch."""
        for name in ("epochs", "initial_epoch"):
            if name in kwargs:
                raise TypeError(
                    f"{type(self).__name__}.partial_fit: expected no {name}, for it trains one "
                    f"epoch from where training stands; received {kwargs[name]!r}"
                )
        self._train(X, y, sample_weight, True, self.current_epoch, 1, kwargs)
        return self

    def initialize(self, X: Any, y: Any = None) -> Self:
        """Makes the model without training it, for a model that is trained already; returns self.
        Arguments and errors as of `fit`."""
        _, _, self.model_ = self._prepared(X, y)
        return self

    def _prepared(self, x: Any, y: Any) -> tuple[Any, Array, Model]:
        """Checked data, and a new model for them. A table for a model of texts stays one."""
        table, refused = x if frame_library(x) else None, None
        try:
            x, y = checked_data(self, "fit", x, y, y_numeric=self._y_numeric)
        except (TypeError, ValueError) as error:
            if table is None:
                raise
            x, y = checked_table(self, x, y, reset=True, y_numeric=self._y_numeric)
            refused = error
        model = self._model_for(x, y)
        if table is not None and takes_texts(model):
            return table, y, model
        if refused is not None:
            raise refused
        return x, y, model

    def _model_for(self, x: Any, y: Array) -> Model:
        """A new model, and what is known of the data, which it may ask for."""
        self._seed = seed_of(self.random_state)
        self.X_dtype_, self.X_shape_ = getattr(x, "dtype", np.dtype(object)), x.shape
        self.y_dtype_, self.y_ndim_ = y.dtype, y.ndim
        self.target_type_ = self._type_of_target(y)
        self.target_encoder_ = self._fitted(self.target_encoder, y)
        self.feature_encoder_ = self._fitted(self.feature_encoder, x)
        return build_model(self, self._seed)

    def _fitted(self, encoder: Any, values: Array) -> Any:
        found = encoder.fit(values)
        for name, value in getattr(found, "get_metadata", dict)().items():
            setattr(self, name, value)
        return found

    def _type_of_target(self, y: Array) -> str:
        return str(type_of_target(y))

    def _train(
        self,
        x: Any,
        y: Any,
        sample_weight: Any,
        go_on: bool,
        first: int,
        epochs: int,
        given: dict[str, Any],
    ) -> None:
        if go_on and self.initialized_:
            check = checked_table if self._takes_table(x) else partial(checked_data, method="fit")
            x, y = check(self, x=x, y=y, reset=False, y_numeric=self._y_numeric)
            if y.ndim != self.y_ndim_:
                raise ValueError(
                    f"{type(self).__name__}: expected y with {self.y_ndim_} axes, as in the first "
                    f"fit, received shape {y.shape}"
                )
            model = self.model_
        else:
            x, y, model = self._prepared(x, y)
        compile_if_needed(self, model)
        check_model(self, model)
        encoder = self.target_encoder_
        if isinstance(encoder, ClassifierLabelEncoder) and encoder.loss is None:
            encoder.loss = model.loss  # of a model that its function has compiled
        if sample_weight is not None:
            x, y, sample_weight = self._without_zero_weights(x, y, sample_weight)
        y = encoder.transform(y)
        x = self.feature_encoder_.transform(x)
        arguments = {
            **fit_arguments(self, x),
            "sample_weight": sample_weight,
            "initial_epoch": first,
            "epochs": first + epochs,
            **given,
        }
        with seeded(self._seed, training=True):
            history = model.fit(x, y, **arguments).history
        self.model_ = model
        if first == 0 or not hasattr(self, "history_"):
            self.history_: dict[str, list[float]] = {}
        for name, values in history.items():
            kept = self.history_.setdefault(full_name(name), [])
            kept.extend(values)

    def _takes_table(self, x: Any) -> bool:
        """Whether the model takes the columns of this table by their names, texts among them."""
        return frame_library(x) is not None and takes_texts(self.model_)

    def _without_zero_weights(self, x: Any, y: Array, weight: Any) -> tuple[Any, Array, Array]:
        """Only the rows that have a weight, as scikit-learn's estimators take them."""
        weight = _check_sample_weight(weight, x, dtype=np.float64)
        kept = weight != 0
        if not kept.any():
            raise ValueError(
                f"{type(self).__name__}: expected some sample_weight that is not zero, for nothing "
                "is learned from rows of weight zero; received zeros only"
            )
        return _safe_indexing(x, np.flatnonzero(kept)), y[kept], weight[kept]

    # ---- predictions -----------------------------------------------------------------------------

    def predict(self, X: Any, **kwargs: Any) -> Any:
        """Predictions for X (rows, features), in the form of the y of `fit`; **kwargs: arguments of
        `model.predict`. NotFittedError before `fit`."""
        outputs = self._outputs("predict", X, kwargs)
        return self.target_encoder_.inverse_transform(outputs)

    def _outputs(self, method: str, x: Any, given: dict[str, Any]) -> Any:
        """What the model itself gives for checked X."""
        check_is_fitted(self)
        named = self._takes_table(x)
        x = check_columns(self, x) if named else checked_features(self, method, x)
        x = self.feature_encoder_.transform(x)
        params = self._own_params()
        arguments = route(params, "predict", PREDICT_ARGUMENTS)
        arguments = {n: v for n, v in arguments.items() if not n.startswith("callbacks")}
        if callbacks := callbacks_of(self, "predict"):
            arguments["callbacks"] = callbacks
        arguments |= given
        if arguments.get("batch_size") == -1:
            arguments["batch_size"] = len(x)
        return self.model_.predict(x, **arguments)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """What `scorer` says of the predictions for X: the accuracy of a classifier, R² of a
        regressor. sample_weight: (rows,); the parameters ``score__...`` are arguments of `scorer`.
        """
        arguments = route(self._own_params(), "score")
        return self.scorer(y, self.predict(X), sample_weight=sample_weight, **arguments)

    @staticmethod
    def scorer(y_true: Any, y_pred: Any, **kwargs: Any) -> float:
        """A number that is the larger, the better the predictions are; a subclass has one."""
        raise NotImplementedError("ModelEstimator.scorer: a subclass says how to score")

    def _get_metadata(self) -> dict[str, Any]:
        """What `fit` found of the data so far: the attributes that end in an underscore."""
        return {
            name: value
            for name, value in vars(self).items()
            if name.endswith("_") and not name.startswith("_") and not name.endswith("__")
        }


BaseWrapper = ModelEstimator  # SciKeras's name
