"""Softmax as a layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import activations
from corereg._lazy import later
from corereg.autograd import Tensor, ops
from corereg.layers.activations.base import ActivationLayer
from corereg.registry import register

if TYPE_CHECKING:
    from corereg import ops as keras_ops
else:  # only masks need them
    keras_ops = later("corereg.ops")

HIDDEN = -1e9
"""What stands where a mask is False, so that nothing of it is left after the exponential."""


@register("layer")
class Softmax(ActivationLayer):
    """e**x / sum(e**x) along an axis, or several.

    axis: an integer, or a sequence of them for a sum over all of these; ValueError otherwise. mask,
    in a call `layer(x, mask=mask)` or that of x: of the shape of x, or one that broadcasts to it,
    else ValueError; where it is False, or a number of at most 0.5, the result is 0. Any input
    shape; the output has the same.

    >>> layers.Softmax()(np.array([[1.0, 1.0, 1.0, 1.0]]))
    Tensor([[0.25, 0.25, 0.25, 0.25]])
    """

    recordable = True

    def __init__(self, axis: int | Sequence[int] = -1, **options: Any) -> None:
        super().__init__(**options)
        several = isinstance(axis, list | tuple)
        for one in axis if several else (axis,):  # type: ignore[union-attr]
            if isinstance(one, bool) or not hasattr(one, "__index__"):
                raise ValueError(
                    f"{self.who}: expected an integer axis or several, received {axis!r}"
                )
        self.axis = tuple(map(int, axis)) if several else int(axis)  # type: ignore[arg-type]

    def call(self, x: Tensor, mask: Any = None) -> Tensor:
        if mask is not None:
            return self._masked(self.call, x, mask)  # type: ignore[no-any-return]
        if isinstance(self.axis, int):
            return activations.softmax(x, self.axis)
        if len(self.axis) == 1:
            return activations.softmax(x, self.axis[0])
        e = ops.exp(x - ops.max(x, self.axis, keepdims=True))
        return e / ops.sum(e, self.axis, keepdims=True)

    def _masked(self, softmax: Callable[[Any], Any], x: Any, mask: Any) -> Any:
        """What softmax gives of x, symbolic or not, without what a mask hides."""
        given = mask if hasattr(mask, "ndim") else np.asarray(mask)
        pairs = zip(given.shape[::-1], x.shape[::-1], strict=False)
        if given.ndim > x.ndim or any(m not in (1, n) for m, n in pairs if None not in (m, n)):
            raise ValueError(
                f"{self.who}: expected a mask that broadcasts to x of shape {x.shape}, received "
                f"one of shape {given.shape}"
            )
        kept = given if given.dtype == "bool" else keras_ops.greater(given, 0.5)
        return keras_ops.where(kept, softmax(keras_ops.where(kept, x, HIDDEN)), 0.0)

    def get_config(self) -> dict[str, Any]:
        axis = self.axis if isinstance(self.axis, int) else list(self.axis)
        return {**super().get_config(), "axis": axis}
