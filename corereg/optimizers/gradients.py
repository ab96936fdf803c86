"""Gradients as users give them, checked."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd import Parameter, Tensor

Array = np.ndarray[Any, Any]


def checked_gradients(
    who: str, gradients: Sequence[Any], variables: Sequence[Parameter]
) -> list[Array | None]:
    """The gradients of variables as arrays of their dtype and shape, None where there is none. A
    warning names the variables without one; ValueError if that is all of them."""
    if len(gradients) != len(variables):
        raise ValueError(
            f"{who}: expected a gradient for each of {len(variables)} variables, received "
            f"{len(gradients)}"
        )
    found: list[Array | None] = []
    for variable, gradient in zip(variables, gradients, strict=True):
        values = gradient.data if isinstance(gradient, Tensor) else gradient
        array = None if values is None else np.asarray(values, variable.dtype)
        if array is not None and array.shape != variable.shape:
            raise ValueError(
                f"{who}: expected the gradient of {variable.name!r} of shape {variable.shape}, "
                f"received {array.shape}"
            )
        found.append(array)
    missing = [v.name for v, a in zip(variables, found, strict=True) if a is None]
    if len(missing) == len(found):
        raise ValueError(f"{who}: expected gradients, received None for every variable")
    if missing:
        message = f"{who}: no gradients for {', '.join(missing)}, which stay as they are"
        warnings.warn(message, stacklevel=3)
    return found
