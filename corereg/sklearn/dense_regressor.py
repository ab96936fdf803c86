"""DenseRegressor: a dense network that predicts numbers, as an estimator of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import losses
from corereg.metrics import R2Score
from corereg.sklearn.dense_estimator import DenseEstimator
from corereg.sklearn.network import Head
from corereg.wrappers.data_errors import explain
from corereg.wrappers.scikit_learn import RegressorMixin

Array = np.ndarray[Any, Any]
LOSSES = ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh")


class Numbers:
    """What a regression learns: columns of numbers; `flat`: y is (rows,)."""

    def __init__(self, y: Array) -> None:
        self.flat = y.ndim == 1
        self.columns = 1 if self.flat else y.shape[1]

    @property
    def heads(self) -> list[Head]:
        return [Head(self.columns, "linear")]

    def losses(self, loss: Any) -> list[Any]:
        return [loss]

    def metrics(self, loss: Any) -> list[Any]:
        return [R2Score()]


class DenseRegressor(RegressorMixin, DenseEstimator):  # type: ignore[misc]
    """A regressor: hidden layers, and a linear unit for each column of y.

    y of shape (rows,) or (rows, columns) holds numbers, and predictions have its shape. Neither X
    nor y is scaled: put a StandardScaler before it, and for a y that is far from unit variance a
    TransformedTargetRegressor around it.

    A sample_weight counts relative to the others: rows of weight 0 are left out, and where a batch
    holds all rows, a weight of 2 is as good as two rows.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(64, 64)
        Units of each hidden layer, from 1 on; () for none, which is a linear model.
    activation : str or callable, default="relu"
        Of the hidden layers: a name of `corereg.activations`, or a function of Tensors.
    loss : str or Loss, default="mean_squared_error"
        That, "mean_absolute_error", "huber" or "log_cosh", or a loss of `corereg.losses`.
    dropout : float or sequence of float, default=0.0
        Share of each hidden layer's outputs that is left out of a step, in [0, 1); a sequence has
        one for each layer.
    l1 : float, default=0.0
        Strength of l1 * sum(abs(w)) of all kernels, from 0 on: a proximal step, which makes weights
        exactly zero (see `corereg.regularizers.ProximalL1L2`). Useful: 1e-5 to 1e-2.
    l2 : float, default=0.0
        Strength of l2 * sum(w**2) of all kernels, from 0 on. Useful: 1e-5 to 1e-1.
    group_lasso : float, default=0.0
        Strength of a penalty that leaves out whole inputs, from 0 on: the first kernel has it in
        the place of l1 and l2 (see `corereg.regularizers.ProximalGroupLasso`). Useful: 0.03 to 1.
    max_norm : float or None, default=None
        Most that the norm of a hidden unit's weights may be, above 0. Useful: 1 to 5.
    batch_norm : bool, default=False
        Whether a BatchNormalization stands before each activation.
    noise : float, default=0.0
        Standard deviation of normal noise that is added to X in training, from 0 on.
    optimizer : str or Optimizer, default="adam"
        A name, or an optimizer of `corereg.optimizers`, of which a copy is used.
    learning_rate : float, LearningRateSchedule or None, default=None
        Above 0; None is the optimizer's own, 0.001 of Adam.
    schedule : {"constant", "cosine", "linear"}, default="constant"
        How the rate goes on from learning_rate: the last two fall to 0 at the last of all epochs.
    batch_size : int, default=32
        Rows of a step, from 1 on.
    epochs : int, default=200
        Passes over the rows, from 1 on; at most so many with early_stopping.
    shuffle : bool, default=True
        Whether each epoch has another order of rows.
    early_stopping : bool, default=False
        Whether to hold rows back, to stop once their loss has not become smaller by more than
        min_delta for `patience` epochs, and to take the weights of the best epoch.
    validation_fraction : float, default=0.1
        Share of the rows that is held back, between 0 and 1.
    patience : int, default=10
        From 1 on.
    min_delta : float, default=0.0
        From 0 on.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last one, with the parameters that are set
        now; the layers have to be of the same sizes.
    dtype : {"float32", "float64"} or None, default=None
        What the network computes in; None: float32 for X of float32, else float64. float32 is about
        twice as fast.
    densify : bool, default=False
        Whether sparse X is taken, and made dense; otherwise it is a TypeError.
    random_state : int, RandomState instance or None, default=None
        Whence weights, dropout, noise, the order of rows and the rows held back come. With an
        integer a `fit` always gives the same network, in any thread.
    verbose : int, default=0
        1 for a progress bar, 2 for a line each epoch.

    Attributes
    ----------
    model_ : Sequential or Model
        The network, to be saved, exported and looked at.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        Their names, where X was a frame with names that are all texts.
    n_outputs_ : int
        Columns of y.
    n_iter_ : int
        Epochs that the last call has run.
    loss_ : float
        The loss of the last epoch, penalties included.
    loss_curve_ : list of float
        The loss of each epoch; `warm_start` and `partial_fit` go on with it.
    validation_loss_curve_ : list of float or None
        With early_stopping the loss of the rows held back, after each epoch.
    validation_scores_ : list of float or None
        With early_stopping R2 of these rows, after each epoch.
    best_validation_score_ : float or None
        That of the epoch whose weights were taken.

    Examples
    --------
    >>> from sklearn.compose import TransformedTargetRegressor
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from corereg.sklearn import DenseRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> network = DenseRegressor((32, 32), l2=0.03, epochs=50, random_state=0)
    >>> pipeline = make_pipeline(StandardScaler(), network)
    >>> model = TransformedTargetRegressor(pipeline, transformer=StandardScaler())
    >>> model.fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.4
    True
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (64, 64),
        activation: Any = "relu",
        *,
        loss: Any = "mean_squared_error",
        dropout: Any = 0.0,
        l1: float = 0.0,
        l2: float = 0.0,
        group_lasso: float = 0.0,
        max_norm: float | None = None,
        batch_norm: bool = False,
        noise: float = 0.0,
        optimizer: Any = "adam",
        learning_rate: Any = None,
        schedule: str = "constant",
        batch_size: int = 32,
        epochs: int = 200,
        shuffle: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        min_delta: float = 0.0,
        warm_start: bool = False,
        dtype: str | None = None,
        densify: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.dropout = dropout
        self.l1 = l1
        self.l2 = l2
        self.group_lasso = group_lasso
        self.max_norm = max_norm
        self.batch_norm = batch_norm
        self.noise = noise
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.epochs = epochs
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.min_delta = min_delta
        self.warm_start = warm_start
        self.dtype = dtype
        self.densify = densify
        self.random_state = random_state
        self.verbose = verbose

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> DenseRegressor:
        """One epoch over these rows, with the network and the optimizer that are there already, or
        with new ones. Parameters set since these were made do not count. Its end is not known, so
        the rate is the constant learning_rate, and it never stops early; after a `fit` with another
        schedule the optimizer is a new one, with the parameters of now.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts, relative to the others of this call.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        return self._learn("partial_fit", X, y, sample_weight)

    def predict(self, X: Any) -> Array:
        """The numbers that the network gives.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the shape of the y that was seen in `fit`, of the network's dtype.
        """
        found = self._outputs("predict", X)[0]
        return found[:, 0] if self._task.flat else found

    def _check_own_parameters(self, who: str) -> Any:
        if isinstance(self.loss, str) and self.loss in LOSSES:
            return losses.get(self.loss)
        if isinstance(self.loss, str) or not callable(self.loss):
            raise ValueError(
                f"{who}: expected loss as one of {', '.join(map(repr, LOSSES))}, or a loss of "
                f"corereg.losses, received {self.loss!r}"
            )
        return self.loss

    def _as_y(self, who: str, y: Any) -> Array:
        try:
            return np.asarray(y, np.float64)
        except (TypeError, ValueError) as error:
            explain(who, "y", y, error)
            raise ValueError(f"{who}: expected y as numbers ({error})") from error

    def _task_of(self, who: str, y: Array, once: bool, classes: Any) -> Numbers:
        return Numbers(y)

    def _targets(
        self, who: str, task: Any, y: Array, option: Any, weight: Array | None, dtype: str
    ) -> tuple[list[Array], None, None]:
        target = y.reshape(len(y), -1)
        if target.shape[1] != task.columns:
            raise ValueError(
                f"{who}: expected y of {task.columns} columns, as before, received shape {y.shape}"
                "; set warm_start=False to begin anew"
            )
        return [target.astype(dtype)], None, None
