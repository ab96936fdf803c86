"""The products of dense layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.reference.activations import activation_backward, activation_forward

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]


def dense_forward(x_bi: Array, w_io: Array, b_o: Array | None = None, act: str = "linear") -> Array:
    """act(x w + b)."""
    y_bo = x_bi @ w_io
    if b_o is not None:
        y_bo += b_o
    return activation_forward(y_bo, act, out=y_bo)


def pack_weights(w_io: Array) -> list[Pair]:
    """For each output, the inputs whose weights are not zero, in order, and these weights."""
    return [(np.flatnonzero(w_i), w_i[w_i != 0]) for w_i in w_io.T]


def sparse_forward(
    x_bi: Array, w_io: Array, b_o: Array | None = None, act: str = "linear"
) -> Array:
    """act(x w + b), by the weights that are not zero."""
    columns = [x_bi[:, index] @ weights for index, weights in pack_weights(w_io)]
    y_bo = np.stack(columns, axis=1)
    if b_o is not None:
        y_bo += b_o
    return activation_forward(y_bo, act, out=y_bo)


def dense_backward_input(
    dz_bo: Array, w_io: Array, y_bi: Array | None = None, act: str = "linear"
) -> Array:
    """dz w', taken through the activation that made the layer's input y, if y is given."""
    dx_bi = dz_bo @ w_io.T
    return dx_bi if y_bi is None else activation_backward(dx_bi, y_bi, act)


def dense_backward_weights(x_bi: Array, dz_bo: Array) -> Pair:
    """(x' dz, column sums of dz)."""
    return x_bi.T @ dz_bo, dz_bo.sum(axis=0)
