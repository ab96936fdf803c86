"""Dropout (Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014)."""

from __future__ import annotations

import numpy as np

from corereg.autograd import Tensor
from corereg.autograd.draws import count_draw
from corereg.autograd.ops.layers import Dropout as DropoutOp, is_relu
from corereg.autograd.tensor import apply
from corereg.layers.mask_layer import MaskLayer
from corereg.registry import register


@register("layer")
class Dropout(MaskLayer):
    """In training, zeroes each element with probability `rate` and scales the rest by 1/(1-rate);
    otherwise passes its input on.

    rate in [0, 1]; noise_shape: the shape of the mask, None for the input's own length, 1 where
    the mask is shared; seed: fixes the sequence of masks (by default drawn from the global seed).
    Masks depend on the seed and on how many were drawn before, not on threads or machine.
    A rate outside of [0, 1], a seed that is no integer, or a noise_shape that is not of positive
    integers and None raises ValueError, and so does an input that noise_shape does not fit.
    """

    recordable = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or not self.rate:
            return x
        if self.noise_shape is None:
            op = DropoutOp(self.rate, self._key, self._drawn, is_relu(x), x.data.size)
            dropped = apply(op, x)
        else:
            ones = Tensor(np.ones(self._mask_shape(x.shape), x.dtype))
            op = DropoutOp(self.rate, self._key, self._drawn, False, ones.size)
            dropped = x * apply(op, ones)
        count_draw(self._drawn)
        return dropped
