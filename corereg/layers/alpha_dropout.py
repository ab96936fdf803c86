"""AlphaDropout (Klambauer, Unterthiner, Mayr, Hochreiter: Self-normalizing networks, 2017)."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.autograd.ops.layers import Dropout as DropoutOp
from corereg.autograd.ops.normalization import ALPHA, AlphaDropout as AlphaDropoutOp, alpha_scale
from corereg.autograd.tensor import apply
from corereg.layers.mask_layer import MaskLayer
from corereg.registry import register

Array = np.ndarray[Any, Any]


@register("layer")
class AlphaDropout(MaskLayer):
    """Dropout that keeps mean 0 and variance 1, for layers with selu: in training, each element is
    replaced by alpha' = -1.7581 with probability r = `rate`, and then all are scaled and shifted,

        y = a*x + b,  a = ((1-r) (1 + r*alpha'^2))^(-1/2),  b = -a*alpha'*r.

    Otherwise the input is passed on. rate in [0, 1]; noise_shape and seed as for Dropout. A rate
    of 1 raises ValueError in training, for nothing would be left to scale.

    >>> layers.AlphaDropout(0.5)(np.ones((2, 3)))  # outside of training
    Tensor([[1., 1., 1.],
            [1., 1., 1.]])
    """

    recordable = True

    def _draw(self, x: Tensor, key: int, counter: Array) -> Tensor:
        if self.rate == 1:
            raise ValueError(f"{self.who}: expected a rate below 1 in training, received 1.0")
        if self.noise_shape is None:
            return apply(AlphaDropoutOp(self.rate, key, counter), x)
        shape = self._mask_shape(x.shape)  # of a mask that is broadcast
        ones = Tensor(np.full(shape, 1 - self.rate, x.dtype))
        kept = apply(DropoutOp(self.rate, key, counter, False, ones.size), ones)
        a = alpha_scale(self.rate)
        return (x * kept + (1 - kept) * ALPHA) * a - a * ALPHA * self.rate
