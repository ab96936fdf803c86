"""ModelClassifier: a model as a classifier of scikit-learn, with SciKeras's parameters."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from corereg.sklearn.encoders import ClassifierLabelEncoder
from corereg.sklearn.model_estimator import ModelEstimator
from corereg.wrappers.scikit_learn import (
    ClassifierMixin,
    accuracy_score,
    compute_sample_weight,
    type_of_target,
)

Array = np.ndarray[Any, Any]


class ModelClassifier(ClassifierMixin, ModelEstimator):  # type: ignore[misc]
    """A model as a classifier of scikit-learn, whose parameters reach into the model and its
    training (SciKeras's `KerasClassifier`).

    model: a Model, which `fit` trains itself, or a function that gives one, compiled or not. The
    function gets the parameters ``model__...`` and those that the constructor does not know, and
    those of these that it takes: meta, a dict of what is known of the data, such as
    n_features_in_, n_classes_ and target_type_; compile_kwargs, the arguments of `compile`; params,
    all parameters. build_fn: an older name of model.
    optimizer, loss, metrics: names, classes or objects; names and classes take parameters,
    ``optimizer__learning_rate=0.01``, ``metrics__0__threshold=0.3``. They compile the model if its
    function has not.
    epochs, batch_size, validation_batch_size, verbose, validation_split, shuffle: of `model.fit`;
    batch_size and verbose of `model.predict`, too; batch_size -1: all rows. ``fit__...`` and
    ``predict__...`` are for one of them. run_eagerly: of `compile`; ``compile__...``.
    callbacks: objects or classes, in a list or dict; ``callbacks__patience=3`` is for all of
    them, which are classes then, ``callbacks__0__patience=3`` for one.
    class_weight: "balanced", or a dict from labels to weights.
    warm_start: whether `fit` trains the last model further. random_state: a seed; the results are
    then the same to the bit, in threads and processes, too. None: the seed of `set_random_seed`.

    Labels may be of any type. Two classes need one sigmoid or two softmax outputs, more classes a
    softmax; with categorical crossentropy the model gets one-hot rows, else the number of each
    class. y may also be (rows, labels) of 0 and 1, for a model of as many sigmoid outputs.

    After `fit`: model_, history_ (a dict of lists), classes_, n_classes_, target_type_,
    n_features_in_, feature_names_in_ (if X had names of columns), n_outputs_, X_shape_, X_dtype_,
    y_ndim_, y_dtype_, target_encoder_, feature_encoder_.

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from corereg import Sequential, layers
    >>> from corereg.sklearn import KerasClassifier
    >>> def build(meta, units=8):
    ...     return Sequential([
    ...         layers.Input((meta["n_features_in_"],)),
    ...         layers.Dense(units, activation="relu"),
    ...         layers.Dense(meta["n_classes_"], activation="softmax"),
    ...     ])
    >>> classifier = KerasClassifier(
    ...     build, loss="sparse_categorical_crossentropy", optimizer="adam", epochs=5, verbose=0
    ... )
    >>> grid = {"model__units": [8, 16], "optimizer__learning_rate": [0.01, 0.1]}
    >>> search = GridSearchCV(classifier, grid, cv=3).fit(*load_iris(return_X_y=True))
    >>> sorted(search.best_params_)
    ['model__units', 'optimizer__learning_rate']
    """

    _fit_kwargs = ModelEstimator._fit_kwargs - {"class_weight"}  # made sample weights here
    _known_classes: Any = None

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
        class_weight: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            model=model,
            build_fn=build_fn,
            warm_start=warm_start,
            random_state=random_state,
            optimizer=optimizer,
            loss=loss,
            metrics=metrics,
            batch_size=batch_size,
            validation_batch_size=validation_batch_size,
            verbose=verbose,
            callbacks=callbacks,
            validation_split=validation_split,
            shuffle=shuffle,
            run_eagerly=run_eagerly,
            epochs=epochs,
            **kwargs,
        )
        self.class_weight = class_weight

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.classifier_tags.poor_score = True  # that is the model's affair
        return tags

    @property
    def target_encoder(self) -> Any:
        """A new transformer of labels, which a subclass may exchange; its `inverse_transform` takes
        return_proba, which says whether probabilities are wanted."""
        known = self._known_classes
        return ClassifierLabelEncoder(self.loss, "auto" if known is None else [known])

    def _type_of_target(self, y: Array) -> str:
        found = str(type_of_target(y))
        if found == "binary" and self._known_classes is not None:
            found = str(type_of_target(self._known_classes))
        return found

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Self:
        """Makes a model and trains it; returns self.

        X: (rows, features), of numbers, or with more axes; y: labels (rows,), or (rows, labels);
        sample_weight: (rows,), multiplied with class_weight, rows of weight 0 are left out;
        **kwargs: arguments of `model.fit`, which go before the estimator's own. With warm_start the
        model of the last `fit` is trained further, and y may hold no other classes.

        ValueError for data that scikit-learn's rules refuse, TypeError for sparse data.
        """
        self._known_classes = None
        super().fit(X, y, self._weights(y, sample_weight), **kwargs)
        return self

    def partial_fit(  # type: ignore[override]
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None, **kwargs: Any
    ) -> Self:
        """Trains the model for one epoch more, or makes it if there is none; returns self.

        classes: all labels that will come, for the first call; without, those of its y. Other
        arguments and errors as of `fit`; TypeError for epochs and initial_epoch.
        """
        if not self.initialized_:
            self._known_classes = None if classes is None else np.unique(classes)
        super().partial_fit(X, y, self._weights(y, sample_weight), **kwargs)
        return self

    def _weights(self, y: Any, sample_weight: Any) -> Any:
        """The weights of rows, those of their classes multiplied in."""
        if self.class_weight is None:
            return sample_weight
        by_class = compute_sample_weight(self.class_weight, y)
        return by_class if sample_weight is None else np.asarray(sample_weight) * by_class

    def predict_proba(self, X: Any, **kwargs: Any) -> Any:
        """Probabilities for X (rows, features): (rows, classes), two columns of two classes, or
        (rows, labels) where rows have several labels; **kwargs: arguments of `model.predict`.
        NotFittedError before `fit`."""
        outputs = self._outputs("predict_proba", X, kwargs)
        return self.target_encoder_.inverse_transform(outputs, return_proba=True)

    score = ModelEstimator.score  # by `scorer`

    @staticmethod
    def scorer(y_true: Any, y_pred: Any, **kwargs: Any) -> float:
        """The share of rows that are predicted right; a subclass may exchange it."""
        return float(accuracy_score(y_true, y_pred, **kwargs))


KerasClassifier = ModelClassifier  # SciKeras's name
