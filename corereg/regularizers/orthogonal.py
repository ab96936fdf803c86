"""OrthogonalRegularizer: a penalty on the cosines between the rows or columns of a weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.registry import register
from corereg.regularizers.base import Regularizer, check_strength


@register("regularizer", "orthogonal", "orthogonal_regularizer")
class OrthogonalRegularizer(Regularizer):
    """factor * sum |offdiagonal(V V')| / (n (n-1)), V the n rows (or columns) of w normalised.

    Keras's `factor * 0.5 * sum / (n (n-1) / 2)`. w must be a matrix.

    >>> penalty = regularizers.OrthogonalRegularizer(0.1)
    >>> penalty(corereg.Tensor([[1.0, 0.0], [0.0, 1.0]])).item()
    0.0
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = check_strength("OrthogonalRegularizer", "factor", factor)
        if mode not in ("rows", "columns"):
            raise ValueError(
                f"OrthogonalRegularizer: expected mode 'rows' or 'columns', received {mode!r}"
            )
        self.mode = mode

    def __call__(self, x: Any) -> Tensor:
        w = x if isinstance(x, Tensor) else Tensor(x)
        if w.ndim != 2:
            raise ValueError(f"OrthogonalRegularizer: expected a matrix, received shape {w.shape}")
        w = w if self.mode == "rows" else w.T
        n = w.shape[0]
        if n < 2:
            return (w * 0.0).sum()
        v = w / ((w * w).sum(axis=1, keepdims=True) + 1e-30) ** 0.5
        off = (1 - np.eye(n)).astype(w.dtype)
        return ((v @ v.T).abs() * off).sum() * (self.factor / (n * (n - 1)))

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


orthogonal_regularizer = OrthogonalRegularizer
