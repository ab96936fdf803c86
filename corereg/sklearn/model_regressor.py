"""ModelRegressor: a model as a regressor of scikit-learn, with SciKeras's parameters."""

from __future__ import annotations

from typing import Any

from corereg.sklearn.encoders import RegressorTargetEncoder
from corereg.sklearn.model_estimator import ModelEstimator
from corereg.wrappers.scikit_learn import RegressorMixin, r2_score


class ModelRegressor(RegressorMixin, ModelEstimator):  # type: ignore[misc]
    """A model as a regressor of scikit-learn, whose parameters reach into the model and its
    training (SciKeras's `KerasRegressor`).

    model: a Model, which `fit` trains itself, or a function that gives one, compiled or not. The
    function gets the parameters ``model__...`` and those that the constructor does not know, and
    those of these that it takes: meta, a dict of what is known of the data, such as
    n_features_in_ and n_outputs_; compile_kwargs, the arguments of `compile`; params, all
    parameters. build_fn: an older name of model.
    optimizer, loss, metrics: names, classes or objects; names and classes take parameters,
    ``optimizer__learning_rate=0.01``, ``loss__delta=2.0``. They compile the model if its function
    has not.
    epochs, batch_size, validation_batch_size, verbose, validation_split, shuffle: of `model.fit`;
    batch_size and verbose of `model.predict`, too; batch_size -1: all rows. ``fit__...`` and
    ``predict__...`` are for one of them. run_eagerly: of `compile`; ``compile__...``.
    callbacks: objects or classes, in a list or dict; ``callbacks__patience=3`` is for all of
    them, which are classes then, ``callbacks__0__patience=3`` for one.
    warm_start: whether `fit` trains the last model further. random_state: a seed; the results are
    then the same to the bit, in threads and processes, too. None: the seed of `set_random_seed`.

    y is (rows,) or (rows, outputs), for a model with one output of as many units.

    After `fit`: model_, history_ (a dict of lists), target_type_, n_features_in_, feature_names_in_
    (if X had names of columns), n_outputs_, X_shape_, X_dtype_, y_ndim_, y_dtype_,
    target_encoder_, feature_encoder_.

    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import cross_val_score
    >>> from corereg import Sequential, layers
    >>> from corereg.sklearn import KerasRegressor
    >>> def build(meta, units=16):
    ...     return Sequential([
    ...         layers.Input((meta["n_features_in_"],)),
    ...         layers.Dense(units, activation="relu"),
    ...         layers.Dense(meta["n_outputs_"]),
    ...     ])
    >>> regressor = KerasRegressor(build, loss="mse", model__units=32, epochs=5, verbose=0)
    >>> cross_val_score(regressor, *load_diabetes(return_X_y=True), cv=3).shape
    (3,)
    """

    _y_numeric = True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # that is the model's affair
        return tags

    @property
    def target_encoder(self) -> Any:
        """A new transformer of targets, which a subclass may exchange."""
        return RegressorTargetEncoder()

    score = ModelEstimator.score  # by `scorer`

    @staticmethod
    def scorer(y_true: Any, y_pred: Any, **kwargs: Any) -> float:
        """The coefficient of determination, R²; a subclass may exchange it."""
        return float(r2_score(y_true, y_pred, **kwargs))


KerasRegressor = ModelRegressor  # SciKeras's name
