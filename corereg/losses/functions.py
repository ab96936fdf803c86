"""The losses as functions, as in `keras.losses`: (y_true, y_pred) -> a Tensor of the values of the
loss before any reduction, one a row for predictions of shape (rows, outputs).

Arguments, shapes and formulas are those of the classes. `compile` and `losses.get` take such a
function for its class with its default arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from corereg.autograd import Tensor
from corereg.losses.base import BuiltinLoss, given
from corereg.losses.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)
from corereg.losses.distribution import GaussianNLL, KLDivergence, Poisson
from corereg.losses.embeddings import Circle
from corereg.losses.focal import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
)
from corereg.losses.hinges import CategoricalHinge, Hinge, SquaredHinge
from corereg.losses.overlap import Axes, Dice, Tversky
from corereg.losses.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Quantile,
)

F = TypeVar("F", bound=Callable[..., Tensor])


def of_class(kind: type[BuiltinLoss]) -> Callable[[F], F]:
    """A decorator: `losses.get` takes the function for this class."""

    def mark(function: F) -> F:
        function.loss_class = kind  # type: ignore[attr-defined]
        return function

    return mark


@lru_cache(maxsize=256)
def _unreduced(kind: Any, *arguments: Any) -> Any:
    """A loss that is not reduced, made once for its arguments: pairs of name and value."""
    return kind(reduction=None, **dict(arguments))


def _values(kind: Any, y_true: Any, y_pred: Any, **arguments: Any) -> Tensor:
    pairs = ((k, tuple(v) if isinstance(v, list | np.ndarray) else v) for k, v in arguments.items())
    found: Tensor = _unreduced(kind, *pairs)(y_true, y_pred)
    return found


@of_class(BinaryCrossentropy)
def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """See BinaryCrossentropy.

    >>> losses.binary_crossentropy([[1.0], [0.0]], [[0.9], [0.2]]).numpy().round(4)
    array([0.1054, 0.2231], dtype=float32)
    """
    return _values(
        BinaryCrossentropy,
        y_true,
        y_pred,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        axis=axis,
    )


@of_class(BinaryFocalCrossentropy)
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """See BinaryFocalCrossentropy.

    >>> losses.binary_focal_crossentropy([[1.0]], [[0.5]], gamma=2).numpy().round(4)
    array([0.1733], dtype=float32)
    """
    return _values(
        BinaryFocalCrossentropy,
        y_true,
        y_pred,
        apply_class_balancing=apply_class_balancing,
        alpha=alpha,
        gamma=gamma,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        axis=axis,
    )


@of_class(CategoricalCrossentropy)
def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """See CategoricalCrossentropy.

    >>> losses.categorical_crossentropy([[0.0, 1.0]], [[0.2, 0.8]]).numpy().round(4)
    array([0.2231], dtype=float32)
    """
    return _values(
        CategoricalCrossentropy,
        y_true,
        y_pred,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        axis=axis,
    )


@of_class(CategoricalFocalCrossentropy)
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """See CategoricalFocalCrossentropy.

    >>> losses.categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
    array([0.0433], dtype=float32)
    """
    return _values(
        CategoricalFocalCrossentropy,
        y_true,
        y_pred,
        alpha=alpha,
        gamma=gamma,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        axis=axis,
    )


@of_class(CategoricalGeneralizedCrossEntropy)
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Tensor:
    """See CategoricalGeneralizedCrossEntropy.

    >>> losses.categorical_generalized_cross_entropy([1], [[0.75, 0.25]], q=0.5).tolist()
    [1.0]
    """
    return _values(CategoricalGeneralizedCrossEntropy, y_true, y_pred, q=q)


@of_class(CategoricalHinge)
def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """See CategoricalHinge.

    >>> losses.categorical_hinge([[0.0, 1.0]], [[0.5, 0.75]]).tolist()
    [0.75]
    """
    return _values(CategoricalHinge, y_true, y_pred)


@of_class(Circle)
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Tensor:
    """See Circle. ref_labels (m,), ref_embeddings (m, n): what rows are compared with instead of
    each other.

    >>> losses.circle([0, 0], [[1.0, 0.0], [1.0, 0.0]], gamma=1).shape
    (2,)
    """
    loss = _unreduced(
        Circle, ("gamma", gamma), ("margin", margin), ("remove_diagonal", remove_diagonal)
    )
    labels, rows = given(y_true).reshape(-1), loss.as_predictions(y_pred)
    others = labels if ref_labels is None else given(ref_labels).reshape(-1)
    embeddings = rows if ref_embeddings is None else loss.as_predictions(ref_embeddings)
    found: Tensor = loss.among(labels, rows, others, embeddings)
    return found


@of_class(CosineSimilarity)
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """See CosineSimilarity.

    >>> losses.cosine_similarity([[0.0, 1.0]], [[0.0, 2.0]]).tolist()
    [-1.0]
    """
    return _values(CosineSimilarity, y_true, y_pred, axis=axis)


@of_class(Dice)
def dice(y_true: Any, y_pred: Any, axis: Axes = None) -> Tensor:
    """See Dice.

    >>> round(losses.dice([[1.0, 0.0]], [[0.5, 0.5]]).item(), 4)
    0.5
    """
    return _values(Dice, y_true, y_pred, axis=axis)


@of_class(GaussianNLL)
def gaussian_nll(
    y_true: Any,
    y_pred: Any,
    output: str = "log_variance",
    full: bool = False,
    epsilon: float = 1e-6,
) -> Tensor:
    """See GaussianNLL.

    >>> losses.gaussian_nll([[2.0]], [[1.0, 4.0]], output="variance").numpy().round(4)
    array([0.8181], dtype=float32)
    """
    return _values(GaussianNLL, y_true, y_pred, output=output, full=full, epsilon=epsilon)


@of_class(Hinge)
def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """See Hinge.

    >>> losses.hinge([[1.0], [-1.0]], [[0.5], [0.25]]).tolist()
    [0.5, 1.25]
    """
    return _values(Hinge, y_true, y_pred)


@of_class(Huber)
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """See Huber.

    >>> losses.huber([[0.0], [0.0]], [[0.5], [3.0]]).tolist()
    [0.125, 2.5]
    """
    return _values(Huber, y_true, y_pred, delta=delta)


@of_class(KLDivergence)
def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """See KLDivergence.

    >>> losses.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).numpy().round(4)
    array([0.1438], dtype=float32)
    """
    return _values(KLDivergence, y_true, y_pred)


@of_class(LogCosh)
def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """See LogCosh.

    >>> losses.log_cosh([[0.0]], [[2.0]]).numpy().round(4)
    array([1.325], dtype=float32)
    """
    return _values(LogCosh, y_true, y_pred)


@of_class(MeanAbsoluteError)
def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """See MeanAbsoluteError.

    >>> losses.mean_absolute_error([[0.0, 1.0]], [[2.0, 2.0]]).tolist()
    [1.5]
    """
    return _values(MeanAbsoluteError, y_true, y_pred)


@of_class(MeanAbsolutePercentageError)
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """See MeanAbsolutePercentageError.

    >>> losses.mean_absolute_percentage_error([[2.0], [4.0]], [[3.0], [4.0]]).tolist()
    [50.0, 0.0]
    """
    return _values(MeanAbsolutePercentageError, y_true, y_pred)


@of_class(MeanSquaredError)
def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """See MeanSquaredError.

    >>> losses.mean_squared_error([[0.0, 1.0]], [[2.0, 2.0]]).tolist()
    [2.5]
    """
    return _values(MeanSquaredError, y_true, y_pred)


@of_class(MeanSquaredLogarithmicError)
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """See MeanSquaredLogarithmicError.

    >>> losses.mean_squared_logarithmic_error([[0.0]], [[1.0]]).numpy().round(4)
    array([0.4805], dtype=float32)
    """
    return _values(MeanSquaredLogarithmicError, y_true, y_pred)


@of_class(Poisson)
def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """See Poisson.

    >>> losses.poisson([[2.0]], [[1.0]]).numpy().round(4)
    array([1.], dtype=float32)
    """
    return _values(Poisson, y_true, y_pred)


@of_class(Quantile)
def quantile(y_true: Any, y_pred: Any, levels: float | Sequence[float] = 0.5) -> Tensor:
    """See Quantile.

    >>> losses.quantile([[0.0]], [[1.0]], levels=0.25).tolist()
    [0.75]
    """
    return _values(Quantile, y_true, y_pred, levels=levels)


@of_class(SparseCategoricalCrossentropy)
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Tensor:
    """See SparseCategoricalCrossentropy.

    >>> losses.sparse_categorical_crossentropy([1], [[0.2, 0.8]]).numpy().round(4)
    array([0.2231], dtype=float32)
    """
    return _values(
        SparseCategoricalCrossentropy,
        y_true,
        y_pred,
        from_logits=from_logits,
        ignore_class=ignore_class,
        axis=axis,
    )


@of_class(SquaredHinge)
def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """See SquaredHinge.

    >>> losses.squared_hinge([[1.0]], [[0.5]]).tolist()
    [0.25]
    """
    return _values(SquaredHinge, y_true, y_pred)


@of_class(Tversky)
def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Axes = None
) -> Tensor:
    """See Tversky.

    >>> round(losses.tversky([[1.0, 0.0]], [[0.5, 0.5]], alpha=0.3, beta=0.7).item(), 4)
    0.5
    """
    return _values(Tversky, y_true, y_pred, alpha=alpha, beta=beta, axis=axis)
