"""GaussianNoise and GaussianDropout: normal random numbers, added or multiplied."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.layers.random_layer import RandomLayer
from corereg.registry import register

Array = np.ndarray[Any, Any]


def _normal(x: Tensor, key: int, counter: Array, mean: float, stddev: float) -> Tensor:
    """Normal random numbers of x's shape."""
    return Tensor(_kernels.normal(np.empty(x.shape, x.dtype), key, counter, mean, stddev))


@register("layer")
class GaussianNoise(RandomLayer):
    """In training, adds to each element a number from the normal distribution of mean 0 and
    standard deviation `stddev`; otherwise passes its input on.

    stddev in [0, 1]; seed: fixes the sequence of numbers (by default drawn from the global seed).
    The numbers are the same for any number of threads, and on every machine. A stddev outside of
    [0, 1] or a seed that is no integer raises ValueError.

    >>> layer = layers.GaussianNoise(0.1, seed=1)
    >>> noise = layer(np.zeros(10000), training=True).numpy()
    >>> bool(abs(noise.std() - 0.1) < 0.01)
    True
    """

    recordable = supports_masking = _has_no_weights = True

    def __init__(self, stddev: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.stddev = self._checked_share(stddev, "stddev")

    @property
    def _is_silent(self) -> bool:  # type: ignore[override]
        return not self.stddev

    def _draw(self, x: Tensor, key: int, counter: Array) -> Tensor:
        return x + _normal(x, key, counter, 0.0, self.stddev)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev}


@register("layer")
class GaussianDropout(RandomLayer):
    """In training, multiplies each element by a number from the normal distribution of mean 1 and
    standard deviation sqrt(rate/(1-rate)) (Srivastava et al. 2014); otherwise passes its input on.

    rate in [0, 1], as for Dropout, whose noise has that deviation; seed as for GaussianNoise. A
    rate outside of [0, 1] raises ValueError, and so does a rate of 1 in training.

    >>> layer = layers.GaussianDropout(0.5, seed=1)
    >>> bool(abs(layer(np.ones(10000), training=True).numpy().mean() - 1) < 0.05)
    True
    """

    recordable = supports_masking = _has_no_weights = True
    _is_dropout = True

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(seed, **options)
        self.rate = self._checked_share(rate, "rate")

    @property
    def _is_silent(self) -> bool:  # type: ignore[override]
        return not self.rate

    def _draw(self, x: Tensor, key: int, counter: Array) -> Tensor:
        if self.rate == 1:
            raise ValueError(f"{self.who}: expected a rate below 1 in training, received 1.0")
        return x * _normal(x, key, counter, 1.0, (self.rate / (1 - self.rate)) ** 0.5)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate}
