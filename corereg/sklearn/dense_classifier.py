"""DenseClassifier: a dense network that tells classes, as an estimator of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.sklearn.class_labels import ClassLabels, as_classes
from corereg.sklearn.dense_estimator import DenseEstimator
from corereg.sklearn.parameters import check_smoothing
from corereg.sklearn.row_weights import class_weights
from corereg.wrappers.data_errors import check_labels
from corereg.wrappers.scikit_learn import ClassifierMixin

Array = np.ndarray[Any, Any]


class DenseClassifier(ClassifierMixin, DenseEstimator):  # type: ignore[misc]
    """A classifier: hidden layers, and a softmax or, for two classes, a sigmoid; trained to the
    smallest crossentropy.

    y of shape (rows,) holds labels of any type. (rows, labels) of 0 and 1 is multi-label: a row may
    have several. (rows, columns) of other labels is a classification for each column, with an
    output layer of its own. X is not scaled: put a StandardScaler before it.

    A sample_weight counts relative to the others: rows of weight 0 are left out, and where a batch
    holds all rows, a weight of 2 is as good as two rows. A single class is learned, too, and then
    always predicted.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(64, 64)
        Units of each hidden layer, from 1 on; () for none, which is a linear model.
    activation : str or callable, default="relu"
        Of the hidden layers: a name of `corereg.activations`, or a function of Tensors.
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
    label_smoothing : float, default=0.0
        Share of each target that is spread over all classes, in [0, 1).
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
        Share of the rows that is held back, between 0 and 1, of each class
        if there are enough rows.
    patience : int, default=10
        From 1 on.
    min_delta : float, default=0.0
        From 0 on.
    class_weight : dict, "balanced", list of these or None, default=None
        What the rows of a class count: {class: weight}, 1 for classes that are not there;
        "balanced": all classes alike; a list has one for each column of y, and they are multiplied.
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
    classes_ : ndarray or list of ndarray
        The sorted classes; of y with several columns a list, of y of labels their numbers.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        Their names, where X was a frame with names that are all texts.
    n_outputs_ : int
        Columns of y, or units of the output layer.
    n_iter_ : int
        Epochs that the last call has run.
    loss_ : float
        The loss of the last epoch, penalties included.
    loss_curve_ : list of float
        The loss of each epoch; `warm_start` and `partial_fit` go on with it.
    validation_loss_curve_ : list of float or None
        With early_stopping the loss of the rows held back, after each epoch.
    validation_scores_ : list of float or None
        With early_stopping the accuracy of these rows, after each epoch.
    best_validation_score_ : float or None
        That of the epoch whose weights were taken.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from corereg.sklearn import DenseClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> network = DenseClassifier((32, 32), dropout=0.2, l2=1e-3, epochs=30, random_state=0)
    >>> pipeline = make_pipeline(StandardScaler(), network).fit(X[:400], y[:400])
    >>> pipeline.score(X[400:], y[400:]) > 0.95
    True
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (64, 64),
        activation: Any = "relu",
        *,
        dropout: Any = 0.0,
        l1: float = 0.0,
        l2: float = 0.0,
        group_lasso: float = 0.0,
        max_norm: float | None = None,
        batch_norm: bool = False,
        label_smoothing: float = 0.0,
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
        class_weight: Any = None,
        warm_start: bool = False,
        dtype: str | None = None,
        densify: bool = False,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.l1 = l1
        self.l2 = l2
        self.group_lasso = group_lasso
        self.max_norm = max_norm
        self.batch_norm = batch_norm
        self.label_smoothing = label_smoothing
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
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.dtype = dtype
        self.densify = densify
        self.random_state = random_state
        self.verbose = verbose

    @property
    def classes_(self) -> Any:
        """The sorted classes; of y with several columns a list, of y of labels their numbers."""
        task = self._task
        if task.kind == "labels":
            return np.arange(len(task.classes))
        return task.classes[0] if task.kind == "classes" else list(task.classes)

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> DenseClassifier:
        """One epoch over these rows, with the network and the optimizer that are there already, or
        with new ones. Parameters set since these were made do not count. Its end is not known, so
        the rate is the constant learning_rate, and it never stops early; after a `fit` with another
        schedule the optimizer is a new one, with the parameters of now.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels.
        classes : array-like, or a list of them for several columns of y, default=None
            All classes that will come; needed in the first call, if y is not made of labels.
        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts, relative to the others of this call.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        if isinstance(self.class_weight, str):
            raise ValueError(
                "DenseClassifier.partial_fit: expected class_weight as a dict or None, received "
                f"{self.class_weight!r}, which needs all rows; give the weights that it has for "
                "them: 'balanced' is not known in partial_fit"
            )
        return self._learn("partial_fit", X, y, sample_weight, classes)

    def predict(self, X: Any) -> Array:
        """The likeliest class of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Labels, in the shape of the y that was seen in `fit`.
        """
        outputs = self._outputs("predict", X)
        found: Array = self._task.decoded(outputs)
        return found

    def predict_proba(self, X: Any) -> Any:
        """The probabilities of the classes, of the network's dtype.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes), or a list of them
            In the order of `classes_`. Of y with several columns a list, with an array for each; of
            y of labels (n_samples, n_labels), the probability of each label.
        """
        found = self._task_probabilities("predict_proba", X)
        return found if self._task.kind == "columns" else found[0]

    def predict_log_proba(self, X: Any) -> Any:
        """The logarithms of `predict_proba`, -inf where it gives 0."""
        found = self._task_probabilities("predict_log_proba", X)
        with np.errstate(divide="ignore"):
            logs = [np.log(p) for p in found]
        return logs if self._task.kind == "columns" else logs[0]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The accuracy: the share of rows of which all labels are right.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels.
        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts.

        Returns
        -------
        score : float
            In [0, 1].
        """
        found = self.predict(X)
        if self._task.kind != "columns":
            from sklearn.metrics import accuracy_score

            return float(accuracy_score(y, found, sample_weight=sample_weight))
        right = (np.asarray(y) == found).all(axis=1)
        return float(np.average(right, weights=sample_weight))

    def _task_probabilities(self, method: str, X: Any) -> list[Array]:
        outputs = self._outputs(method, X)
        found: list[Array] = self._task.probabilities(outputs)
        return found

    def _check_own_parameters(self, who: str) -> float:
        check_smoothing(who, self.label_smoothing)
        return float(self.label_smoothing)

    def _as_y(self, who: str, y: Any) -> Array:
        if y.dtype == object:
            check_labels(who, "y", y)  # scikit-learn lets None pass
        return as_classes(y)

    def _task_of(self, who: str, y: Array, once: bool, classes: Any) -> ClassLabels:
        return ClassLabels.given(who, y, classes) if once else ClassLabels.of(y)

    def _targets(
        self, who: str, task: Any, y: Array, option: Any, weight: Array | None, dtype: str
    ) -> tuple[list[Array], Array | None, Array | None]:
        codes = task.codes(who, y)
        columns = list(zip(task.classes, codes.T, strict=True))
        by_class = class_weights(who, self.class_weight, columns, weight)
        strata = codes[:, 0] if task.kind == "classes" else None
        return task.targets(codes, option, dtype), strata, by_class

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
