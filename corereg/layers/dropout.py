"""Dropout (Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.autograd.ops.layers import Dropout as DropoutOp, is_relu
from corereg.autograd.tensor import apply
from corereg.layers.base import Layer, Shape
from corereg.random import mix, next_seed
from corereg.registry import register

Array = np.ndarray[Any, Any]


@register("layer")
class Dropout(Layer):
    """In training, zeroes each element with probability `rate` and scales the rest by 1/(1-rate);
    otherwise passes its input on.

    rate in [0, 1]; noise_shape: the shape of the mask, None for the input's own length, 1 where
    the mask is shared; seed: fixes the sequence of masks (by default drawn from the global seed).
    Masks depend on the seed and on how many were drawn before, not on threads or machine.
    """

    recordable = True
    _takes_one_tensor = True

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        number = isinstance(rate, int | float | np.number) and not isinstance(rate, bool)
        if not number or not 0 <= rate <= 1:
            raise ValueError(f"{self.who}: expected a rate in [0, 1], received {rate!r}")
        if seed is not None and (isinstance(seed, bool) or not hasattr(seed, "__index__")):
            raise ValueError(f"{self.who}: expected an integer seed or None, received {seed!r}")
        self.rate = float(rate)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed
        self._key = next_seed() if seed is None else mix(int(seed))
        self._drawn = np.zeros((), np.int64)  # masks so far; the kernels read it

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or not self.rate:
            return x
        if self.noise_shape is None:
            op = DropoutOp(self.rate, self._key, self._drawn, is_relu(x), x.data.size)
            dropped = apply(op, x)
        else:
            ones = Tensor(np.ones(self._mask_shape(x), x.dtype))
            op = DropoutOp(self.rate, self._key, self._drawn, False, ones.size)
            dropped = x * apply(op, ones)
        _kernels.increment(self._drawn)
        return dropped

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def _mask_shape(self, x: Tensor) -> tuple[int, ...]:
        assert self.noise_shape is not None
        if len(self.noise_shape) != x.ndim:
            raise ValueError(
                f"{self.who}: expected an input with {len(self.noise_shape)} dimensions as "
                f"noise_shape {self.noise_shape}, received {x.shape}"
            )
        return tuple(n if m is None else m for n, m in zip(x.shape, self.noise_shape, strict=True))

    @property
    def random_state(self) -> Array:
        """The key of the masks and how many were drawn: two uint64."""
        return np.array([self._key, int(self._drawn)], np.uint64)

    @random_state.setter
    def random_state(self, value: Array) -> None:
        if value.shape != (2,) or value.dtype != np.uint64 or value[1] >= 2**63:
            raise ValueError(f"{self.who}: expected a key and a count, received {value!r}")
        self._key = int(value[0])
        self._drawn[...] = value[1]

    def get_config(self) -> dict[str, Any]:
        shape = None if self.noise_shape is None else list(self.noise_shape)
        return {**super().get_config(), "rate": self.rate, "noise_shape": shape, "seed": self.seed}
