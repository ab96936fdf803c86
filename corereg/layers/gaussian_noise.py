"""GaussianNoise and GaussianDropout: normal random numbers, added or multiplied."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.autograd.draws import count_draw
from corereg.layers.random_layer import RandomLayer
from corereg.registry import register


class _Gaussian(RandomLayer):
    """What both share."""

    def _draw(self, x: Tensor, mean: float, stddev: float) -> Tensor:
        """Normal random numbers of x's shape, others at each step."""
        drawn = _kernels.normal(np.empty(x.shape, x.dtype), self._key, self._drawn, mean, stddev)
        count_draw(self._drawn)
        return Tensor(drawn)


@register("layer")
class GaussianNoise(_Gaussian):
    """In training, adds to each element a number from the normal distribution of mean 0 and
    standard deviation `stddev`; otherwise passes its input on.

    stddev in [0, 1]; seed: fixes the sequence of numbers (by default drawn from the global seed).
    The numbers are the same for any number of threads, and on every machine. A stddev outside of
    [0, 1] or a seed that is no integer raises ValueError.
    """

    recordable = True

    def __init__(self, stddev: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.stddev = self._checked_share(stddev, "stddev")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or not self.stddev:
            return x
        return x + self._draw(x, 0.0, self.stddev)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev}


@register("layer")
class GaussianDropout(_Gaussian):
    """In training, multiplies each element by a number from the normal distribution of mean 1 and
    standard deviation sqrt(rate/(1-rate)) (Srivastava et al. 2014); otherwise passes its input on.

    rate in [0, 1], as for Dropout, whose noise has that deviation; seed as for GaussianNoise. A
    rate outside of [0, 1] raises ValueError, and so does a rate of 1 in training.
    """

    recordable = True

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.rate = self._checked_share(rate, "rate")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or not self.rate:
            return x
        if self.rate == 1:
            raise ValueError(f"{self.who}: expected a rate below 1 in training, received 1.0")
        return x * self._draw(x, 1.0, (self.rate / (1 - self.rate)) ** 0.5)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate}
