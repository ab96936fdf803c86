"""What becomes of the values of a loss: weights, and their sum or mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops, tensor

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)
MEANS = ("sum_over_batch_size", "mean")


def checked_reduction(who: str, reduction: str | None) -> str | None:
    """reduction, or ValueError if there is none of this name."""
    if (reduction is not None and not isinstance(reduction, str)) or reduction not in REDUCTIONS:
        expected = ", ".join(repr(one) for one in REDUCTIONS[:-1])
        raise ValueError(f"{who}: expected reduction {expected} or None, received {reduction!r}")
    return reduction


def checked_dtype(who: str, dtype: Any) -> str | None:
    """What a loss computes in, "float32" or "float64", or None for the dtype of its predictions.
    Keras's dtype policies count by their compute dtype, also as a file describes them."""
    if isinstance(dtype, dict):
        dtype = dtype.get("config", {}).get("name")  # of a policy in a file
    dtype = getattr(dtype, "compute_dtype", dtype)
    if dtype is None:
        return None
    try:
        name = str(np.dtype(dtype))
    except TypeError:
        name = str(dtype)
    if name not in ("float32", "float64"):
        raise ValueError(
            f"{who}: expected dtype 'float32', 'float64' or None (that of the predictions), "
            f"received {dtype!r}"
        )
    return name


def reduced(values: Tensor, reduction: str | None, sample_weight: Any = None) -> Tensor:
    """Values, which are weighted already, as the reduction wants them.

    "mean_with_sample_weight" divides by the sum of sample_weight as it was given, and gives 0 where
    that is 0; scalars and no values at all stay as they are.
    """
    if reduction in (None, "none") or not values.ndim:
        return values
    if reduction == "sum":
        return values.sum()
    if reduction == "mean_with_sample_weight" and sample_weight is not None:
        total = ops.sum(ops.astype(tensor(sample_weight, values), values.dtype))
        nothing = ops.equal(total, 0)
        return ops.where(nothing, 0, values.sum() / ops.where(nothing, 1, total))
    return values.mean()
