"""Masking: steps that stand for nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import ops as keras_ops
from corereg.autograd import Tensor
from corereg.layers.base import Layer, Shape
from corereg.registry import register


@register("layer")
class Masking(Layer):
    """Masks the steps of which every feature is `mask_value`, and makes them 0. The layers behind
    leave such steps out, as far as they can: means, statistics, losses and metrics are over the
    others.

    mask_value: a number, or an array that broadcasts to the input. Input (batch, steps, features);
    output the same, with a mask (batch, steps), False for the steps that are left out; of inputs
    of any other rank likewise, over the last axis.

    >>> x = np.array([[[0.0, 0.0], [1.0, 3.0]]])
    >>> layers.GlobalAveragePooling1D()(layers.Masking()(x))
    Tensor([[1., 3.]])
    """

    recordable = True
    _takes_one_tensor = True
    _has_no_weights = True

    def __init__(self, mask_value: Any = 0.0, **options: Any) -> None:
        super().__init__(**options)
        value = np.asarray(mask_value)
        if value.dtype.kind not in "fiub":
            raise TypeError(f"{self.who}: expected mask_value as a number, received {mask_value!r}")
        self.mask_value = value.item() if not value.ndim else value.tolist()

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        kept = self._kept(x)
        out: Tensor = keras_ops.where(kept, x, 0.0)
        out._keras_mask = keras_ops.squeeze(kept, -1)
        return out

    def _kept(self, x: Any) -> Any:
        """Whether a step counts, for each: bools (batch, steps, 1)."""
        floats = str(x.dtype) in ("float32", "float64")
        value = np.asarray(self.mask_value, x.dtype if floats else self.dtype)
        return keras_ops.any(keras_ops.not_equal(x, value), axis=-1, keepdims=True)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Which steps have a feature that is not mask_value: bools, (batch, steps)."""
        x = inputs if hasattr(inputs, "dtype") else np.asarray(inputs)
        return keras_ops.squeeze(self._kept(x), -1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}
