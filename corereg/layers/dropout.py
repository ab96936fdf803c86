"""Dropout (Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014)."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.autograd.mode import state
from corereg.autograd.ops.layers import Dropout as DropoutOp, is_relu
from corereg.autograd.tensor import apply
from corereg.layers.mask_layer import MaskLayer
from corereg.registry import register

Array = np.ndarray[Any, Any]


@register("layer")
class Dropout(MaskLayer):
    """In training, zeroes each element with probability `rate` and scales the rest by 1/(1-rate);
    otherwise passes its input on.

    rate in [0, 1]; noise_shape: the shape of the mask, None for the input's own length, 1 where
    the mask is shared; seed: fixes the sequence of masks (by default drawn from the global seed).
    Masks depend on the seed and on how many were drawn before, not on threads or machine.
    A rate outside of [0, 1], a seed that is no integer, or a noise_shape that is not of positive
    integers and None raises ValueError, and so does an input that noise_shape does not fit.

    >>> layer = layers.Dropout(0.5, seed=1)
    >>> layer(np.ones((1, 4)))  # only training drops anything
    Tensor([[1., 1., 1., 1.]])
    >>> sorted(set(layer(np.ones(100), training=True).tolist()))
    [0.0, 2.0]
    """

    recordable = True

    def _draw(self, x: Tensor, key: int, counter: Array) -> Tensor:
        if self.noise_shape is None:
            needs_no_mask = not state.enabled or is_relu(x)
            return apply(DropoutOp(self.rate, key, counter, needs_no_mask, x.data.size), x)
        ones = Tensor(np.ones(self._mask_shape(x.shape), x.dtype))
        return x * apply(DropoutOp(self.rate, key, counter, False, ones.size), ones)
