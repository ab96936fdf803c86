"""Cuts by magnitude: which of a model's weights are the least."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.pruning.freezing import cut
from corereg.pruning.kernels import Kernel, kernels_of

Array = np.ndarray[Any, Any]
SCOPES = ("global", "layer", "lamp", "rows")


def magnitude_prune(
    model: Any,
    sparsity: float,
    scope: str = "global",
    layers: Any = None,
    feature_scale: Any = None,
) -> Any:
    """Sets the smallest weights to 0.0 now, so that `sparsity` of them are zero, and freezes all
    zeros of these kernels, as `freeze_zeros` does. Returns `model.sparsity()`.

    sparsity: the share of zeros wanted, from 0 to 1, zeros that are there already counted; that
    number times the count of weights is rounded to a whole number. scope: where the smallest are
    looked for, by

        "global"    |w|, in all kernels together
        "layer"     |w|, in each kernel by itself
        "lamp"      w^2 / sum of the squares of the kernel's weights that are not smaller, in all
                    kernels together: no layer is cut off whole (Lee, Park, Mo, Ahn, Shin 2021:
                    Layer-adaptive sparsity for the magnitude-based pruning)
        "rows"      the norm of a row, whole rows of each kernel: inputs that the layer does not
                    look at any more. Without `layers`, of the first kernel alone, so that it
                    chooses features.

    layers: the layers, or their names, whose kernels count; None: all. feature_scale: with "rows",
    a number for each input that its norm is multiplied with, such as the standard deviation of the
    feature, where features are not of one scale. Biases are never cut. Of equal weights, the first
    are cut.

    ValueError for other values, and for a model that is not built or has no kernel; TypeError for a
    sparsity that is no number.

    >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(1)])
    >>> model.layers[0].set_weights([np.array([[1.0], [0.1], [-0.2], [2.0]]), np.zeros(1)])
    >>> pruning.magnitude_prune(model, 0.5).share
    0.5
    >>> model.layers[0].kernel.numpy().ravel()
    array([1., 0., 0., 2.], dtype=float32)
    """
    who = "magnitude_prune"
    check_share(who, "sparsity", sparsity)
    kernels = kernels_for(who, model, scope, layers, feature_scale)
    cut_smallest(model, kernels, float(sparsity), scope, feature_scale)
    return model.sparsity()


def check_share(who: str, name: str, value: Any) -> None:
    """TypeError or ValueError unless a value is a number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{who}: expected {name} as a number, received {value!r}")
    if not 0 <= value <= 1:
        raise ValueError(
            f"{who}: expected {name} from 0 to 1, received {value!r}; it is the share of zeros"
        )


def check_scope(who: str, scope: Any) -> None:
    """ValueError unless there is such a scope."""
    if scope not in SCOPES:
        known = ", ".join(map(repr, SCOPES))
        raise ValueError(f"{who}: expected scope as one of {known}, received {scope!r}")


def kernels_for(
    who: str, model: Any, scope: str, layers: Any, feature_scale: Any = None
) -> list[Kernel]:
    """The kernels that a scope is about; ValueError if the arguments do not fit each other."""
    check_scope(who, scope)
    found = kernels_of(who, model, layers)
    if scope == "rows":
        found = found[:1] if layers is None else found
    if feature_scale is None:
        return found
    scale = np.asarray(feature_scale)
    if scope != "rows":
        raise ValueError(f"{who}: expected feature_scale with scope 'rows', received {scope!r}")
    for kernel in found:
        inputs = kernel.weight.shape[0]
        if scale.shape != (inputs,) or scale.dtype.kind not in "fiu" or not (scale >= 0).all():
            raise ValueError(
                f"{who}: expected feature_scale as {inputs} numbers >= 0, for the inputs of "
                f"{kernel.weight.name!r}, received {scale.dtype} of shape {scale.shape}"
            )
    return found


def cut_smallest(
    model: Any, kernels: Sequence[Kernel], sparsity: float, scope: str, feature_scale: Any = None
) -> None:
    """Makes the share of zeros in these kernels as large as that, and freezes the zeros."""
    weights = [kernel.weight for kernel in kernels]
    with _kernels.shared_lock(model.weights).writing:
        keeps = kept([w.data for w in weights], sparsity, scope, feature_scale)
        cut(model.optimizer, weights, keeps)


def kept(
    arrays: Sequence[Array], sparsity: float, scope: str, feature_scale: Any = None
) -> list[Array]:
    """Of each array, where it is kept: neither cut nor zero already."""
    if scope == "rows":
        found = [_largest(_row_norms(a, feature_scale), sparsity) for a in arrays]
        keeps = [
            np.broadcast_to(rows.reshape(-1, *(1,) * (a.ndim - 1)), a.shape)
            for a, rows in zip(arrays, found, strict=True)
        ]
    elif scope == "layer":
        keeps = [_largest(np.abs(a), sparsity) for a in arrays]
    else:
        score = _lamp if scope == "lamp" else np.abs
        flat = np.concatenate([score(a).reshape(-1) for a in arrays])
        ends = np.cumsum([a.size for a in arrays])[:-1]
        parts = np.split(_largest(flat, sparsity), ends)
        keeps = [part.reshape(a.shape) for part, a in zip(parts, arrays, strict=True)]
    return [keep & (a != 0) for keep, a in zip(keeps, arrays, strict=True)]


def _largest(scores: Array, sparsity: float) -> Array:
    """False for the share `sparsity` of the smallest scores, the first of equal ones."""
    keep = np.ones(scores.size, bool)
    keep[np.argsort(scores, axis=None, kind="stable")[: round(sparsity * scores.size)]] = False
    return keep.reshape(scores.shape)


def _row_norms(array: Array, feature_scale: Any) -> Array:
    norms = np.sqrt(np.square(array.reshape(len(array), -1), dtype=np.float64).sum(axis=1))
    scaled: Array = norms if feature_scale is None else norms * np.asarray(feature_scale, float)
    return scaled


def _lamp(array: Array) -> Array:
    """The score of each weight: its square by the sum of the squares from it on, in order of
    size."""
    squares = np.square(array, dtype=np.float64).reshape(-1)
    order = np.argsort(squares, kind="stable")
    rising = squares[order]
    left = np.cumsum(rising[::-1])[::-1]
    scores = np.empty_like(squares)
    scores[order] = np.divide(rising, left, out=np.zeros_like(rising), where=left > 0)
    return scores.reshape(array.shape)
