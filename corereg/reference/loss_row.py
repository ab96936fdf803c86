"""What the losses share: the loss of each row, and the gradient of the rows' mean."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]


def per_row(loss_b: Array, dz_bn: Array, weight_b: Array | None) -> Pair:
    """Weights the rows, and turns the gradient of each row's loss into that of their mean."""
    if weight_b is not None:
        loss_b = loss_b * weight_b
        dz_bn = dz_bn * weight_b[:, None]
    return loss_b, dz_bn / max(len(loss_b), 1)


def per_row_of_terms(
    terms_bn: Array, slopes_bn: Array, weight_b: Array | None, sums: bool = False
) -> Pair:
    """(mean of the terms over each row, gradient of their mean), or their sum."""
    count = 1 if sums else max(terms_bn.shape[1], 1)
    return per_row(terms_bn.sum(axis=1) / count, slopes_bn / count, weight_b)
