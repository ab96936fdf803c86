"""DenseEstimator: what DenseClassifier and DenseRegressor share, how they are trained above all."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from corereg.callbacks import EarlyStopping
from corereg.random import OwnStreams
from corereg.sklearn.network import Head, make_network
from corereg.sklearn.parameters import check_parameters, set_rate
from corereg.sklearn.row_weights import check_sample_weight, relative_weights
from corereg.sklearn.training_rows import TrainingRows
from corereg.wrappers.data import validated
from corereg.wrappers.scikit_learn import (
    BaseEstimator,
    check_is_fitted,
    check_random_state,
    scipy_sparse,
)

Array = np.ndarray[Any, Any]


class Task(Protocol):
    """What a network has to learn of a y that was seen, as the kinds of estimators tell it."""

    @property
    def heads(self) -> list[Head]: ...
    def losses(self, smoothing: Any) -> list[Any]: ...
    def metrics(self, smoothing: Any) -> list[Any]: ...


class DenseEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Base class: subclasses have the constructor and tell what y means by `_task_of` and
    `_targets`."""

    warm_start: bool
    densify: bool
    random_state: Any
    model_: Any
    loss_curve_: list[float]
    _task: Any
    _trainings: int  # calls of `fit` and `partial_fit` that its weights have seen
    _scheduled: bool  # whether the rate of its optimizer has fallen to 0

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Trains a network, a new one unless `warm_start` is set and there is one already.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers; scale them before, with a StandardScaler in a pipeline for instance.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels of any type, or for a regressor numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts, relative to the others: finite numbers >= 0.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            For a parameter out of its range, for data that do not fit, and if the training leads to
            weights that are not finite.
        TypeError
            For sparse X, unless `densify` is set.
        """
        return self._learn("fit", X, y, sample_weight)

    # ---- what subclasses tell --------------------------------------------------------------------

    def _check_own_parameters(self, who: str) -> Any:
        """Checks the parameters that other kinds of estimators do not have; returns what losses and
        targets depend on."""
        raise NotImplementedError

    def _as_y(self, who: str, y: Any) -> Array:
        """y, checked and finite, in the shape in which it is used."""
        raise NotImplementedError

    def _task_of(self, who: str, y: Array, once: bool, classes: Any) -> Task:
        """What is to be learned of a y that is the first. once: in `partial_fit`."""
        raise NotImplementedError

    def _targets(
        self, who: str, task: Any, y: Array, option: Any, weight: Array | None, dtype: str
    ) -> tuple[list[Array], Array | None, Array | None]:
        """What each head is to give; the classes of the rows, or None; and what each row counts by
        its class, or None. option: what `_check_own_parameters` gave; weight: sample_weight."""
        raise NotImplementedError

    # ---- training --------------------------------------------------------------------------------

    def _learn(
        self, method: str, X: Any, y: Any, sample_weight: Any, classes: Any = None
    ) -> DenseEstimator:
        """`fit` and `partial_fit`."""
        who = f"{type(self).__name__}.{method}"
        given = self.get_params(deep=False)
        settings = check_parameters(who, given)
        option = self._check_own_parameters(who)
        once = method == "partial_fit"  # one pass over the rows
        if once:
            given |= {"schedule": "constant", "early_stopping": False}  # there is no end
        goes_on = hasattr(self, "model_") and (once or self.warm_start)
        X, y = self._check_data(who, X, y, given["dtype"], goes_on)
        dtype = X.dtype.name
        task = self._task if goes_on else self._task_of(who, y, once, classes)
        weight = check_sample_weight(who, sample_weight, len(X))
        rows = self._rows(who, task, X, y, option, weight)
        seed = int(check_random_state(self.random_state).randint(1, 2**31 - 1))
        held = None
        if given["early_stopping"]:
            rows, held = rows.held_back(who, given["validation_fraction"], seed)
        epochs = 1 if once else int(given["epochs"])
        trainings = self._trainings + 1 if goes_on else 0
        with OwnStreams(seed + trainings):
            if goes_on and once and not self._scheduled:
                model = self.model_
            else:
                model = make_network(type(self).__name__, X.shape[1], task.heads, settings, dtype)
                if goes_on:
                    self._take_weights(who, model)
                steps = epochs * -(-len(rows.x) // int(given["batch_size"]))
                metrics = None if held is None else task.metrics(option)
                set_rate(settings.optimizer, given, steps)
                _compile(model, settings.optimizer, task.losses(option), metrics)
                self._scheduled = given["schedule"] != "constant"
            history = _train(model, rows, held, epochs, given)
        if not all(np.isfinite(w.data).all() for w in model.weights):
            raise ValueError(
                f"{who}: expected a training that ends with finite weights, received NaN or "
                "infinity; scale X (StandardScaler), or take a smaller learning_rate"
            )
        self.model_, self._task, self._trainings = model, task, trainings
        self._keep_history(task, history, goes_on)
        return self

    def _rows(
        self, who: str, task: Any, X: Array, y: Array, option: Any, weight: Array | None
    ) -> TrainingRows:
        """The rows that count."""
        heads, strata, by_class = self._targets(who, task, y, option, weight, X.dtype.name)
        counted, weight = relative_weights(who, weight, by_class)
        rows = TrainingRows(X, heads, None, strata).take(counted)
        return rows._replace(weight=weight)

    def _check_data(
        self, who: str, X: Any, y: Any, dtype: str | None, goes_on: bool
    ) -> tuple[Array, Array]:
        if goes_on:
            dtype = str(self.model_.dtype)
        wanted = [np.float64, np.float32] if dtype is None else np.dtype(dtype)
        with np.errstate(over="ignore", invalid="ignore"):  # what is too large is told by an error
            X, y = validated(
                self,
                who.partition(".")[2],
                self._dense(who, X),
                y,
                dtype=wanted,
                multi_output=True,
                reset=not goes_on,
            )
        return X, self._as_y(who, y)

    def _dense(self, who: str, X: Any) -> Any:
        is_sparse: bool = scipy_sparse.issparse(X)
        if not is_sparse:
            return X
        if not self.densify:
            raise TypeError(
                f"{who}: expected dense X, received a sparse {type(X).__name__} of shape "
                f"{X.shape}; set densify=True, or give X.toarray(), if memory holds it"
            )
        return X.toarray()

    def _take_weights(self, who: str, model: Any) -> None:
        """Gives a new network the weights of the last."""
        old, new = self.model_.get_weights(), model.get_weights()
        if [w.shape for w in old] != [w.shape for w in new]:
            raise ValueError(
                f"{who}: expected the network that warm_start goes on with, of weights "
                f"{[w.shape for w in old]}, received parameters for {[w.shape for w in new]}; set "
                "warm_start=False to begin anew"
            )
        model.set_weights(old)

    def _keep_history(self, task: Task, history: dict[str, Any], goes_on: bool) -> None:
        losses = list(history["loss"])
        self.n_iter_ = len(losses)
        self.loss_ = losses[-1]
        self.loss_curve_ = [*self.loss_curve_, *losses] if goes_on else losses
        self.n_outputs_ = len(task.heads) if len(task.heads) > 1 else task.heads[0].units
        self.validation_loss_curve_ = self.validation_scores_ = self.best_validation_score_ = None
        if "val_loss" in history:
            self.validation_loss_curve_ = list(history["val_loss"])
            names = [n for n in history if n.startswith("val_") and not n.endswith("loss")]
            self.validation_scores_ = np.mean([history[n] for n in names], axis=0).tolist()
            best = int(np.nan_to_num(history["val_loss"], nan=np.inf).argmin())
            self.best_validation_score_ = self.validation_scores_[best]

    # ---- use -------------------------------------------------------------------------------------

    def _outputs(self, method: str, X: Any) -> list[Array]:
        """What the heads give for X."""
        check_is_fitted(self, "model_")
        X = self._dense(f"{type(self).__name__}.{method}", X)
        with np.errstate(over="ignore", invalid="ignore"):
            X = validated(self, method, X, dtype=np.dtype(self.model_.dtype), reset=False)
        found = self.model_.predict(X, verbose=0)
        return found if isinstance(found, list) else [found]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = bool(self.densify)
        return tags


def _compile(model: Any, optimizer: Any, losses: list[Any], metrics: list[Any] | None) -> None:
    """Compiles a network with a loss for each head, and metrics, or None."""
    if len(losses) == 1:
        model.compile(optimizer, losses[0], weighted_metrics=metrics)
    else:
        each = None if metrics is None else [[one] for one in metrics]
        model.compile(optimizer, losses, weighted_metrics=each)


def _train(
    model: Any, rows: TrainingRows, held: TrainingRows | None, epochs: int, given: dict[str, Any]
) -> dict[str, Any]:
    """Trains a network; returns what `History` tells. held: rows to validate with."""
    watch = None
    if held is not None:
        patience, least = int(given["patience"]), float(given["min_delta"])
        watch = EarlyStopping("val_loss", least, patience, mode="min", restore_best_weights=True)
    found: dict[str, Any] = model.fit(
        rows.x,
        rows.y,
        sample_weight=rows.weight,
        batch_size=int(given["batch_size"]),
        epochs=epochs,
        shuffle=bool(given["shuffle"]),
        verbose=int(given["verbose"]),
        validation_data=None if held is None else (held.x, held.y, held.weight),
        callbacks=watch,
    ).history
    return found
